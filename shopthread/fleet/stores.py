"""A simulated store with its virtual devices: at each tick, what they put into their outboxes."""

from collections.abc import Callable
from importlib.metadata import version
from math import inf

from msgspec import Struct

from contracts.delivery import Presence
from contracts.events import draft_event
from contracts.operations import DeviceHealth
from shopthread.fleet.devices import Drafts, VirtualDevice, make_devices
from shopthread.fleet.outboxes import MemoryOutbox
from simulators.core.scenario import Scenario
from simulators.core.store import Store

HEALTH_INTERVAL_S = 30.0


class StorePlan(Struct, frozen=True, kw_only=True):
    """Which store to simulate, and from when to when.

    Attributes:
        scenario: The store.
        tenant: Under which tenant its devices report.
        store: Under which store's name.
        seed: What everything random is drawn from.
        start_ms: Store time of the beginning, Unix milliseconds.
        until_ms: Store time of the end; None for none.
        pseudonym_key: The tenant's secret, for members' pseudonyms.
    """

    scenario: Scenario
    tenant: str
    store: str
    seed: int
    start_ms: int
    until_ms: int | None
    pseudonym_key: bytes


class VirtualStore:
    """One store's simulation, devices and outboxes.

    Args:
        plan: Which store.
        new_epoch: Called once for each device for the name of its outbox's life.

    Attributes:
        plan: Which store.
        simulation: What happens there.
        devices: What makes events, by the device's id in the scenario.
        outboxes: Each device's outbox, by the device's id in the scenario.
        is_over: Every input has ended.

    Raises:
        ScenarioError: The scenario cannot be simulated.
        ConfigurationError: A device cannot be configured so.
        ContractError: A name has characters that topics do not allow.
    """

    def __init__(self, plan: StorePlan, new_epoch: Callable[[], str]) -> None:
        self.plan = plan
        self.simulation = Store(plan.scenario, plan.seed, plan.start_ms)
        self.devices = make_devices(plan.scenario, plan.tenant, plan.store, plan.pseudonym_key)
        self._software_version = version("shopthread")
        self.outboxes = {name: self._outbox(device, new_epoch()) for name, device in self.devices.items()}
        self._tick_ms = 1000 / plan.scenario.tick_hz
        self._reported_ms = plan.start_ms
        self._frames_reported = dict.fromkeys(self.devices, 0)
        self.is_over = False

    @property
    def now_ms(self) -> int:
        """Return the store's time, Unix milliseconds."""
        return self.simulation.now_ms

    @property
    def next_ms(self) -> float:
        """Return the store time of the next tick."""
        return self.simulation.now_ms + self._tick_ms

    @property
    def ends_at_ms(self) -> float:
        """Return the store time of the end."""
        return inf if self.plan.until_ms is None else self.plan.until_ms

    def step(self) -> list[MemoryOutbox]:
        """Go on by one tick, or end every input where the end is reached. Return the outboxes that have new events."""
        if self.ends_at_ms < self.next_ms:
            return self.end()
        grown = [
            (output.device_id, self.devices[output.device_id].take(output.line)) for output in self.simulation.step()
        ]
        if self.now_ms - self._reported_ms >= HEALTH_INTERVAL_S * 1000:
            grown += self._health_reports()
        return self._keep(grown)

    def end(self) -> list[MemoryOutbox]:
        """End every input: what is open closes. Return the outboxes that have new events."""
        if self.is_over:
            return []
        self.is_over = True
        grown = [(name, device.end()) for name, device in self.devices.items()]
        if self.now_ms > self._reported_ms:
            grown += self._health_reports()
        return self._keep(grown)

    def _keep(self, grown: list[tuple[str, Drafts]]) -> list[MemoryOutbox]:
        return [self.outboxes[name] for name, drafts in grown if drafts and self.outboxes[name].append(drafts)]

    def _health_reports(self) -> list[tuple[str, Drafts]]:
        """Return every device's health since the report before."""
        reports: list[tuple[str, Drafts]] = []
        passed_s = (self.now_ms - self._reported_ms) / 1000
        for name, device in self.devices.items():
            outbox = self.outboxes[name]
            fps = None
            if device.frames is not None:
                fps = round((device.frames - self._frames_reported[name]) / passed_s, 1)
                self._frames_reported[name] = device.frames
            health = DeviceHealth(
                uptime_s=(self.now_ms - self.plan.start_ms) / 1000,
                software_version=self._software_version,
                queue_depth=outbox.made - outbox.acknowledged,
                fps=fps,
                input_errors=device.bad_lines,
            )
            reports.append((name, [draft_event(device.source, health, self.now_ms)]))
        self._reported_ms = self.now_ms
        return reports

    def _outbox(self, device: VirtualDevice, epoch: str) -> MemoryOutbox:
        presence = Presence(online=True, kind=device.kind, software_version=self._software_version)
        return MemoryOutbox(device.source, presence, epoch)
