"""Keeps the ground truth while a store is simulated. Memory grows with the people seen: about 1 kB each."""

from collections import Counter
from collections.abc import Iterable, Sequence

from simulators.core.geometry import Point, contains, crossing, crossing_share
from simulators.core.identities import true_identities
from simulators.core.layout import Kiosk, Till
from simulators.core.lines import ReceiptLine, ScanLine
from simulators.core.member_base import MemberBase
from simulators.core.members import Member
from simulators.core.people import Person
from simulators.core.scenario import Scenario
from simulators.core.totals import totals_of
from simulators.core.touch_ledger import TouchLedger
from simulators.core.truth import (
    RIVAL_WINDOW_MS,
    Direction,
    TrueCrossing,
    TruePerson,
    TruePresence,
    TrueStay,
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
        self.tracks: dict[tuple[str, str, int], TrueTrack] = {}

    def stays_at(self, now_ms: int | None) -> tuple[TrueStay, ...]:
        open_stays = (TrueStay(zone_id=z, entered_ms=t, left_ms=now_ms) for z, t in self.open_stays.items())
        return (*self.stays, *open_stays)

    def was_in(self, zone_id: str, from_ms: int, to_ms: int) -> bool:
        """Whether the person was in a zone at any time from `from_ms` to `to_ms`."""
        if self.first_seen_ms > to_ms or (self.last_seen_ms is not None and self.last_seen_ms < from_ms):
            return False
        return any(
            stay.zone_id == zone_id and stay.entered_ms <= to_ms and (stay.left_ms is None or stay.left_ms >= from_ms)
            for stay in self.stays_at(None)
        )

    def first(self, kind: str, direction: Direction) -> int | None:
        times = (c.t_ms for c in self.crossings if c.tripwire_kind == kind and c.direction == direction)
        return next(times, None)

    def presences(self) -> tuple[TruePresence, ...]:
        entered_ms, left_ms = self.first("entrance", "in"), self.first("entrance", "out")
        if entered_ms is None:
            return ()
        left_by = None if left_ms is None else "front"
        return (TruePresence(entered_ms=entered_ms, left_ms=left_ms, entered_by="front", left_by=left_by),)

    def truth(self) -> TruePerson:
        return TruePerson(
            person_id=self.person.person_id,
            role=self.person.role,
            age="adult",
            party_id=self.person.party_id,
            purpose=self.purpose,
            member_id=self.member.member_id if self.member else None,
            first_seen_ms=self.first_seen_ms,
            last_seen_ms=self.last_seen_ms,
            entered_ms=self.first("entrance", "in"),
            left_ms=self.first("entrance", "out"),
            presences=self.presences(),
            crossings=tuple(self.crossings),
            stays=self.stays_at(None),
            waits=(),
            tracks=tuple(self.tracks.values()),
        )


class Recorder:
    """Watches every step of a store and tells the truth about it.

    Args:
        scenario: The store.
        members: Whose the identifiers are that people show.
        seed: For the truth's header.
        start_ms: When the store was first watched.
    """

    def __init__(self, scenario: Scenario, members: MemberBase, seed: int, start_ms: int) -> None:
        self._members = members
        self._scenario, self._seed, self._start_ms = scenario, seed, start_ms
        self._records: dict[str, _Record] = {}
        self._touches = TouchLedger()
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

    def track(self, person_id: str, track: TrueTrack) -> None:
        """A camera knew a person under a track id. Told again while that lasts, always with the same beginning."""
        self._records[person_id].tracks[track.camera_id, track.track_id, track.from_ms] = track

    def touch(
        self, device: Kiosk | Till, line: ScanLine | ReceiptLine, person: Person, now_ms: int, people: Iterable[Person]
    ) -> None:
        """A person scanned a code or got a receipt while `people` were in sight."""
        if isinstance(line, ReceiptLine):
            self._revenue_minor += line.total_minor
        member = self._members.owner(line.member, now_ms)
        self._touches.add(device, line, person, member, now_ms, people)

    def truth(self, now_ms: int) -> Truth:
        """Return the truth up to now."""

        def who_was_in(zone_id: str, from_ms: int, to_ms: int) -> list[Person]:
            return [record.person for record in self._records.values() if record.was_in(zone_id, from_ms, to_ms)]

        people = tuple(record.truth() for record in self._records.values())
        party_sizes = Counter(record.person.party_id for record in self._records.values())
        touches = self._touches.truth(now_ms, who_was_in, party_sizes)
        return Truth(
            scenario=self._scenario.name,
            seed=self._seed,
            start_ms=self._start_ms,
            until_ms=now_ms,
            tick_hz=self._scenario.tick_hz,
            rival_window_ms=RIVAL_WINDOW_MS,
            currency=self._scenario.currency,
            totals=totals_of(self._scenario.tripwires, people, touches, self._revenue_minor),
            people=people,
            touches=touches,
            identities=true_identities(self._members, now_ms),
        )
