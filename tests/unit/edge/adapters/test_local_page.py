import http.client
import logging
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.adapters import local_page
from edge.adapters.local_page import Handlers, LocalPage, Reply, Request, json_reply, new_token, page_files
from edge.errors import EdgeError, FeedError

TOKEN = "secret-token"  # nothing is secret here


def fail(_: Request) -> Reply:
    raise ZeroDivisionError


def refuse(_: Request) -> Reply:
    msg = "no frame 7; choose 0 to 3"
    raise FeedError(msg)


ECHO: Handlers = {
    ("GET", "/"): lambda _: Reply(b"<p>hello</p>"),
    ("GET", "/query"): lambda request: json_reply(dict(request.query)),
    ("POST", "/body"): lambda request: Reply(request.body, "text/plain"),
    ("GET", "/fail"): fail,
    ("GET", "/refuse"): refuse,
}


@pytest.fixture
def page() -> Iterator[LocalPage]:
    with LocalPage(ECHO, token=TOKEN) as served:
        yield served


def ask(
    page: LocalPage,
    path: str,
    method: str = "GET",
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    with_cookie: bool = True,
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=60)
    cookie = {"Cookie": f"page_{page.port}={TOKEN}"} if with_cookie else {}
    connection.request(method, path, body, {**cookie, **(headers or {})})
    reply = connection.getresponse()
    text = reply.read()
    connection.close()
    return reply, text


def test_the_printed_address_opens_the_page_and_gives_a_cookie_for_the_rest(page: LocalPage) -> None:
    assert page.url == f"http://127.0.0.1:{page.port}/?token={TOKEN}"
    reply, body = ask(page, f"/?token={TOKEN}", with_cookie=False)
    assert (reply.status, body) == (200, b"<p>hello</p>")
    cookie = reply.headers["Set-Cookie"]
    assert cookie == f"page_{page.port}={TOKEN}; Path=/; HttpOnly; SameSite=Strict"
    assert ask(page, "/", headers={"Cookie": cookie.partition(";")[0]}, with_cookie=False)[0].status == 200


@pytest.mark.parametrize("path", ["/", "/?token=", "/?token=other", "/nowhere", "/?token=secret-toke"])
def test_without_the_secret_nothing_is_told_not_even_what_there_is(page: LocalPage, path: str) -> None:
    reply, body = ask(page, path, with_cookie=False)
    assert reply.status == 403
    assert b"the command printed" in body
    assert "Set-Cookie" not in reply.headers


@pytest.mark.parametrize("cookie", ["page_1=secret-token", "page_{port}=other", "\x01=\x02;;", "page_{port}"])
def test_a_wrong_cookie_opens_nothing(page: LocalPage, cookie: str) -> None:
    headers = {"Cookie": cookie.format(port=page.port)}
    assert ask(page, "/", headers=headers, with_cookie=False)[0].status == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
def test_a_name_that_leads_here_from_elsewhere_is_refused(page: LocalPage, host: str) -> None:
    assert ask(page, f"/?token={TOKEN}", headers={"Host": host})[0].status == 403


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://127.0.0.1:1"}, {"Origin": "null"}, {"Sec-Fetch-Site": "same-site"}],
)
def test_another_page_on_this_device_cannot_use_the_cookie(page: LocalPage, headers: dict[str, str]) -> None:
    assert ask(page, "/body", "POST", b"x", headers)[0].status == 403


def test_the_page_itself_may_post(page: LocalPage) -> None:
    headers = {"Origin": f"http://127.0.0.1:{page.port}", "Sec-Fetch-Site": "same-origin"}
    assert ask(page, "/body", "POST", b"x", headers)[1] == b"x"
    assert ask(page, "/", headers={"Host": f"localhost:{page.port}"})[0].status == 200


def test_it_listens_on_the_loopback_address_alone(page: LocalPage) -> None:
    assert page._server.server_address == ("127.0.0.1", page.port)


def test_replies_are_never_kept_and_load_nothing_from_elsewhere(page: LocalPage) -> None:
    for path in ("/", "/nowhere", "/fail"):
        headers = ask(page, path)[0].headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["Content-Security-Policy"].startswith("default-src 'self'")
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_the_query_comes_without_the_secret(page: LocalPage) -> None:
    assert ask(page, f"/query?i=3&token={TOKEN}&empty=")[1] == b'{"i":"3","empty":""}'


def test_head_is_get_without_a_body(page: LocalPage) -> None:
    reply, body = ask(page, "/", "HEAD")
    assert (reply.status, reply.headers["Content-Length"], body) == (200, "12", b"")


def test_unknown_paths_and_methods(page: LocalPage) -> None:
    assert ask(page, "/nowhere")[0].status == 404
    reply, _ = ask(page, "/", "POST", b"")
    assert (reply.status, reply.headers["Allow"]) == (405, "GET, HEAD")
    assert [ask(page, "/body", method)[0].headers["Allow"] for method in ("PUT", "DELETE")] == ["POST", "POST"]


def test_bodies_are_bounded(page: LocalPage) -> None:
    most = b"x" * local_page.MAX_BODY_BYTES
    assert ask(page, "/body", "POST", most)[1] == most
    assert ask(page, "/body", "POST", b"", {"Content-Length": "1000001"})[0].status == 413
    assert ask(page, "/body", "POST", b"", {"Content-Length": "-1"})[0].status == 411
    assert ask(page, "/body", "POST", b"", {"Transfer-Encoding": "chunked"})[0].status == 411


def test_a_handlers_error_is_told_with_its_remedy(page: LocalPage) -> None:
    reply, body = ask(page, "/refuse")
    assert (reply.status, body) == (400, b"no frame 7; choose 0 to 3\n")


def test_a_handlers_mistake_is_logged_and_told_in_one_line(page: LocalPage, caplog: pytest.LogCaptureFixture) -> None:
    reply, body = ask(page, "/fail")
    assert (reply.status, body.count(b"\n")) == (500, 1)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert TOKEN not in caplog.text


def test_a_stream_ends_when_its_reader_goes_away_and_when_the_page_ends() -> None:
    ended = threading.Semaphore(0)

    def numbers() -> Iterator[bytes]:
        try:
            while True:
                yield b"x" * 100_000
        finally:
            ended.release()

    def one_reader(page: LocalPage) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=60)
        connection.request("GET", f"/?token={TOKEN}")
        reply = connection.getresponse()
        assert reply.read(10) == b"x" * 10
        reply.close()
        return connection

    with LocalPage({("GET", "/"): lambda _: Reply(numbers(), "text/plain")}, token=TOKEN) as page:
        one_reader(page).close()
        assert ended.acquire(timeout=60)
        assert ask(page, "/", "HEAD")[1] == b""
        reader = one_reader(page)
    assert ended.acquire(timeout=60)
    reader.close()


def test_more_browsers_than_it_serves_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_page, "MAX_CONNECTIONS", 1)
    with LocalPage(ECHO, token=TOKEN) as page:
        with socket.create_connection(("127.0.0.1", page.port), timeout=60) as first:
            first.sendall(b"GET /")
            threading.Event().wait(0.3)
            with socket.create_connection(("127.0.0.1", page.port), timeout=60) as second:
                assert second.recv(1) == b""
        for _ in range(300):
            try:
                assert ask(page, "/")[0].status == 200
                break
            except (http.client.RemoteDisconnected, ConnectionResetError):
                threading.Event().wait(0.1)
        else:
            pytest.fail("the place of the first was never given free")


def test_a_port_that_is_taken_is_named(page: LocalPage) -> None:
    with pytest.raises(EdgeError, match=f"port {page.port} .* choose another"):
        LocalPage({}, port=page.port, token=TOKEN)


def test_every_run_has_another_secret() -> None:
    assert len({new_token() for _ in range(100)}) == 100
    assert all(len(new_token()) >= 32 for _ in range(3))


def test_a_pages_files_are_served_with_their_kinds(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<p>", encoding="utf-8")
    (tmp_path / "page.js").write_text("1", encoding="utf-8")
    with LocalPage(page_files(tmp_path), token=TOKEN) as page:
        kinds = {path: ask(page, path)[0].headers["Content-Type"] for path in ("/", "/page.js", "/common.css")}
    assert kinds == {
        "/": "text/html; charset=utf-8",
        "/page.js": "text/javascript; charset=utf-8",
        "/common.css": "text/css; charset=utf-8",
    }


@pytest.mark.parametrize("name", ["notes.txt", "common.css"])
def test_a_file_that_cannot_be_served_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("", encoding="utf-8")
    with pytest.raises(ValueError, match=name):
        page_files(tmp_path)
