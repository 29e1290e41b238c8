"""One cloud with a small chain, and one browser, for all tests of the dashboard."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="playwright is not installed: make .venv/.dev-installed")
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect

from cloud.app import create_app
from cloud.config import Settings
from cloud.migrate import upgrade
from tests.chromium import running_chromium
from tests.integration.cloud.support import TENANT, Cloud, serving
from tests.integration.dashboard.shops import GTIN, MEMBER, NOW_MS, SERIAL, fill

VIEWS = (
    "overview",
    "shop?store=west",
    "floor?store=west",
    "customers?store=west&metric=footfall_in",
    "profiles",
    f"profile?id={MEMBER}",
    f"codes?code={GTIN}/{SERIAL}",
    "alerts",
    "quality?store=west",
    "audits",
)

expect.set_options(timeout=30_000)  # a loaded machine draws late


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    cloud = Cloud(Settings(data_dir=str(tmp_path_factory.mktemp("chain"))))
    upgrade(cloud.database)
    fill(cloud)
    yield cloud
    cloud.close()


@pytest.fixture(scope="module")
def address(chain: Cloud) -> Iterator[str]:
    app = create_app(chain.settings, chain.clock, runs_projections=False)
    with serving(app) as http:
        yield str(http.base_url).rstrip("/")


@pytest.fixture(scope="module")
def key(chain: Cloud) -> str:
    return chain.keys.create(TENANT, ["read", "members", "alerts"]).secret


@pytest.fixture(scope="module")
def signed_in(browser: Browser, address: str, key: str) -> Iterator[BrowserContext]:
    """Return a browser's state after signing in, on the morning of the chain's day, far from the shops."""
    context = browser.new_context(timezone_id="America/New_York", locale="en-GB")
    context.clock.set_fixed_time(datetime.fromtimestamp(NOW_MS / 1000, UTC))
    page = context.new_page()
    page.goto(f"{address}/login#key={key}")
    page.wait_for_url("**/overview")
    assert key not in page.url
    page.close()
    yield context
    context.close()


class Visitor:
    """Somebody who looks at one page after the other, and notes what the browser complains of."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.complaints: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._look_at)

    def open(self, path: str) -> Page:
        """Go to a view and wait until it has shown what there is."""
        self.page.goto(self.address + path)
        self.page.wait_for_selector("#pulse.live")
        return self.page

    def forgive(self, *parts: str) -> None:
        """Pass over complaints that a test meant to cause."""
        self.complaints = [each for each in self.complaints if not any(part in each for part in parts)]

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _look_at(self, request: Request) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.complaints.append(f"asks {request.url}")


@pytest.fixture
def visitor(signed_in: BrowserContext, address: str) -> Iterator[Visitor]:
    made = Visitor(signed_in.new_page(), address)
    yield made
    made.page.close()
    for choice in ("shopthread_language", "shopthread_theme"):
        signed_in.clear_cookies(name=choice)
    assert not made.complaints


def tile(page: Page, name: str) -> str:
    """Return a key figure as it is shown."""
    return page.locator(".figure", has=page.get_by_text(name, exact=True)).locator("strong").inner_text()


def cells(page: Page, selector: str) -> list[list[str]]:
    """Return the texts of table rows."""
    return [row.locator("th, td").all_inner_texts() for row in page.locator(selector).all()]


def save(page: Page, card: str, kind: str, folder: Path) -> Path:
    """Save a card as a file of one kind."""
    if page.locator(f"#{card} .menu").get_attribute("open") is None:
        page.click(f"#{card} .menu > summary")
    with page.expect_download() as waiting:
        page.click(f'#{card} [data-key="{card}-{kind}"]')
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path
