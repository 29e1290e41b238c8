"""A store that goes on by one tick at each step, and what its devices put out. The same seed gives the same bytes."""

from collections.abc import Sequence
from itertools import starmap

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from simulators.core.behaviour.process import Agenda
from simulators.core.behaviour.visitors import Visitors
from simulators.core.behaviour.workers import work
from simulators.core.check import check_scenario
from simulators.core.clocks import device_clocks
from simulators.core.floor import Buyer, Floor, FloorEvents
from simulators.core.home_scans import HomeScans
from simulators.core.item_codes import Item
from simulators.core.item_ledger import HOME, ItemLedger
from simulators.core.layout import Till
from simulators.core.lines import FeedLine, ReceiptLine, ScanLine
from simulators.core.member_base import MemberBase
from simulators.core.members import Member, MemberRecord
from simulators.core.outages import OutageBoard, outages
from simulators.core.paths import PathLog, TruePath
from simulators.core.people import Person
from simulators.core.recorder import Recorder
from simulators.core.scenario import Scenario
from simulators.core.sensing import CameraViews
from simulators.core.service import KioskDesk, TillDesk
from simulators.core.truth import Truth, WaitEnd

_STAFF_STREAM = 5


class Output(Struct, frozen=True, gc=False):
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
        keep_paths: Whether to keep where everyone is, second by second, for `paths`.

    Raises:
        ScenarioError: The scenario cannot be simulated.
    """

    def __init__(self, scenario: Scenario, seed: int, start_ms: int, *, keep_paths: bool = False) -> None:
        self._scenario, self._seed, self._start_ms = scenario, seed, start_ms
        self._member_base = MemberBase(scenario.members, seed)
        self._recorder = Recorder(scenario, self._member_base, seed, start_ms)
        self._items, self._at_home = ItemLedger(), HomeScans(scenario, self._member_base, seed)
        self.home_scans: list[ScanLine] = []
        clocks = device_clocks(scenario, start_ms)
        events = FloorEvents(
            appear=self._appear,
            vanish=self._vanish,
            join_line=self._join_line,
            leave_line=self._leave_line,
            scan=self._on_scan,
            receipt=self._on_receipt,
        )
        self._floor = Floor(scenario, check_scenario(scenario), clocks, events)
        tell_time = {device_id: clock.tell for device_id, clock in clocks.items() if not clock.is_right}
        self._cameras = CameraViews(scenario, seed, tell_time, self._recorder.track)
        self._outages = OutageBoard(outages(scenario, seed, start_ms))
        self.now_ms = start_ms
        self._ticks = 0
        self._outputs: list[Output] = []
        self._floor.now_ms = start_ms
        self._paths = PathLog() if keep_paths else None
        self._visitors = Visitors(self._floor, self._member_base, seed, start_ms)
        self._agenda = Agenda()
        for index, staff in enumerate(scenario.staff):
            rng = np.random.default_rng([seed, _STAFF_STREAM, index])
            self._agenda.add(work(self._floor, staff, rng), 0)

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

    def paths(self) -> tuple[TruePath, ...]:
        """Return where everyone was at each whole second, nothing unless the store was asked to keep it."""
        return self._paths.paths() if self._paths is not None else ()

    def step(self) -> list[Output]:
        """Go on by one tick. Return the lines that devices put out, in order."""
        before_ms = self.now_ms
        self._ticks += 1
        self.now_ms = self._start_ms + round(self._ticks * 1000 / self._scenario.tick_hz)
        self._outputs = []
        for person, stood_at, reached in self._floor.walkers.step((self.now_ms - before_ms) / 1000):
            self._recorder.move(person, stood_at, reached, (before_ms, self.now_ms))
        self._floor.now_ms = self.now_ms
        self._scan_at_home()
        self._visitors.let_in(self._agenda, self._ticks)
        self._agenda.run(self._ticks)
        if self._paths is not None:
            self._paths.sample(self._floor.people, self.now_ms)
        self._outages.advance(self.now_ms)
        lines = self._cameras.look(self._floor.people, self.now_ms, self._outages.down("camera"))
        self._outputs += starmap(Output, lines)
        return self._outputs

    def _appear(self, person: Person, purpose: str | None, member: Member | None) -> None:
        self._recorder.appear(person, purpose, member, self.now_ms)

    def _vanish(self, person: Person) -> None:
        self._recorder.vanish(person, self.now_ms)

    def _join_line(self, people: Sequence[Person], till: Till) -> None:
        self._recorder.join_line(people, till, self.now_ms)

    def _leave_line(self, people: Sequence[Person], end: WaitEnd) -> None:
        self._recorder.leave_line(people, end, self.now_ms)

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
