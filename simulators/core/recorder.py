"""Keeps the ground truth while a store is simulated. Memory grows with the people seen: about 1 kB each."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from simulators.core.geometry import Point, contains, crossing, crossing_share
from simulators.core.lines import ReceiptLine, ScanLine
from simulators.core.members import Member
from simulators.core.people import Person
from simulators.core.scenario import Scenario
from simulators.core.truth import (
    RIVAL_WINDOW_MS,
    Direction,
    Expected,
    Totals,
    TouchKind,
    TripwireTotal,
    TrueCrossing,
    TruePerson,
    TrueStay,
    TrueTouch,
    TrueTrack,
    Truth,
)


class _Record:
    """What is known of one person so far."""

    def __init__(self, person: Person, purpose: str | None, member: Member | None, now_ms: int) -> None:
        self.person = person
        self.purpose = purpose
        self.member = member
        self.first_seen_ms = now_ms
        self.last_seen_ms: int | None = None
        self.crossings: list[TrueCrossing] = []
        self.stays: list[TrueStay] = []
        self.open_stays: dict[str, int] = {}
        self.tracks: list[TrueTrack] = []

    def stays_at(self, now_ms: int | None) -> tuple[TrueStay, ...]:
        open_stays = (TrueStay(zone_id=z, entered_ms=t, left_ms=now_ms) for z, t in self.open_stays.items())
        return (*self.stays, *open_stays)

    def was_seen(self, from_ms: int, to_ms: int) -> bool:
        return self.first_seen_ms <= to_ms and (self.last_seen_ms is None or self.last_seen_ms >= from_ms)

    def first(self, kind: str, direction: Direction) -> int | None:
        times = (c.t_ms for c in self.crossings if c.tripwire_kind == kind and c.direction == direction)
        return next(times, None)

    def truth(self) -> TruePerson:
        return TruePerson(
            person_id=self.person.person_id,
            role=self.person.role,
            party_id=self.person.party_id,
            purpose=self.purpose,
            member_id=self.member.member_id if self.member else None,
            first_seen_ms=self.first_seen_ms,
            last_seen_ms=self.last_seen_ms,
            entered_ms=self.first("entrance", "in"),
            left_ms=self.first("entrance", "out"),
            crossings=tuple(self.crossings),
            stays=self.stays_at(None),
            tracks=tuple(self.tracks),
        )


class _Touch(Struct, frozen=True):
    """A touch as it was made; who else could have made it is found out later."""

    truth: TrueTouch
    member: Member | None


class Recorder:
    """Watches every step of a store and tells the truth about it.

    Args:
        scenario: The store.
        seed: For the truth's header.
        start_ms: When the store was first watched.
    """

    def __init__(self, scenario: Scenario, seed: int, start_ms: int) -> None:
        self._scenario, self._seed, self._start_ms = scenario, seed, start_ms
        self._records: dict[str, _Record] = {}
        self._touches: list[_Touch] = []
        self._is_settled = 0  # Touches before this one have all their rivals.
        self._lines_of: Counter[str] = Counter()
        self._revenue_minor = 0

    def appear(self, person: Person, purpose: str | None, member: Member | None, now_ms: int) -> None:
        """A person came into sight."""
        record = _Record(person, purpose, member, now_ms)
        self._records[person.person_id] = record
        self._update_stays(record, now_ms)

    def vanish(self, person: Person, now_ms: int) -> None:
        """A person went out of sight."""
        record = self._records[person.person_id]
        record.stays = list(record.stays_at(now_ms))
        record.open_stays = {}
        record.last_seen_ms = now_ms

    def move(
        self, person: Person, before: Point, reached: Sequence[tuple[Point, float]], tick: tuple[int, int]
    ) -> None:
        """A person walked from `before` along `reached` (points and seconds) during the tick from and to these ms."""
        record = self._records[person.person_id]
        from_s = 0.0
        for point, to_s in reached:
            for wire in self._scenario.tripwires:
                if turn := crossing(wire.points, before, point):
                    after_s = from_s + crossing_share(wire.points, before, point) * (to_s - from_s)
                    record.crossings.append(
                        TrueCrossing(
                            tripwire_id=wire.id,
                            tripwire_kind=wire.kind,
                            direction="in" if turn > 0 else "out",
                            t_ms=tick[0] + round(after_s * 1000),
                        )
                    )
            before, from_s = point, to_s
        self._update_stays(record, tick[1])

    def _update_stays(self, record: _Record, now_ms: int) -> None:
        for zone in self._scenario.zones:
            is_in = contains(zone.polygon, record.person.position)
            if is_in and zone.id not in record.open_stays:
                record.open_stays[zone.id] = now_ms
            elif not is_in and zone.id in record.open_stays:
                entered_ms = record.open_stays.pop(zone.id)
                record.stays.append(TrueStay(zone_id=zone.id, entered_ms=entered_ms, left_ms=now_ms))

    def track(self, person_id: str, camera_id: str, track_id: str) -> None:
        """A camera began to know a person under a track id."""
        self._records[person_id].tracks.append(TrueTrack(camera_id=camera_id, track_id=track_id))

    def scan(self, device_id: str, zone_id: str, line: ScanLine, person: Person, member: Member | None) -> None:
        """A person scanned a code."""
        self._touch(device_id, zone_id, "scan", (line.t_ms, None), person, member)

    def receipt(self, device_id: str, zone_id: str, line: ReceiptLine, person: Person, member: Member | None) -> None:
        """A person got a receipt."""
        self._revenue_minor += line.total_minor
        self._touch(device_id, zone_id, line.kind, (line.t_ms, line.receipt_id), person, member)

    def _touch(
        self,
        device_id: str,
        zone_id: str,
        kind: TouchKind,
        when_and_receipt: tuple[int, str | None],
        person: Person,
        member: Member | None,
    ) -> None:
        t_ms, receipt_id = when_and_receipt
        truth = TrueTouch(
            device_id=device_id,
            kind=kind,
            line_index=self._lines_of[device_id],
            t_ms=t_ms,
            zone_id=zone_id,
            receipt_id=receipt_id,
            person_id=person.person_id,
            party_id=person.party_id,
            member_id=member.member_id if member else None,
            could_be=(),
            one_party=True,
            expected="no_member",
        )
        self._lines_of[device_id] += 1
        self._touches.append(_Touch(truth, member))

    def truth(self, now_ms: int) -> Truth:
        """Return the truth up to now."""
        self._settle(now_ms)
        touches = tuple(touch.truth for touch in self._touches)
        return Truth(
            scenario=self._scenario.name,
            seed=self._seed,
            start_ms=self._start_ms,
            until_ms=now_ms,
            tick_hz=self._scenario.tick_hz,
            rival_window_ms=RIVAL_WINDOW_MS,
            currency=self._scenario.currency,
            totals=self._totals(touches),
            people=tuple(record.truth() for record in self._records.values()),
            touches=touches,
        )

    def _settle(self, now_ms: int) -> None:
        """Find the rivals of every touch whose window is not yet behind the last look."""
        for index in range(self._is_settled, len(self._touches)):
            touch = self._touches[index]
            self._touches[index] = replace(touch, truth=self._with_rivals(touch, now_ms))
        while (
            self._is_settled < len(self._touches)
            and self._touches[self._is_settled].truth.t_ms + RIVAL_WINDOW_MS <= now_ms
        ):
            self._is_settled += 1

    def _with_rivals(self, touch: _Touch, now_ms: int) -> TrueTouch:
        truth = touch.truth
        from_ms, to_ms = truth.t_ms - RIVAL_WINDOW_MS, truth.t_ms + RIVAL_WINDOW_MS
        could_be = [
            record.person
            for record in self._records.values()
            if record.was_seen(from_ms, to_ms)
            and any(
                stay.zone_id == truth.zone_id
                and stay.entered_ms <= to_ms
                and (stay.left_ms is None or stay.left_ms >= from_ms)
                for stay in record.stays_at(now_ms)
            )
        ]
        is_alone = [person.person_id for person in could_be] == [truth.person_id]
        return replace(
            truth,
            could_be=tuple(person.person_id for person in could_be),
            one_party=len({person.party_id for person in could_be}) <= 1,
            expected=_expected(touch.member, is_alone=is_alone),
        )

    def _totals(self, touches: Sequence[TrueTouch]) -> Totals:
        crossings = Counter((c.tripwire_id, c.direction) for record in self._records.values() for c in record.crossings)
        kinds = Counter(touch.kind for touch in touches)
        expected = Counter(touch.expected for touch in touches)
        alone = sum(touch.could_be == (touch.person_id,) for touch in touches)
        parties: defaultdict[str, int] = defaultdict(int)
        entered = left = 0
        for record in self._records.values():
            has_entered = record.first("entrance", "in") is not None
            entered += has_entered
            left += record.first("entrance", "out") is not None
            parties[record.person.party_id] += has_entered
        return Totals(
            tripwires=tuple(
                TripwireTotal(
                    tripwire_id=wire.id,
                    tripwire_kind=wire.kind,
                    crossed_in=crossings[wire.id, "in"],
                    crossed_out=crossings[wire.id, "out"],
                )
                for wire in self._scenario.tripwires
            ),
            entered=entered,
            left=left,
            inside=entered - left,
            parties=sum(people > 0 for people in parties.values()),
            passers_by=sum(record.person.role == "passer_by" for record in self._records.values()),
            scans=kinds["scan"],
            sales=kinds["sale"],
            voids=kinds["void"],
            refunds=kinds["refund"],
            revenue_minor=self._revenue_minor,
            touches_alone=alone,
            touches_with_rivals=len(touches) - alone,
            expected_links=expected["link"],
            expected_abstentions=expected["abstain"],
        )


def _expected(member: Member | None, *, is_alone: bool) -> Expected:
    if member is None:
        return "no_member"
    if not member.visit_linking_consent:
        return "no_consent"
    return "link" if is_alone else "abstain"
