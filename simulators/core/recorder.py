"""Keeps the ground truth while a store is simulated. Memory grows with the people seen: about 1 kB each."""

from collections import Counter
from collections.abc import Iterable, Sequence

from simulators.core.area_index import AreaIndex
from simulators.core.door_lines import door_lines
from simulators.core.geometry import Point, crossing, crossing_share
from simulators.core.identities import true_identities
from simulators.core.layout import Kiosk, Till, Tripwire
from simulators.core.lines import ReceiptLine, ScanLine
from simulators.core.member_base import MemberBase
from simulators.core.members import Member
from simulators.core.people import Person
from simulators.core.person_record import PersonRecord
from simulators.core.scenario import Scenario
from simulators.core.totals import totals_of
from simulators.core.touch_ledger import TouchLedger
from simulators.core.truth import RIVAL_WINDOW_MS, Direction, TrueTrack, Truth, WaitEnd
from simulators.core.zone_log import ZoneLog


class _Box:
    """The rectangle round some points."""

    def __init__(self, points: Sequence[Point]) -> None:
        xs, ys = zip(*points, strict=True)
        self.left, self.right, self.top, self.bottom = min(xs), max(xs), min(ys), max(ys)

    def is_near(self, a: Point, b: Point) -> bool:
        """Return whether a step from `a` to `b` may cross a line between two of the points."""
        return not (
            (a[0] < self.left and b[0] < self.left)
            or (a[0] > self.right and b[0] > self.right)
            or (a[1] < self.top and b[1] < self.top)
            or (a[1] > self.bottom and b[1] > self.bottom)
        )


class _Line:
    """A tripwire, and the door that it belongs to."""

    def __init__(self, wire: Tripwire, door_id: str | None) -> None:
        self.wire, self.door_id, self.box = wire, door_id, _Box(wire.points)


def _lines(scenario: Scenario) -> list[_Line]:
    """Return all tripwires, and a line across each door that has none."""
    doors = door_lines(scenario)
    door_of = {wire.id: door_id for door_id, line in doors.items() for wire in line.tripwires}
    lines = [_Line(wire, door_of.get(wire.id)) for wire in scenario.tripwires]
    bare = [_Line(wire, door_id) for door_id, line in doors.items() for wire in line.tripwires if not wire.id]
    return [*lines, *bare]


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
        self._records: dict[str, PersonRecord] = {}
        self._lines = _lines(scenario)
        self._all_lines = _Box([point for line in self._lines for point in line.wire.points])
        self._index = AreaIndex({zone.id: zone.polygon for zone in scenario.zones})
        self._zones = {zone.id: ZoneLog() for zone in scenario.zones}
        self._touches = TouchLedger()
        self._revenue_minor = 0

    def appear(self, person: Person, purpose: str | None, member: Member | None, now_ms: int) -> None:
        """A person came into sight, perhaps not for the first time."""
        record = self._records.get(person.person_id)
        if record is None:
            record = self._records[person.person_id] = PersonRecord(person, purpose, member, now_ms)
        record.come_back()
        self._update_stays(record, self._index.areas_at(person.position), now_ms)

    def vanish(self, person: Person, now_ms: int) -> None:
        """A person went out of sight."""
        record = self._records[person.person_id]
        self._update_stays(record, (), now_ms)
        record.vanish(now_ms)

    def move(
        self, person: Person, before: Point, reached: Sequence[tuple[Point, float]], tick: tuple[int, int]
    ) -> None:
        """A person walked from `before` along `reached` (points and seconds) during the tick from and to these ms."""
        record = self._records[person.person_id]
        from_s = 0.0
        for point, to_s in reached:
            if self._all_lines.is_near(before, point):
                for line in self._lines:
                    if line.box.is_near(before, point) and (turn := crossing(line.wire.points, before, point)):
                        after_s = from_s + crossing_share(line.wire.points, before, point) * (to_s - from_s)
                        self._cross(record, line, turn, tick[0] + round(after_s * 1000))
            before, from_s = point, to_s
        zones = self._index.areas_at(person.position)
        if zones != record.zones:
            self._update_stays(record, zones, tick[1])

    @staticmethod
    def _cross(record: PersonRecord, line: _Line, turn: int, t_ms: int) -> None:
        direction: Direction = "in" if turn > 0 else "out"
        if line.wire.id:
            record.cross(line.wire, direction, t_ms)
        if line.door_id is not None:
            record.pass_door(line.door_id, direction, t_ms)

    def _update_stays(self, record: PersonRecord, zones: tuple[str, ...], now_ms: int) -> None:
        for zone_id in zones:
            if zone_id not in record.zones:
                self._zones[zone_id].enter(record.person, now_ms)
                record.enter_zone(zone_id, now_ms)
        for zone_id in record.zones:
            if zone_id not in zones:
                self._zones[zone_id].leave(record.person, now_ms)
                record.leave_zone(zone_id, now_ms)
        record.zones = zones

    def join_line(self, people: Iterable[Person], till: Till, now_ms: int) -> None:
        """Some people stand in line at a till."""
        for person in people:
            self._records[person.person_id].join_line(till, now_ms)

    def leave_line(self, people: Iterable[Person], end: WaitEnd, now_ms: int) -> None:
        """It is their turn, or they have lost patience."""
        for person in people:
            self._records[person.person_id].leave_line(end, now_ms)

    def track(self, person_id: str, track: TrueTrack) -> None:
        """A camera knew a person under a track id. Told again while that lasts, always with the same beginning."""
        self._records[person_id].see(track)

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
            return self._zones[zone_id].who_was_in(from_ms, to_ms)

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
