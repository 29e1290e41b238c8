"""From what a user asks for to a fleet's production: which stores, which devices, from when to when."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from contracts.events import Source
from contracts.pseudonym import MIN_KEY_BYTES
from contracts.timestamps import parse_time
from contracts.topics import check_name
from shopthread.fleet.errors import FleetError
from shopthread.fleet.network import Network, has_faults, way_of
from shopthread.fleet.production import Production, SimulatedProduction, StampedProduction
from shopthread.fleet.recording import RecordedDevice, StampedOutbox, record
from shopthread.fleet.stores import StorePlan, VirtualStore
from simulators.core.scenario import Scenario, device_ids

SIMULATION_KEY = b"shopthread simulation, no secret"
"""The pseudonym key where none is given: simulated members are nobody."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_DEFAULT_PORT = 1883
_DEFAULT_DURATION_S = 600.0
_MS_PER_S = 1000


class FleetRequest(Struct, frozen=True, kw_only=True):
    """What a user asks for.

    Attributes:
        scenario: What each store is like.
        tenant: Under which tenant the stores report.
        store: What they are called; several get numbers from 1.
        stores: How many stores; None: as many as the devices need.
        devices: Record one store and let so many devices repeat what its devices say; None: simulate every store.
        seed: What the first store is drawn from; each further one is drawn from the next number.
        start_ms: Store time of the beginning, Unix milliseconds.
        duration_s: Store time to run for; None for ever.
        pseudonym_key: The tenant's secret, for members' pseudonyms.
    """

    scenario: Scenario
    tenant: str
    store: str
    stores: int | None
    devices: int | None
    seed: int
    start_ms: int
    duration_s: float | None
    pseudonym_key: bytes

    @property
    def store_count(self) -> int:
        """Return how many stores there are."""
        if self.stores is not None:
            return self.stores
        return 1 if self.devices is None else -(-self.devices // len(device_ids(self.scenario)))

    @property
    def store_names(self) -> list[str]:
        """Return what the stores are called."""
        count = self.store_count
        return [self.store] if count == 1 else [f"{self.store}-{number}" for number in range(1, count + 1)]

    def plan(self, index: int) -> StorePlan:
        """Return what to simulate of a store, counted from 0."""
        until_ms = None if self.duration_s is None else self.start_ms + round(self.duration_s * _MS_PER_S)
        return StorePlan(
            scenario=self.scenario,
            tenant=self.tenant,
            store=self.store_names[index],
            seed=self.seed + index,
            start_ms=self.start_ms,
            until_ms=until_ms,
            pseudonym_key=self.pseudonym_key,
        )


class Prepared(Struct, frozen=True, kw_only=True):
    """A fleet's production, and the stores that were simulated for it."""

    production: Production
    stores: tuple[VirtualStore, ...]


def prepare(
    request: FleetRequest,
    new_epoch: Callable[[], str],
    on_step: Callable[[int], None] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Prepared:
    """Return what a request describes, ready to publish.

    Args:
        request: What is asked for.
        new_epoch: Called once for each device for the name of its outbox's life.
        on_step: Told the store time of a recording now and then, Unix milliseconds.
        stopped: Ends a recording early.

    Raises:
        FleetError: A recording has no end.
        ScenarioError: The scenario cannot be simulated.
        ConfigurationError: A device cannot be configured so.
        ContractError: A name has characters that topics do not allow.
    """
    check_name("tenant", request.tenant)
    for name in (*request.store_names, *device_ids(request.scenario)):
        check_name("a store's or device's name", name)
    if request.devices is None:
        stores = tuple(VirtualStore(request.plan(index), new_epoch) for index in range(request.store_count))
        return Prepared(production=SimulatedProduction(stores), stores=stores)
    if request.duration_s is None:
        msg = "--devices repeats a recording, which needs an end; give --duration-s"
        raise FleetError(msg)
    store, recorded = record(replace(request.plan(0), store=request.store), on_step, stopped)
    return Prepared(production=stamped(request, recorded, new_epoch), stores=(store,))


def stamped(
    request: FleetRequest, recorded: dict[str, RecordedDevice], new_epoch: Callable[[], str]
) -> StampedProduction:
    """Return devices that repeat a recording, in the proportions of the recorded store.

    Where a store has more devices than the recorded one, each one's name gets a number.

    Args:
        request: What is asked for.
        recorded: What each device of the recorded store says, by its id in the scenario.
        new_epoch: Called once for each device for the name of its outbox's life.
    """
    kinds, stores = list(recorded), request.store_names
    copies: dict[str, list[StampedOutbox]] = {kind: [] for kind in kinds}
    is_crowded = (request.devices or 0) > len(kinds) * len(stores)
    for number in range(request.devices or 0):
        round_number, place = divmod(number, len(kinds))
        turn, store = divmod(round_number, len(stores))
        kind = kinds[place]
        name = f"{kind}-{turn + 1}" if is_crowded else kind
        source = Source(request.tenant, stores[store], check_name("device", name))
        copies[kind].append(StampedOutbox(source, recorded[kind], new_epoch()))
    return StampedProduction(request.start_ms, [(recorded[kind], copies[kind]) for kind in kinds])


def make_network(request: FleetRequest) -> Network:
    """Return what the scenario lies between the devices and the broker of each store."""
    if not has_faults(request.scenario):
        return Network({})
    return Network(
        {
            (request.tenant, name): way_of(request.scenario, request.seed + index, request.start_ms)
            for index, name in enumerate(request.store_names)
        }
    )


def parse_broker(address: str, *, allow_remote: bool) -> tuple[str, int]:
    """Return host and port of `mqtt://HOST[:PORT]`.

    Raises:
        FleetError: The address has another form, or leads to another machine without being allowed to.
    """
    msg = f"--broker must be mqtt://HOST[:PORT], got {address!r}"
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port or _DEFAULT_PORT
    except ValueError as error:
        raise FleetError(msg) from error
    if host is None or parts.scheme != "mqtt" or parts.path not in ("", "/") or "@" in parts.netloc:
        raise FleetError(msg)
    if host not in LOOPBACK and not allow_remote:
        msg = f"--broker {address} is another machine; load tests stay on this one unless you add --allow-remote"
        raise FleetError(msg)
    return host, port


def read_key(path: Path | None) -> bytes:
    """Return the pseudonym key that a file holds, or the simulation's own.

    Raises:
        FleetError: The file cannot be read, or the key is too short.
    """
    if path is None:
        return SIMULATION_KEY
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        msg = f"--key-file: cannot read {path}: {error.strerror}"
        raise FleetError(msg) from error
    if len(key) < MIN_KEY_BYTES:
        msg = f"--key-file: {path} holds {len(key)} bytes, at least {MIN_KEY_BYTES} are needed"
        raise FleetError(msg)
    return key


def duration_of(duration_s: float | None, start: str | None, speed: float, devices: int | None) -> float | None:
    """Return the store time to run for: as asked for, or without end where the run can go on in the present.

    Args:
        duration_s: What was asked for; None: nothing.
        start: The beginning that was asked for; None: none.
        speed: Store time per time; 0: as fast as possible.
        devices: How many devices repeat a recording; None: every store is simulated.
    """
    has_an_end = devices is not None or speed == 0 or (speed > 1 and start is None)
    return _DEFAULT_DURATION_S if duration_s is None and has_an_end else duration_s


def start_of(text: str | None, duration_s: float | None, speed: float, now_ms: int) -> int:
    """Return the store time of the beginning, Unix milliseconds: as asked for, or so that the run ends at the present.

    Args:
        text: What was asked for, an instant with an offset from UTC; None: nothing.
        duration_s: Store time to run for; None for ever.
        speed: Store time per time; 0: as fast as possible.
        now_ms: The present.

    Raises:
        FleetError: `text` is no instant.
    """
    if text is None:
        share_before_now = 1.0 if speed == 0 else max(0.0, 1 - 1 / speed)
        return now_ms - round((duration_s or 0) * share_before_now * _MS_PER_S)
    try:
        return parse_time(text)
    except ValueError as error:
        msg = f"--start: {error}"
        raise FleetError(msg) from error
