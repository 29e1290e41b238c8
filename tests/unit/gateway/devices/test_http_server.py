"""The gateway's HTTP server against clients that do what they should not."""

import socket
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from gateway.adapters import http_server
from gateway.adapters.http_server import HttpServer, Reply, Request, json_reply
from gateway.errors import GatewayError


def _hello(request: Request) -> Reply:
    return json_reply({"query": dict(request.query), "body": request.body.decode(), "cookie": request.cookie})


def _refuse(_: Request) -> Reply:
    msg = "not today; come tomorrow"
    raise GatewayError(msg)


def _break(_: Request) -> Reply:
    msg = "secret detail"
    raise RuntimeError(msg)


@pytest.fixture
def server() -> Iterator[HttpServer]:
    handlers = {("GET", "/hello"): _hello, ("POST", "/hello"): _hello, ("GET", "/no"): _refuse, ("GET", "/bad"): _break}
    made = HttpServer("127.0.0.1", 0, handlers)
    made.start()
    yield made
    made.stop()


def _ask(server: HttpServer, method: str, path: str, body: str = "", **headers: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_handlers_get_what_was_asked(server: HttpServer):
    assert _ask(server, "POST", "/hello?a=1", "text", Cookie="c=2") == (
        200,
        '{"query":{"a":"1"},"body":"text","cookie":"c=2"}',
    )


def test_what_is_not_there_is_told(server: HttpServer):
    assert _ask(server, "GET", "/nothing") == (404, "nothing is here\n")
    assert _ask(server, "POST", "/no") == (405, "not this way\n")
    assert _ask(server, "GET", "/no") == (400, "not today; come tomorrow\n")
    assert _ask(server, "GET", "/bad") == (500, "this failed in the gateway; its log says why\n")


def test_bodies_are_bounded(server: HttpServer):
    assert _ask(server, "POST", "/hello", "", **{"Content-Length": "65537"})[0] == 413
    assert _ask(server, "POST", "/hello", "", **{"Content-Length": "x"})[0] == 411
    assert _ask(server, "POST", "/hello", "", **{"Transfer-Encoding": "chunked", "Content-Length": "0"})[0] == 411


def test_connections_are_bounded_and_places_come_back(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http_server, "MAX_CONNECTIONS", 1)
    server = HttpServer("127.0.0.1", 0, {("GET", "/hello"): _hello})
    server.start()
    try:
        with socket.create_connection(("127.0.0.1", server.port), 20) as first:
            first.sendall(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
            assert first.recv(10)
            with socket.create_connection(("127.0.0.1", server.port), 20) as second:
                assert second.recv(10) == b"", "there is no place for a second one"
        for _ in range(100):
            try:
                assert _ask(server, "GET", "/hello")[0] == 200
                break
            except OSError:
                continue
    finally:
        server.stop()


def test_a_client_that_breaks_off_ends_nothing(server: HttpServer):
    with socket.create_connection(("127.0.0.1", server.port), 20) as client:
        client.sendall(b"POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab")
    assert _ask(server, "GET", "/hello")[0] == 200


def test_a_port_that_is_taken_is_told(server: HttpServer):
    with pytest.raises(GatewayError, match=r"choose another http\.port"):
        HttpServer("127.0.0.1", server.port, {})
    HttpServer("127.0.0.1", 0, {}).stop()
