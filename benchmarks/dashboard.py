"""How soon the dashboard's views show what there is, in a headless Chromium."""

import statistics
import time
from pathlib import Path

from playwright.sync_api import Browser, Page

from benchmarks.measure import Result
from cloud.app import create_app
from cloud.config import Settings
from cloud.migrate import upgrade
from tests.chromium import running_chromium
from tests.integration.cloud.support import TENANT, Cloud, serving
from tests.integration.dashboard.shops import NOW_MS, fill

_LIMIT_MS = 1500  # as long as people wait gladly
_RUNS = 5
_VIEWS = ("overview", "shop?store=west", "floor?store=west", "customers?store=west", "profiles", "quality?store=west")


def dashboard(folder: Path) -> list[Result]:
    """Open each view in a fresh browser, so that nothing is cached, and once more with its files kept."""
    cloud = Cloud(Settings(data_dir=str(folder / "dashboard")))
    upgrade(cloud.database)
    fill(cloud)
    key = cloud.keys.create(TENANT, ["read", "members"]).secret
    with (
        serving(create_app(cloud.settings, cloud.clock, runs_projections=False)) as http,
        running_chromium() as browser,
    ):
        address = str(http.base_url).rstrip("/")
        results = [_measured(browser, address, key, view) for view in _VIEWS]
    cloud.close()
    return [result for pair in results for result in pair]


def _measured(browser: Browser, address: str, key: str, view: str) -> list[Result]:
    first_s, again_s = [], []
    for _ in range(_RUNS):
        context = browser.new_context()
        context.clock.set_fixed_time(NOW_MS / 1000)
        context.request.post(f"{address}/login", form={"key": key})  # without loading any file of a page
        page = context.new_page()
        first_s.append(_opened_s(page, f"{address}/{view}"))
        again_s.append(_opened_s(page, f"{address}/{view}"))
        context.close()
    return [_result(f"dashboard {view}, {what}", seconds) for what, seconds in (("first", first_s), ("again", again_s))]


def _opened_s(page: Page, url: str) -> float:
    started_s = time.perf_counter()
    page.goto(url)
    page.wait_for_selector("#pulse.live")
    return time.perf_counter() - started_s


def _result(name: str, seconds: list[float]) -> Result:
    median_ms = 1000 * statistics.median(seconds)
    return Result(
        name=name,
        value=round(median_ms),
        unit="ms",
        reference_name="usable within",
        reference=_LIMIT_MS,
        ratio=round(median_ms / _LIMIT_MS, 2),
    )
