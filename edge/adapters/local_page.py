"""Pages for the operator in front of the device: on 127.0.0.1 alone, behind a secret that dies with the command.

A page is `LocalPage(handlers, token=new_token())`. Whoever opens its `url` gets a cookie; every other request is
refused, so that no other program's page and no other host can look at what is shown.
"""

import hmac
import logging
import secrets
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, TypeAlias, cast
from urllib.parse import parse_qsl, urlsplit

import msgspec

from edge.errors import EdgeError

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 1_000_000
MAX_CONNECTIONS = 32
PAGES_DIR = Path(__file__).resolve().parent.parent / "pages"

_HOSTS = ("127.0.0.1", "localhost")
_IDLE_S = 30.0
_END_S = 2.0
_TEXT = "text/plain; charset=utf-8"
_CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Request:
    """What a browser asks for; the secret is no part of the query."""

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What it gets. A body of many pieces is sent piece by piece until it ends or nobody reads it."""

    body: bytes | Iterator[bytes]
    content_type: str = "text/html; charset=utf-8"
    status: int = 200


Handler: TypeAlias = Callable[[Request], Reply]
Handlers: TypeAlias = Mapping[tuple[str, str], Handler]


def new_token() -> str:
    """Return a secret for one run of a page."""
    return secrets.token_urlsafe(24)


def text_reply(text: str, status: int = 200) -> Reply:
    """Return one line of text, such as what is wrong and what to do."""
    return Reply(f"{text}\n".encode(), _TEXT, status)


def json_reply(value: object, status: int = 200) -> Reply:
    """Return a value as JSON."""
    return Reply(msgspec.json.encode(value), "application/json", status)


def page_files(*folders: Path) -> dict[tuple[str, str], Handler]:
    """Return handlers for the files of a page: `index.html` is `/`, every other file its name.

    Args:
        folders: Of `edge/pages`; what all pages share (`/common.css`, `/common.js`) is added.

    Raises:
        ValueError: A file's kind is not known, or two have the same name.
    """
    handlers: dict[tuple[str, str], Handler] = {}
    for folder in (PAGES_DIR / "common", *folders):
        for path in sorted(folder.iterdir()):
            name = "/" if path.name == "index.html" else f"/{path.name}"
            if path.suffix not in _CONTENT_TYPES or ("GET", name) in handlers:
                msg = f"page file {path}: need one of {', '.join(_CONTENT_TYPES)}, each name once"
                raise ValueError(msg)
            handlers["GET", name] = _file_handler(path)
    return handlers


def _file_handler(path: Path) -> Handler:
    content_type = _CONTENT_TYPES[path.suffix]
    return lambda _: Reply(path.read_bytes(), content_type)


class LocalPage:
    """Serves a page while its block runs, in threads of its own.

    Args:
        handlers: By method and path, such as ("GET", "/"). GET answers HEAD too. An `EdgeError` of a handler is shown
            to the operator (400), another exception is logged and answered with 500. Handlers run in several threads.
        port: Where; 0: any free one.
        token: The secret, from `new_token`.

    Raises:
        EdgeError: The port is taken.
    """

    def __init__(self, handlers: Handlers, *, port: int = 0, token: str) -> None:
        try:
            self._server = _Server(handlers, port, token)
        except OSError as error:
            msg = f"port {port} of 127.0.0.1 cannot be used: {error.strerror}; choose another, or 0 for any free one"
            raise EdgeError(msg) from error
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/?token={token}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="local page", daemon=True)

    def __enter__(self) -> "LocalPage":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.end_connections()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 16

    def __init__(self, handlers: Handlers, port: int, token: str) -> None:
        self.handlers, self.token = dict(handlers), token
        self._guard = threading.Lock()
        self._connections: dict[socket.socket, threading.Thread] = {}
        super().__init__(("127.0.0.1", port), _Connection)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the base class has it
        thread = threading.Thread(target=self._serve, args=(request, client_address), daemon=True)
        with self._guard:
            is_full = len(self._connections) >= MAX_CONNECTIONS
            if not is_full:
                self._connections[request] = thread
        if is_full:
            self.shutdown_request(request)
        else:
            thread.start()

    def _serve(self, request: socket.socket, client_address: object) -> None:
        try:
            self.process_request_thread(request, cast("Any", client_address))
        finally:
            with self._guard:
                self._connections.pop(request, None)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401, ARG002 - as the base class
        error = sys.exception()
        if isinstance(error, OSError):
            logger.debug("a browser went away: %s", error)
        else:
            logger.error("a reply broke off", exc_info=error)

    def end_connections(self) -> None:
        """Wake up every thread that waits for a browser, and wait for it to end."""
        with self._guard:
            open_now = dict(self._connections)
        for connection in open_now:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                logger.debug("a browser had gone already")
        for thread in open_now.values():
            thread.join(_END_S)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "shopthread"
    sys_version = ""
    timeout: ClassVar[float] = _IDLE_S
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing: the first line of a request may hold the secret."""

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def _answer(self) -> None:
        address = urlsplit(self.path)
        query = dict(parse_qsl(address.query, keep_blank_values=True))
        is_new = hmac.compare_digest(query.pop("token", "").encode(), self.server.token.encode())
        refused = self._refusal(is_new) or self._wrong_body()
        if refused is not None:
            self.close_connection = True  # its body was not read
            self._send(refused)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self._send(self._reply(Request(self.command, address.path, query, body)), set_cookie=is_new)

    def _refusal(self, is_new: bool) -> Reply | None:
        """Return why a browser may not see the page."""
        host, _, _ = self.headers.get("Host", "").partition(":")
        if host not in _HOSTS:
            return text_reply(f"this page is served as {' or '.join(_HOSTS)} only", 403)
        if is_new:
            return None
        if not self._has_cookie():
            return text_reply("open this page with the whole address that the command printed", 403)
        origin, site = self.headers.get("Origin"), self.headers.get("Sec-Fetch-Site", "none")
        own = [f"http://{name}:{self.server.server_address[1]}" for name in _HOSTS]
        if site not in ("same-origin", "none") or (origin is not None and origin not in own):
            return text_reply("another page asked for this; open it with the address that the command printed", 403)
        return None

    def _has_cookie(self) -> bool:
        try:
            cookies = SimpleCookie(self.headers.get("Cookie", ""))
        except CookieError:
            return False
        cookie = cookies.get(self._cookie_name())
        return cookie is not None and hmac.compare_digest(cookie.value.encode(), self.server.token.encode())

    def _cookie_name(self) -> str:
        return f"page_{self.server.server_address[1]}"  # cookies know no ports

    def _wrong_body(self) -> Reply | None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdecimal()):
            return text_reply("a request needs a Content-Length", 411)
        if int(length) > MAX_BODY_BYTES:
            return text_reply(f"a request may hold {MAX_BODY_BYTES} bytes, got {length}", 413)
        return None

    def _reply(self, request: Request) -> Reply:
        method = "GET" if request.method == "HEAD" else request.method
        handler = self.server.handlers.get((method, request.path))
        if handler is None:
            allowed = self._allowed(request.path)
            return text_reply("this method is not allowed here", 405) if allowed else text_reply("no such page", 404)
        try:
            return handler(request)
        except EdgeError as error:
            return text_reply(str(error), 400)
        except Exception:
            logger.exception("%s %s failed", request.method, request.path)
            return text_reply("this failed in the command; its log says why", 500)

    def _allowed(self, path: str) -> list[str]:
        methods = {method for method, known in self.server.handlers if known == path}
        return sorted(methods | ({"HEAD"} if "GET" in methods else set()))

    def _send(self, reply: Reply, *, set_cookie: bool = False) -> None:
        self.send_response(reply.status)
        for name, value in {**_HEADERS, "Content-Type": reply.content_type}.items():
            self.send_header(name, value)
        if reply.status == 405:  # noqa: PLR2004 - method not allowed
            self.send_header("Allow", ", ".join(self._allowed(urlsplit(self.path).path)))
        if set_cookie:
            cookie = f"{self._cookie_name()}={self.server.token}; Path=/; HttpOnly; SameSite=Strict"
            self.send_header("Set-Cookie", cookie)
        if isinstance(reply.body, bytes):
            self.send_header("Content-Length", str(len(reply.body)))
        if not isinstance(reply.body, bytes) or self.close_connection:
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        self._send_body(reply.body)

    def _send_body(self, body: bytes | Iterator[bytes]) -> None:
        if isinstance(body, bytes):
            if self.command != "HEAD":
                self.wfile.write(body)
            return
        try:
            if self.command != "HEAD":
                for piece in body:
                    self.wfile.write(piece)
        finally:
            if (close := getattr(body, "close", None)) is not None:
                close()  # a generator that waits for its next reader ends now
