"""Runs the demo: starts every process in order, tends them, ends them so that nothing is on its way any more."""

import socket
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import msgspec
from msgspec import Struct

from cloud.app import make_key_service, make_linker, open_database, system_clock
from cloud.config import load_settings
from cloud.consents.schemas import ConsentStatement
from cloud.consents.service import put_consents
from cloud.context import Context
from cloud.identity.service import add_statements
from cloud.identity.statements import Identifier, Statement
from cloud.main import prepare_database
from contracts.pseudonym import Namespace, pseudonymize
from contracts.timestamps import format_time
from shopthread.demo.configs import (
    CAMERA,
    KIOSK,
    TILL,
    write_gateway,
    write_pos,
    write_shop_camera,
    write_terminal,
    write_video_camera,
)
from shopthread.demo.observation import HopCounts, Observer, Snapshot
from shopthread.demo.plan import plan_of
from shopthread.demo.processes import Processes
from shopthread.demo.workspace import FILMED, SHOP, TENANT, DemoError, Ports, Workspace, write_secret
from simulators.adapters.scenario_files import load_scenario

_START_S = 60.0
_SETTLE_S = 60.0
_POLL_S = 0.1
_LEAD_MS = 1_800_000
_SCENARIO = "corner_shop"
_PLACES: Mapping[str, tuple[float, float]] = {SHOP: (52.5245, 13.4105), FILMED: (52.5031, 13.3327)}
"""Where the stores are said to be, in degrees north and east."""
_SHOP_DEVICES = (CAMERA, KIOSK, TILL)

Say = Callable[[str], None]


class DemoOptions(Struct, frozen=True, kw_only=True):
    """What the caller asked for.

    Attributes:
        web_port: Port of the page and the API.
        video: A video file, None for the simulated shop alone.
        speed: Store seconds per second of the simulated shop until it has caught up with now.
        seed: The simulated shop's seed.
    """

    web_port: int
    video: Path | None
    speed: float
    seed: int


class _Identifier(Struct, frozen=True):
    namespace: Namespace
    value: str


class _Truth(Struct, frozen=True):
    until_ms: int


class _Member(Struct, frozen=True):
    record_id: str
    identifiers: tuple[_Identifier, ...]
    visit_linking_consent: bool


class Demo:
    """The whole system on this machine.

    Args:
        workspace: The demo's folder.
        options: What the caller asked for.
        say: Takes news, a line each.
    """

    def __init__(self, workspace: Workspace, options: DemoOptions, say: Say) -> None:
        self._workspace, self._options, self._say = workspace, options, say
        self._ports = Ports(web=options.web_port, broker=_free_port())
        self.processes = Processes(workspace)
        self._devices: dict[str, tuple[str, ...]] = {SHOP: _SHOP_DEVICES}
        if options.video is not None:
            self._devices[FILMED] = (CAMERA,)
        self._client: httpx.Client | None = None
        self._observer: Observer | None = None

    @property
    def url(self) -> str:
        """Return the page's address."""
        return f"http://127.0.0.1:{self._ports.web}"

    @property
    def sign_in_url(self) -> str:
        """Return an address that signs the browser in. The key stands behind the `#`, which is never sent."""
        key = self._workspace.viewer_key.read_text(encoding="ascii")
        return f"{self.url}/login?next=/shop%3Fstore%3D{SHOP}#key={key}"

    def start(self) -> None:
        """Start everything, each part when the one before it is ready.

        Raises:
            DemoError: A part does not start; the message says why.
        """
        workspace = self._workspace
        _require_free(self._options.web_port)
        self.processes.start("simulator", self._simulation(), restart=False)
        self.processes.start("broker", ("gateway", "broker", "--port", str(self._ports.broker)))
        self._await("simulator", (workspace.feeds / "store.toml").exists)
        self._prepare_cloud()
        cloud = ("cloud", "serve", "--port", str(self._ports.web), "--data-dir", str(workspace.cloud_data))
        self.processes.start("cloud", cloud)
        for store in self._devices:
            config = write_gateway(workspace, store, self._ports)
            self.processes.start(f"gateway-{store}", ("gateway", "run", str(config)))
        self._start_devices()
        self._await("cloud", self._healthy)
        self._register_stores()

    def _simulation(self) -> tuple[str, ...]:
        """Return how to run the shop: from half an hour ago, but not before an earlier run of the folder ended."""
        now_ms = system_clock()
        start_ms = max(now_ms - _LEAD_MS, *(ended_ms + 1 for ended_ms in self._earlier_ends_ms()), 0)
        return (
            *("simulate", "run", _SCENARIO, "--out", str(self._workspace.feeds)),
            *("--start", format_time(start_ms), "--speed", str(self._options.speed)),
            *("--seed", str(self._options.seed + self._workspace.run - 1)),
        )

    def _earlier_ends_ms(self) -> list[int]:
        """Return when, in store time, the earlier runs of this folder ended."""
        truths = (self._workspace.root / "feeds").glob("*/truth.json")
        return [msgspec.json.decode(path.read_bytes(), type=_Truth).until_ms for path in truths]

    def _prepare_cloud(self) -> None:
        """Bring the database's schema up to date, make the demo's keys, take the member base in."""
        workspace = self._workspace
        settings = load_settings({}, {"data_dir": str(workspace.cloud_data)})
        prepare_database(settings, migrates=True)
        database = open_database(settings)
        keys = make_key_service(settings, database)
        context = Context(settings, database, system_clock, keys, make_linker(settings))
        for path, scopes in (
            (workspace.ingest_key, ["ingest"]),
            (workspace.viewer_key, ["read", "members", "alerts", "admin"]),
        ):
            if not path.exists():
                write_secret(path, keys.create(TENANT, scopes).secret)
        self._take_members_in(context)
        database.dispose()
        viewer_key = workspace.viewer_key.read_text(encoding="ascii")
        self._client = httpx.Client(base_url=self.url, headers={"authorization": f"Bearer {viewer_key}"})
        self._observer = Observer(workspace, self._devices, self._client)

    def _start_devices(self) -> None:
        workspace, ports, video = self._workspace, self._ports, self._options.video
        zones = _zones_of(workspace.feeds / "store.toml")
        self.processes.start(f"{SHOP}-{CAMERA}", ("edge", "run", str(write_shop_camera(workspace, ports))))
        self.processes.start(
            f"{SHOP}-{KIOSK}", ("terminal", "scan", str(write_terminal(workspace, ports, zones[KIOSK])))
        )
        self.processes.start(f"{SHOP}-{TILL}", ("terminal", "pos", str(write_pos(workspace, ports, zones[TILL]))))
        if video is not None:
            config = write_video_camera(workspace, ports, video)
            self.processes.start(f"{FILMED}-{CAMERA}", ("edge", "run", str(config)))

    def _register_stores(self) -> None:
        names = {SHOP: "Corner shop (simulated)", FILMED: "Filmed shop"}
        for store in self._devices:
            latitude_deg, longitude_deg = _PLACES[store]
            self._put(f"/v1/stores/{store}", {"name": names[store], "time_zone": _local_time_zone()})
            place = {"latitude_deg": latitude_deg, "longitude_deg": longitude_deg}
            self._put(f"/v1/stores/{store}/position", place)
        self._put(f"/v1/stores/{SHOP}/plan", plan_of(load_scenario(_SCENARIO)))

    def _take_members_in(self, context: Context) -> None:
        """Record which identifiers belong to one member, and what each said to having visits linked."""
        key, now_ms = self._workspace.pseudonym_key.read_bytes(), system_clock()
        consents, statements = [], []
        for line in (self._workspace.feeds / "members.jsonl").read_bytes().splitlines():
            member = msgspec.json.decode(line, type=_Member)
            names = [pseudonymize(each.namespace, each.value, key) for each in member.identifiers]
            statement = Statement(
                statement_id=f"members:{self._workspace.run}:{member.record_id}",
                rank=0,
                at_ms=now_ms,
                identifiers=tuple(sorted(Identifier(name.namespace, name.pseudonym) for name in names)),
            )
            statements.append(("members", statement))
            consents += [
                ConsentStatement(
                    namespace=name.namespace,
                    pseudonym=name.pseudonym,
                    granted=member.visit_linking_consent,
                    at=format_time(now_ms),
                )
                for name in names
            ]
        with context.database.write() as session:
            add_statements(session, TENANT, statements, context.rules, now_ms)
        put_consents(context, TENANT, consents)

    def _put(self, path: str, body: dict[str, Any]) -> None:
        if self._client is None:
            return
        answer = self._client.put(path, json=body)
        if not answer.is_success:
            msg = f"the cloud refuses {path}: {answer.text[:200]}; see {self.processes.log('cloud')}"
            raise DemoError(msg)

    def _healthy(self) -> bool:
        try:
            return self._client is not None and self._client.get("/healthz").is_success
        except httpx.TransportError:
            return False

    def tend(self) -> None:
        """Start again what died, and say so.

        Raises:
            DemoError: A process dies again and again.
        """
        for line in self.processes.tend():
            self._say(line)

    def snapshot(self) -> Snapshot:
        """Return the counts of now."""
        return self._observer.snapshot() if self._observer is not None else Snapshot(hops=())

    def finish(self) -> Snapshot:
        """End the shop's day: no new input, everything delivered, then count. The processes are gone afterwards."""
        snapshot = self.snapshot()
        try:
            self._say("closing the shop: no new input, everything on its way is delivered ...")
            self.processes.stop("simulator")
            cameras_and_terminals = [f"{store}-{device}" for store, names in self._devices.items() for device in names]
            self._settle(lambda: all(self.processes.ended(f"{SHOP}-{device}") for device in _SHOP_DEVICES))
            self.processes.stop(*cameras_and_terminals)
            self._settle(lambda: all(hop.made == hop.uploaded for hop in self.snapshot().hops if not _is_gateway(hop)))
            self.processes.stop(*(f"gateway-{store}" for store in self._devices))
            self._settle(lambda: self._is_still(self.snapshot()))
            snapshot = self.snapshot()
        finally:
            self.stop()
        return snapshot

    def _is_still(self, snapshot: Snapshot) -> bool:
        return snapshot.is_equal and all(not (each.lag_events or each.waiting_links) for each in snapshot.figures)

    def stop(self) -> None:
        """End every process at once."""
        self.processes.stop()
        if self._observer is not None:
            self._observer.close()
        if self._client is not None:
            self._client.close()

    def _settle(self, settled: Callable[[], bool]) -> None:
        """Wait until something is so, tending the processes; give up after a while, the reconciliation will tell."""
        for _ in _until(_SETTLE_S):
            self.tend()
            if settled():
                return

    def _await(self, name: str, ready: Callable[[], bool]) -> None:
        for _ in _until(_START_S):
            if ready():
                return
            failure = self.processes.failure(name)
            if failure is not None:
                msg = f"{name} does not start: {failure}"
                raise DemoError(msg)
        msg = f"{name} is not ready after {_START_S:.0f} s; see {self.processes.log(name)}"
        raise DemoError(msg)


def _is_gateway(hop: HopCounts) -> bool:
    return hop.device.endswith("/gateway")


def _until(timeout_s: float) -> Iterator[None]:
    until_s = time.monotonic() + timeout_s
    while time.monotonic() < until_s:
        yield
        time.sleep(_POLL_S)


def _zones_of(plan: Path) -> dict[str, str]:
    """Return the zone in which each terminal and till stands."""
    store = tomllib.loads(plan.read_text(encoding="utf-8"))
    return {device["id"]: device["zone_id"] for device in (*store["terminal"], *store["till"])}


def _local_time_zone() -> str:
    """Return this machine's IANA time zone, UTC where it has none."""
    link = Path("/etc/localtime")
    _, found, name = str(link.resolve()).partition("zoneinfo/")
    return name if found and "/" in name else "UTC"


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _require_free(port: int) -> None:
    try:
        with closing(socket.create_server(("127.0.0.1", port))):
            pass
    except OSError as error:
        msg = f"port {port} is in use ({error.strerror}); choose another: --port {port + 1}"
        raise DemoError(msg) from error
