"""What the gateway shows in the store's network: health, figures for Prometheus, and a page for the store's manager."""

import hmac
from collections.abc import Callable, Mapping
from http.cookies import CookieError, SimpleCookie
from pathlib import Path

from msgspec import Struct

from contracts.operations import StorageUse
from gateway.adapters.http_server import Handler, Handlers, Reply, Request, json_reply, text_reply
from gateway.adapters.live_zones import LiveZone
from gateway.core.devices.lights import Light
from gateway.core.devices.overview import DeviceView
from gateway.core.metrics import CONTENT_TYPE, Metric, metrics_text

PAGES_DIR = Path(__file__).resolve().parent.parent / "pages"
_COOKIE = "shopthread_store"
_FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/store.css": ("store.css", "text/css; charset=utf-8"),
    "/store.js": ("store.js", "text/javascript; charset=utf-8"),
}


class StoreNow(Struct, frozen=True, kw_only=True):
    """The store as the page shows it.

    `people` is None where nobody counts them, `storage` where the event store may take all the disk, and
    `clock_offset_s`, by how many seconds the gateway's clock is ahead, where nobody has told the time. `joining` says
    in words whether cameras are joined, and why.
    """

    store: str
    now_ms: int
    people: int | None
    went_in: int | None
    went_out: int | None
    waiting: int
    zones: list[LiveZone]
    devices: list[DeviceView]
    storage: StorageUse | None = None
    joining: str = ""
    clock_offset_s: float | None = None
    clock_light: Light = "grey"
    clock_why: str = ""


class StoreFacts(Struct, frozen=True):
    """Where pages get what they show.

    Attributes:
        is_alive: Whether every part of the gateway works.
        why_not_ready: What is missing for the gateway to take events; nothing where it can.
        metrics: Figures for Prometheus.
        now: The store as it is.
    """

    is_alive: Callable[[], bool]
    why_not_ready: Callable[[], list[str]]
    metrics: Callable[[], list[Metric]]
    now: Callable[[], StoreNow]


def operation_handlers(facts: StoreFacts) -> Handlers:
    """Return handlers of `/livez`, `/readyz` and `/metrics`: figures about operation, for anybody in the network."""

    def livez(_: Request) -> Reply:
        return text_reply("alive") if facts.is_alive() else text_reply("a part has died; see the log", 503)

    def readyz(_: Request) -> Reply:
        missing = facts.why_not_ready()
        return text_reply("; ".join(missing), 503) if missing else text_reply("ready")

    def metrics(_: Request) -> Reply:
        return Reply(metrics_text(facts.metrics()).encode(), CONTENT_TYPE)

    return {("GET", "/livez"): livez, ("GET", "/readyz"): readyz, ("GET", "/metrics"): metrics}


def page_handlers(facts: StoreFacts, key: Callable[[], str | None]) -> Handlers:
    """Return handlers of the manager's page: whoever opens it with the key gets a cookie, others see nothing.

    Args:
        facts: Where it gets what it shows.
        key: Returns the key, None: there is none, and so no page.
    """

    def guarded(handler: Handler) -> Handler:
        def answer(request: Request) -> Reply:
            wanted = key()
            if wanted is None:
                return text_reply("there is no page yet; run: shopthread gateway page CONFIG", 404)
            if _same(request.query.get("key", ""), wanted):
                value = f"{_COOKIE}={wanted}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000"
                return Reply(b"", status=303, headers={"Location": "/", "Set-Cookie": value})
            if not _same(_cookie(request.cookie), wanted):
                return text_reply("open this page with the address that `shopthread gateway page` prints", 403)
            return handler(request)

        return answer

    handlers: dict[tuple[str, str], Handler] = {("GET", "/store.json"): guarded(lambda _: json_reply(facts.now()))}
    for path, (name, content_type) in _FILES.items():
        handlers["GET", path] = guarded(_file(PAGES_DIR / name, content_type))
    return handlers


def _file(path: Path, content_type: str) -> Handler:
    return lambda _: Reply(path.read_bytes(), content_type)


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _cookie(header: str) -> str:
    try:
        cookies: Mapping[str, object] = SimpleCookie(header)
    except CookieError:
        return ""
    found = cookies.get(_COOKIE)
    return str(getattr(found, "value", ""))
