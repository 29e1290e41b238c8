"""Runs the benchmarks, prints a table and writes build/bench.json."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.agent import agent
from benchmarks.analytics import analytics
from benchmarks.archive import archive
from benchmarks.cloud_ingest import ingest
from benchmarks.cloud_projections import projections
from benchmarks.dashboard import dashboard
from benchmarks.duplicates import duplicates
from benchmarks.events import decode
from benchmarks.gateway_drain import drain
from benchmarks.gateway_intake import intake
from benchmarks.gateway_month import month
from benchmarks.gateway_store import receive
from benchmarks.gateway_upgrade import upgrade
from benchmarks.identity import identity
from benchmarks.linking import linking
from benchmarks.measure import Result
from benchmarks.outbox import append
from benchmarks.parties import parties
from benchmarks.pipeline import pipeline
from benchmarks.profiles import profiles
from benchmarks.publishing import publish
from benchmarks.queues import waiting
from benchmarks.rendering import rendering
from benchmarks.simulation import store_day
from benchmarks.simulation_visits import draw
from benchmarks.soak import tracking_soak
from benchmarks.staff import staff
from benchmarks.staff_uniform import staff_uniform
from benchmarks.stitching import stitching
from benchmarks.tracking import tracking
from benchmarks.vision import camera, detector

BENCHMARKS: dict[str, Callable[[Path], Result | list[Result]]] = {
    "decode": decode,
    "outbox": append,
    "parties": parties,
    "profiles": profiles,
    "publish": publish,
    "gateway": receive,
    "gateway-intake": intake,
    "gateway-drain": drain,
    "gateway-upgrade": upgrade,
    "gateway-month": month,
    "cloud_ingest": ingest,
    "cloud_projections": projections,
    "analytics": analytics,
    "archive": archive,
    "dashboard": dashboard,
    "detector": detector,
    "camera": camera,
    "agent": agent,
    "pipeline": pipeline,
    "queues": waiting,
    "duplicates": duplicates,
    "identity": identity,
    "linking": linking,
    "rendering": rendering,
    "staff": staff,
    "staff-uniform": staff_uniform,
    "stitching": stitching,
    "tracking": tracking,
    "tracking-soak": tracking_soak,
    "visits": draw,
    "store_day": store_day,
}
_OUT = Path("build/bench.json")


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", choices=sorted(BENCHMARKS), help="run one benchmark")
    chosen = parser.parse_args().only
    names = [chosen] if chosen else list(BENCHMARKS)
    results: list[Result] = []
    for name in track(names, "measuring", transient=True):
        with TemporaryDirectory(prefix="shopthread-bench-") as folder:
            found = BENCHMARKS[name](Path(folder))
            results += found if isinstance(found, list) else [found]
    table = Table("benchmark", "median", "unit", "compared with", "its median", "ratio")
    for each in results:
        figures = (f"{each.value:,.0f}", each.unit, each.reference_name, f"{each.reference:,.0f}", f"{each.ratio:.2f}")
        table.add_row(each.name, *figures)
    Console().print(table)
    _OUT.parent.mkdir(exist_ok=True)
    _OUT.write_text(json.dumps([each.as_json() for each in results], indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
