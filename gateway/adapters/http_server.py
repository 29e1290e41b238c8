"""A small HTTP server for the store's network: bounded in connections, bodies and time."""

import logging
import ssl
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import msgspec

from gateway.errors import GatewayError

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 65_536
MAX_CONNECTIONS = 64
_IDLE_S = 15.0
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks for."""

    method: str
    path: str
    query: Mapping[str, str]
    cookie: str
    address: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What he gets."""

    body: bytes
    content_type: str = "text/html; charset=utf-8"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Handler: TypeAlias = Callable[[Request], Reply]
Handlers: TypeAlias = Mapping[tuple[str, str], Handler]


def text_reply(text: str, status: int = 200) -> Reply:
    """Return a line of text, such as what is wrong and what to do."""
    return Reply(f"{text}\n".encode(), "text/plain; charset=utf-8", status)


def json_reply(value: object, status: int = 200) -> Reply:
    """Return a value as JSON."""
    return Reply(msgspec.json.encode(value), "application/json", status)


class HttpServer:
    """Serves handlers in threads of its own.

    Args:
        host: IP address to listen on.
        port: TCP port, 0: any free one.
        handlers: By method and path, such as ("GET", "/"). A `GatewayError` of a handler is told (400), another
            exception is logged and answered with 500. Handlers run in several threads.
        tls: Encrypts; None: nothing is encrypted.

    Raises:
        GatewayError: The port is taken.
    """

    def __init__(self, host: str, port: int, handlers: Handlers, tls: ssl.SSLContext | None = None) -> None:
        try:
            self._server = _Server((host, port), handlers, tls)
        except OSError as error:
            msg = f"port {port} of {host} cannot be used: {error.strerror}; choose another http.port"
            raise GatewayError(msg) from error
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="http", daemon=True)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """End, and release the port."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 32

    def __init__(self, address: tuple[str, int], handlers: Handlers, tls: ssl.SSLContext | None) -> None:
        self.handlers, self._tls = dict(handlers), tls
        self._places = threading.BoundedSemaphore(MAX_CONNECTIONS)
        super().__init__(address, _Connection)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the base class has it
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the base class
        try:
            if self._tls is not None:
                request.settimeout(_IDLE_S)
                request = self._tls.wrap_socket(request, server_side=True)
            super().process_request_thread(request, client_address)
        except OSError as error:
            logger.debug("%s went away: %s", client_address, error)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401, ARG002 - as the base class
        error = sys.exception()
        if isinstance(error, OSError):
            logger.debug("%s went away: %s", client_address, error)
        else:
            logger.error("a reply broke off", exc_info=error)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "shopthread"
    sys_version = ""
    timeout: ClassVar[float] = _IDLE_S
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing: a request may hold a secret."""

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        address = urlsplit(self.path)
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdecimal()):
            return self._refuse(text_reply("a request needs a Content-Length", 411))
        if int(length) > MAX_BODY_BYTES:
            return self._refuse(text_reply(f"a request may hold {MAX_BODY_BYTES} bytes, got {length}", 413))
        handler = self.server.handlers.get((self.command, address.path))
        if handler is None:
            is_known = any(path == address.path for _, path in self.server.handlers)
            return self._refuse(text_reply("not this way", 405) if is_known else text_reply("nothing is here", 404))
        query, cookie = dict(parse_qsl(address.query)), self.headers.get("Cookie", "")
        body = self.rfile.read(int(length))
        request = Request(self.command, address.path, query, cookie, str(self.client_address[0]), body)
        return self._send(_reply(handler, request))

    def _refuse(self, reply: Reply) -> None:
        self.close_connection = True  # its body was not read
        self._send(reply)

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in {**_HEADERS, "Content-Type": reply.content_type, **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(reply.body)


def _reply(handler: Handler, request: Request) -> Reply:
    try:
        return handler(request)
    except GatewayError as error:
        return text_reply(str(error), 400)
    except Exception:
        logger.exception("%s %s failed", request.method, request.path)
        return text_reply("this failed in the gateway; its log says why", 500)
