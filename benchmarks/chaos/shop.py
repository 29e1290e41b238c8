"""A whole system on 127.0.0.1: devices in processes of their own, broker, gateway, a line that can be cut, cloud."""

import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from benchmarks.chaos.devices import STORE, TENANT, closing_path, offset_path
from benchmarks.chaos.hops import Hops, read_hops
from benchmarks.chaos.line import Line
from benchmarks.chaos.processes import Processes
from benchmarks.chaos.recovery import Recovery
from benchmarks.chaos.repetition import Repeater
from cloud.app import make_key_service, open_database
from cloud.config import load_settings
from cloud.main import prepare_database
from tests.servers import mosquitto_command

BROKER, GATEWAY, CLOUD = "broker", "gateway", "cloud"
_START_S = 60.0
_DRAIN_S = 60.0
_STITCH_S = 20.0
_POLL_S = 0.1
_PORTS = range(20_000, 30_000)
"""Below those from which systems take the ports of outgoing connections: what is down for a while keeps its port."""
_GATEWAY = """\
[gateway]
tenant = "{tenant}"
store = "{store}"
data_dir = "{folder}/gateway"
health_interval_s = 1.0

[broker]
port = {broker_port}

[cloud]
url = "http://127.0.0.1:{line_port}"
api_key_file = "{folder}/key"
timeout_s = 2.0
first_retry_s = 0.1
longest_retry_s = 1.0

[devices]
clock_interval_s = 1.0

[stitching]
enabled = true
settle_s = 0.2
"""
_MOSQUITTO = """\
listener {port} 127.0.0.1
allow_anonymous true
max_queued_messages 0
persistence true
persistence_location {folder}/
autosave_interval 1
user root
"""


class ChaosError(Exception):
    """The system does not start, or does not come to rest. The message says which part."""


class Shop:
    """Starts everything; ends everything that it started.

    Args:
        folder: An empty folder for all files.
        groups: How many processes of devices.
        devices: How many devices in each.
        rate: Events that each process makes a second.
        embedded: Run the embedded broker, also where Mosquitto is found.

    Attributes:
        processes: What runs.
        line: Between gateway and cloud.
        repeater: Listens at the broker.
        recovery: Follows what the cloud holds.
    """

    def __init__(self, folder: Path, groups: int, devices: int, rate: float, *, embedded: bool = False) -> None:
        self._folder, self._configuration = folder, folder / "gateway.toml"
        (folder / "logs").mkdir(parents=True)
        self.processes = Processes(folder / "logs")
        self._groups = {
            f"devices-{group}": tuple(f"device-{group}-{number}" for number in range(devices))
            for group in range(groups)
        }
        self._ports = dict(zip((BROKER, CLOUD, "line"), _free_ports(), strict=False))
        self._rate = rate
        self._mosquitto = None if embedded else _find_mosquitto()
        self.line = Line(self._ports["line"], self._ports[CLOUD])
        self.repeater = Repeater(self._ports[BROKER], TENANT, STORE)
        self._devices = tuple(name for names in self._groups.values() for name in names)
        self.recovery = Recovery(folder, folder / "cloud" / "cloud.sqlite", self._devices)

    @property
    def broker_kind(self) -> str:
        """Return `mosquitto` where it was found, else `embedded`."""
        return "embedded" if self._mosquitto is None else "mosquitto"

    @property
    def groups(self) -> tuple[str, ...]:
        """Return the names of the processes of devices."""
        return tuple(self._groups)

    def start(self) -> None:
        """Start everything, and return when the cloud holds something of every device.

        Raises:
            ChaosError: That takes too long.
        """
        self._start_broker()
        self._prepare_cloud()
        cloud = ("shopthread", "cloud", "serve", "--port", str(self._ports[CLOUD]))
        self.processes.python(CLOUD, *cloud, "--data-dir", str(self._folder / "cloud"))
        text = _GATEWAY.format(
            tenant=TENANT,
            store=STORE,
            folder=self._folder,
            broker_port=self._ports[BROKER],
            line_port=self._ports["line"],
        )
        self._configuration.write_text(text, encoding="utf-8")
        self.processes.python(GATEWAY, "shopthread", "gateway", "run", str(self._configuration))
        for group, names in self._groups.items():
            self.set_clock(group, 0)
            where = (str(self._folder), group, str(self._ports[BROKER]), str(self._rate))
            self.processes.python(group, "benchmarks.chaos.devices", *where, *names)
        self.recovery.start()
        self.wait(self.recovery.has_begun, "events of every device to reach the cloud", _START_S)

    def forget_broker(self) -> None:
        """Delete what the broker, which does not run, has kept."""
        for path in (self._folder / "broker").glob("*.db*"):
            path.unlink()

    def set_clock(self, group: str, offset_ms: int) -> None:
        """Set the clock of a process of devices, so much ahead of what is right."""
        path = offset_path(self._folder, group)
        path.with_suffix(".part").write_text(str(offset_ms), encoding="ascii")
        path.with_suffix(".part").replace(path)

    def settle(self, within_s: float) -> None:
        """Let devices make no more, wait until nothing is on its way, and end everything in order.

        Raises:
            ChaosError: Something is still on its way after so many seconds.
        """
        until_s = time.monotonic() + within_s
        self.processes.tend()
        for group in self._groups:
            self.processes.may_end(group)
        closing_path(self._folder).touch()
        steps = (
            (self._devices_ended, "devices to hand over what they made"),
            (self.recovery.is_complete, "the cloud to hold what devices made"),
        )
        for is_done, what in steps:
            self.wait(is_done, what, until_s - time.monotonic())
        with suppress(ChaosError):  # the comparison tells what is wrong with them
            self.wait(self._is_stitched, "visits", _STITCH_S)
        self.processes.stop(GATEWAY)
        drain = (sys.executable, "-m", "shopthread", "gateway", "drain", str(self._configuration))
        with (self._folder / "logs" / "drain.log").open("wb") as log:
            drained = subprocess.run(drain, stdout=log, stderr=log, check=False, timeout=_DRAIN_S)
        if drained.returncode:
            msg = f"the gateway's queue does not drain; see {log.name}"
            raise ChaosError(msg)
        self.wait(self.recovery.is_counted, "the cloud's figures", until_s - time.monotonic())
        self.recovery.stop()
        self.processes.stop(CLOUD, BROKER)

    def hops(self) -> Hops:
        """Return what every hop holds; to be called after `settle`."""
        return read_hops(self._folder, self._devices)

    def wait(self, is_done: Callable[[], bool], what: str, within_s: float) -> None:
        """Wait until something is so, starting again what ends by itself.

        Raises:
            ChaosError: It is not so after so many seconds.
        """
        until_s = time.monotonic() + within_s
        while not is_done():
            if time.monotonic() > until_s:
                msg = f"waited {within_s:.0f} s in vain for {what}; see the logs in {self._folder / 'logs'}"
                raise ChaosError(msg)
            self.processes.tend()
            time.sleep(_POLL_S)

    def close(self) -> None:
        """End everything that runs, at once."""
        self.recovery.stop()
        self.repeater.close()
        self.processes.end_all()
        self.line.close()

    def _is_stitched(self) -> bool:
        return self.recovery.visits == self.recovery.segments()

    def _devices_ended(self) -> bool:
        return not any(self.processes.is_running(group) for group in self._groups)

    def _start_broker(self) -> None:
        port, kept = self._ports[BROKER], self._folder / "broker"
        kept.mkdir()
        if self._mosquitto is None:
            self.processes.python(BROKER, "shopthread", "gateway", "broker", "--port", str(port))
            return
        command, environment = self._mosquitto
        configuration = self._folder / "mosquitto.conf"
        configuration.write_text(_MOSQUITTO.format(port=port, folder=kept), encoding="utf-8")
        self.processes.start(BROKER, (command, "-c", str(configuration)), environment)

    def _prepare_cloud(self) -> None:
        """Make the cloud's database, and a key for the gateway."""
        settings = load_settings({}, {"data_dir": str(self._folder / "cloud")})
        prepare_database(settings, migrates=True)
        database = open_database(settings)
        secret = make_key_service(settings, database).create(TENANT, ["ingest"]).secret
        database.dispose()
        (self._folder / "key").write_text(secret, encoding="ascii")


def _find_mosquitto() -> tuple[str, dict[str, str]] | None:
    """Return Mosquitto's path and environment, None where it is not on this machine."""
    try:
        return mosquitto_command()
    except pytest.skip.Exception:
        return None


def _free_ports() -> Iterator[int]:
    """Return ports of 127.0.0.1 on which nobody listens."""
    for port in random.SystemRandom().sample(_PORTS, len(_PORTS)):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            yield port
