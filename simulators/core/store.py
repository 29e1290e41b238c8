"""A store that goes on by one tick at each step, and what its devices put out. The same seed gives the same bytes."""

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from simulators.core.arrivals import Arrival, arrivals
from simulators.core.check import check_scenario
from simulators.core.clocks import device_clocks
from simulators.core.floor import Buyer, Floor
from simulators.core.home_scans import HomeScans
from simulators.core.item_codes import Item
from simulators.core.item_ledger import HOME, ItemLedger
from simulators.core.layout import StaffMember
from simulators.core.lines import FeedLine, ReceiptLine, ScanLine
from simulators.core.member_base import MemberBase
from simulators.core.members import Member, MemberRecord
from simulators.core.outages import OutageBoard, outages
from simulators.core.people import Person
from simulators.core.places import pavement_walk
from simulators.core.plans import draw_plan
from simulators.core.recorder import Recorder
from simulators.core.scenario import Scenario
from simulators.core.sensing import CameraViews
from simulators.core.service import KioskDesk, TillDesk
from simulators.core.trips import Ticks, Trip
from simulators.core.truth import Truth

_STAFF_STREAM = 5
_STAFF_PACE_MPS = 0.9
_AT_POST_S = (20.0, 90.0)


class Output(Struct, frozen=True):
    """A line that one device puts out."""

    device_id: str
    line: FeedLine


class Store:
    """One simulated store.

    Attributes:
        home_scans: What was scanned at home during the last tick, in order; no device of the store knows of it.

    Args:
        scenario: The store.
        seed: What everything random is drawn from.
        start_ms: Store time at which it begins to be watched: nobody but staff is inside. Unix milliseconds UTC.

    Raises:
        ScenarioError: The scenario cannot be simulated.
    """

    def __init__(self, scenario: Scenario, seed: int, start_ms: int) -> None:
        self._scenario, self._seed, self._start_ms = scenario, seed, start_ms
        self._member_base = MemberBase(scenario.members, seed)
        self._recorder = Recorder(scenario, self._member_base, seed, start_ms)
        self._items, self._at_home = ItemLedger(), HomeScans(scenario, self._member_base, seed)
        self.home_scans: list[ScanLine] = []
        clocks = device_clocks(scenario, start_ms)
        self._floor = Floor(
            scenario, check_scenario(scenario), clocks, self._appear, self._vanish, self._on_scan, self._on_receipt
        )
        tell_time = {device_id: clock.tell for device_id, clock in clocks.items()}
        self._cameras = CameraViews(scenario, seed, tell_time, self._recorder.track)
        self._outages = OutageBoard(outages(scenario, seed, start_ms))
        self.now_ms = start_ms
        self._ticks = 0
        self._people_seen = 0
        self._arrivals = arrivals(scenario, seed, start_ms)
        self._next_arrival = next(self._arrivals)
        self._processes: list[tuple[Ticks, Member | None]] = []
        self._outputs: list[Output] = []
        self._floor.now_ms = start_ms
        for index, staff in enumerate(scenario.staff):
            self._processes.append((self._work(staff, index), None))

    @property
    def people(self) -> Sequence[Person]:
        """Everyone who is in sight now: shoppers, staff, passers-by."""
        return self._floor.people

    @property
    def members(self) -> tuple[MemberRecord, ...]:
        """What the member base holds now."""
        return self._member_base.records(self.now_ms)

    @property
    def members_change_ms(self) -> int | None:
        """When the member base changes next, None if never."""
        return self._member_base.next_change_ms(self.now_ms)

    def truth(self) -> Truth:
        """Return what really happened up to now."""
        self._cameras.tell()
        truth = self._recorder.truth(self.now_ms)
        return replace(
            truth,
            false_tracks=self._cameras.false_tracks,
            outages=self._outages.truth(self.now_ms),
            code_scans=self._items.scans(),
            sold_items=self._items.sales(),
        )

    def step(self) -> list[Output]:
        """Go on by one tick. Return the lines that devices put out, in order."""
        before_ms = self.now_ms
        self._ticks += 1
        self.now_ms = self._start_ms + round(self._ticks * 1000 / self._scenario.tick_hz)
        self._outputs = []
        for person in self._floor.people:
            stood_at = person.position
            if reached := person.advance((self.now_ms - before_ms) / 1000):
                self._recorder.move(person, stood_at, reached, (before_ms, self.now_ms))
        self._floor.now_ms = self.now_ms
        self._scan_at_home()
        self._let_in()
        self._processes = [process for process in self._processes if next(process[0], _DONE) is not _DONE]
        self._outages.advance(self.now_ms)
        lines = self._cameras.look(self._floor.people, self.now_ms, self._outages.down("camera"))
        self._outputs += [Output(camera_id, line) for camera_id, line in lines]
        return self._outputs

    def _let_in(self) -> None:
        while self._next_arrival.t_ms <= self.now_ms:
            arrival, self._next_arrival = self._next_arrival, next(self._arrivals)
            rng = arrival.random(self._seed)
            if arrival.kind == "passer_by":
                self._processes.append((self._pass_by(rng), None))
            else:
                self._processes.append(self._party(arrival, rng))

    def _party(self, arrival: Arrival, rng: np.random.Generator) -> tuple[Ticks, Member | None]:
        present = {member.member_id for _, member in self._processes if member is not None}
        plan = draw_plan(self._scenario, lambda rng: self._member_base.pick(rng, present), arrival.t_ms, rng)
        party_id = f"party-{arrival.hour}-{arrival.ordinal}"
        trip = Trip(self._floor, plan, party_id, self._people_seen + 1, rng)
        self._people_seen += plan.size
        return trip.run(), plan.member

    def _pass_by(self, rng: np.random.Generator) -> Iterator[None]:
        self._people_seen += 1
        start, end = pavement_walk(self._scenario.pavements[0], rng)
        pace_mps = float(rng.uniform(*self._scenario.behaviour.walking_mps))
        name = f"b{self._people_seen:06d}"
        person = Person(name, "passer_by", name, start, pace_mps)
        self._floor.appear(person)
        person.go([end])
        while person.is_walking:
            yield
        self._floor.vanish(person)

    def _work(self, staff: StaffMember, index: int) -> Iterator[None]:
        rng = np.random.default_rng([self._seed, _STAFF_STREAM, index])
        person = Person(staff.id, "staff", staff.id, staff.posts[0], _STAFF_PACE_MPS)
        self._floor.appear(person)
        while True:
            for _ in range(round(float(rng.uniform(*_AT_POST_S)) * self._scenario.tick_hz)):
                yield
            post = staff.posts[int(rng.integers(len(staff.posts)))]
            person.go(self._floor.navigator.walk(person.position, post))
            while person.is_walking:
                yield

    def _appear(self, person: Person, purpose: str | None, member: Member | None) -> None:
        self._recorder.appear(person, purpose, member, self.now_ms)

    def _vanish(self, person: Person) -> None:
        self._recorder.vanish(person, self.now_ms)

    def _on_scan(self, desk: KioskDesk, line: ScanLine, person: Person, item: Item) -> None:
        self._outputs.append(Output(desk.kiosk.id, line))
        self._recorder.touch(desk.kiosk, line, person, self.now_ms, self._floor.people)
        member = self._member_base.owner(line.member, self.now_ms)
        self._items.scanned(line, item, desk.kiosk.id, self.now_ms, member)

    def _on_receipt(self, desk: TillDesk, line: ReceiptLine, buyer: Buyer, items: Sequence[Item]) -> None:
        self._outputs.append(Output(desk.till.id, line))
        self._recorder.touch(desk.till, line, buyer.person, self.now_ms, self._floor.people)
        self._items.receipt(line, items, self.now_ms)
        self._at_home.receipt(line, items, buyer.member, self.now_ms)

    def _scan_at_home(self) -> None:
        self.home_scans = []
        for scan in self._at_home.due(self.now_ms):
            self.home_scans.append(scan.line)
            self._items.scanned(scan.line, scan.item, HOME, scan.line.t_ms, scan.member)


_DONE = object()
