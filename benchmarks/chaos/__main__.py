"""Runs the chaos suite: a whole system on this machine under seeded faults, then every hop's events compared.

Exit code 0: no event was lost or doubled anywhere. 1: some were, or the system did not come to rest in time.
"""

import argparse
import shutil
import signal
import statistics
import sys
import time
from pathlib import Path
from tempfile import mkdtemp

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.chaos.harness import strike
from benchmarks.chaos.hops import Hops
from benchmarks.chaos.plan import Fault, Kind, plan
from benchmarks.chaos.shop import ChaosError, Shop

out = Console()


def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="which faults; another one each time by default")
    parser.add_argument("--faults", type=int, default=200, help="how many (default 200, about five minutes)")
    kinds = "; ".join(Kind)
    parser.add_argument(
        "--only", type=Kind, action="append", metavar="KIND", help=f"this kind alone; may be given again: {kinds}"
    )
    parser.add_argument("--groups", type=int, default=2, help="processes of devices (default 2)")
    parser.add_argument("--devices", type=int, default=3, help="devices in each of them (default 3)")
    parser.add_argument("--rate", type=float, default=60.0, help="events a second of each process (default 60)")
    parser.add_argument("--embedded", action="store_true", help="run the embedded broker, not Mosquitto")
    parser.add_argument("--settle-s", type=float, default=180.0, help="most seconds to come to rest (default 180)")
    parser.add_argument("--keep", action="store_true", help="keep files and logs also where all is well")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing is left running
    seed = time.time_ns() % 1_000_000 if asked.seed is None else asked.seed
    faults = plan(seed, asked.faults, asked.groups, asked.only or tuple(Kind))
    folder = Path(mkdtemp(prefix="shopthread-chaos-"))
    shop = Shop(folder / "run", asked.groups, asked.devices, asked.rate, embedded=asked.embedded)
    say(f"seed {seed}: {len(faults)} faults, broker {shop.broker_kind}, files and logs in {folder}")
    try:
        shop.start()
        for fault in track(faults, "striking", console=out, transient=True):
            strike(shop, fault)
        shop.settle(asked.settle_s)
        hops = shop.hops()
    except ChaosError as error:
        say(f"error: {error}; again: --seed {seed}")
        return 1
    finally:
        shop.close()
    out.print(_faults_table(faults, shop.recovery.times), _hops_table(hops))
    say(f"{hops.repeated} deliveries were repetitions, and known as such")
    for name in shop.processes.ended:
        say(f"{name} ended by itself and was started again")
    wrong = hops.faults()
    for line in wrong:
        say(f"wrong: {line}")
    say(f"seed {seed}: {'NOT EQUAL' if wrong else 'every hop holds the same events, each once'}")
    if not wrong and not asked.keep:
        shutil.rmtree(folder)
    return 1 if wrong else 0


def say(line: str) -> None:
    out.print(line, highlight=False, soft_wrap=True)


def _faults_table(faults: list[Fault], times: list[tuple[Fault, float]]) -> Table:
    table = Table("fault", "times", "recovered", "median, s", "longest, s")
    for kind in Kind:
        count = sum(fault.kind is kind for fault in faults)
        found = [seconds for fault, seconds in times if fault.kind is kind]
        if count:
            shown = (f"{statistics.median(found):.1f}", f"{max(found):.1f}") if found else ("-", "-")
            table.add_row(kind.value, str(count), str(len(found)), *shown)
    return table


def _hops_table(hops: Hops) -> Table:
    table = Table("events", "made", "gateway", "cloud")
    for device_or_type in (0, 1):
        for name, *counts in hops.counts(device_or_type):
            table.add_row(name, *map(str, counts))
        table.add_section()
    table.add_row("the gateway's own", *map(str, (len(hops.own), len(hops.own), len(hops.own_in_cloud))))
    table.add_row("longest run lost", "", *map(str, hops.longest_losses()))
    table.add_row("devices' together", *(str(len(held)) for held in (hops.truth, hops.gateway, hops.cloud)))
    return table


if __name__ == "__main__":
    sys.exit(main())
