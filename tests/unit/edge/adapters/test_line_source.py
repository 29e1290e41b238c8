"""Lines from every kind of input, by one suite, and what each kind adds."""

import os
import pty
import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from edge.adapters.line_source import Line, LineBuffer, line_source
from edge.errors import FeedError

Feed = Callable[[bytes], None]


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _collect(text: str, feed: Feed, expected: int) -> list[bytes]:
    """Return the lines that a source gives while `feed` writes them."""
    source, stop = line_source(text), threading.Event()
    collected: list[bytes] = []

    def run() -> None:
        collected.extend(line.text for line in source.lines(stop.is_set))

    reader = threading.Thread(target=run)
    reader.start()
    feed(b"one\r\ntwo\n")
    until = time.monotonic() + 60
    while len(collected) < expected and time.monotonic() < until:
        time.sleep(0.01)
    stop.set()
    reader.join(60)
    return collected


def test_a_growing_file(tmp_path: Path):
    path = tmp_path / "lines"
    path.touch()

    def feed(data: bytes) -> None:
        with path.open("ab") as file:
            file.write(data[:5])
            file.flush()
            time.sleep(0.15)
            file.write(data[5:])

    assert _collect(f"follow:{path}", feed, 2) == [b"one", b"two"]


def test_a_tcp_port_takes_lines_from_several_clients():
    port = _free_port()

    def feed(data: bytes) -> None:
        until = time.monotonic() + 60
        for part in (data, b"three"):
            while True:
                try:
                    with socket.create_connection(("127.0.0.1", port)) as client:
                        client.sendall(part)
                    break
                except ConnectionRefusedError:
                    assert time.monotonic() < until
                    time.sleep(0.02)

    assert sorted(_collect(f"tcp:127.0.0.1:{port}", feed, 3)) == [b"one", b"three", b"two"]


def test_a_serial_line():
    ours, theirs = pty.openpty()

    def feed(data: bytes) -> None:
        time.sleep(0.3)
        os.write(ours, data.replace(b"\r", b""))

    assert _collect(f"serial:{os.ttyname(theirs)}@115200", feed, 2) == [b"one", b"two"]
    os.close(ours)
    os.close(theirs)


def test_standard_input(monkeypatch: pytest.MonkeyPatch):
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)

        def feed(data: bytes) -> None:
            os.write(writing, data + b"rest")
            os.close(writing)

        assert _collect("-", feed, 3) == [b"one", b"two", b"rest"]


def test_a_file_ends_and_can_be_resumed_at_each_offset(tmp_path: Path):
    path = tmp_path / "lines"
    path.write_bytes(b"one\r\ntwo\nrest")
    lines = list(line_source(f"file:{path}").lines(lambda: False))
    assert lines == [Line(b"one", 5), Line(b"two", 9), Line(b"rest", 13)]
    for done, line in enumerate(lines):
        assert line.end_offset_bytes is not None
        assert list(line_source(f"file:{path}").lines(lambda: False, line.end_offset_bytes)) == lines[done + 1 :]


def test_a_file_that_was_replaced_by_a_shorter_one_is_read_from_its_start(tmp_path: Path):
    path = tmp_path / "lines"
    path.write_bytes(b"new\n")
    assert list(line_source(f"file:{path}").lines(lambda: False, 999)) == [Line(b"new", 4)]


def test_a_line_beyond_all_measure_is_handed_over_in_pieces():
    buffer = LineBuffer()
    assert buffer.feed(b"x" * 300_000) == [b"x" * 300_000]
    assert buffer.flush() == b""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "input must be"),
        ("tcp:1234", "input must be"),
        ("tcp:host:port", "input must be"),
        ("serial:/dev/tty@fast", "input must be"),
        ("usb:1", "input must be"),
        ("file:/none/such", "cannot open the input file /none/such"),
        ("serial:/dev/none-such", "cannot open the serial line /dev/none-such"),
        ("tcp:256.0.0.1:80", "cannot listen"),
        ("tcp:127.0.0.1:65536", "input must be"),
    ],
)
def test_an_input_that_cannot_be_opened_is_named(text: str, words: str):
    with pytest.raises(FeedError, match=words):
        next(line_source(text).lines(lambda: False))


def test_a_port_in_use_is_named():
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(FeedError, match=f"cannot listen on tcp:127.0.0.1:{port}"):
            next(line_source(f"tcp:127.0.0.1:{port}").lines(lambda: False))


@pytest.mark.parametrize("cut", [True, False], ids=["cut", "replaced"])
def test_a_followed_file_that_is_cut_or_replaced_is_read_on_from_its_new_start(tmp_path: Path, cut: bool):
    path = tmp_path / "lines"
    path.write_bytes(b"zero zero zero zero\n")

    def feed(data: bytes) -> None:
        time.sleep(0.3)
        if not cut:
            path.rename(tmp_path / "old")
            time.sleep(0.2)
        path.write_bytes(b"")
        time.sleep(0.4)
        with path.open("ab") as file:
            file.write(data)

    assert _collect(f"follow:{path}", feed, 3) == [b"zero zero zero zero", b"one", b"two"]


def test_the_last_words_to_a_file_that_was_renamed_are_not_lost(tmp_path: Path):
    path = tmp_path / "lines"
    old = path.open("ab", buffering=0)

    def feed(data: bytes) -> None:
        time.sleep(0.3)
        path.rename(tmp_path / "old")
        old.write(b"old\nrest")
        old.close()
        path.write_bytes(data)

    assert _collect(f"follow:{path}", feed, 4) == [b"old", b"rest", b"one", b"two"]


def test_a_serial_line_that_is_unplugged_is_named():
    ours, theirs = pty.openpty()
    name = os.ttyname(theirs)
    os.close(theirs)
    lines = line_source(f"serial:{name}").lines(lambda: False)
    threading.Timer(0.3, os.close, (ours,)).start()
    with pytest.raises(FeedError, match=f"lost the input serial:{name}"):
        next(lines)


def test_a_closed_standard_input_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(FeedError, match="standard input"):
        next(line_source("-").lines(lambda: False))


def test_clients_that_never_leave_give_way_to_new_ones():
    port = _free_port()
    clients: list[socket.socket] = []

    def feed(data: bytes) -> None:
        time.sleep(0.3)
        clients.extend(socket.create_connection(("127.0.0.1", port)) for _ in range(70))
        clients[-1].sendall(data)

    assert _collect(f"tcp:127.0.0.1:{port}", feed, 2) == [b"one", b"two"]
    assert clients[0].recv(1) == b""
    for client in clients:
        client.close()


@pytest.mark.parametrize("length", [3, 400])
def test_a_file_that_was_replaced_while_nobody_read_is_read_from_its_start(
    tmp_path: Path, length: int, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "lines.txt"
    path.write_bytes(b"".join(b"old %d\n" % number for number in range(length)))
    source = line_source(f"file:{path}")
    kept = [(line.end_offset_bytes, source.beginning) for line in source.lines(lambda: False)]
    path.write_bytes(b"".join(b"new %d\n" % number for number in range(2 * length)))
    for offset, beginning in kept:
        again = list(line_source(f"file:{path}").lines(lambda: False, offset or 0, beginning))
        assert again[0].text == b"new 0"
        assert len(again) == 2 * length
    assert "is another file than before; it is read from its start" in caplog.text


@pytest.mark.parametrize("length", [3, 400])
def test_a_file_that_only_grew_goes_on_where_it_was(tmp_path: Path, length: int) -> None:
    path = tmp_path / "lines.txt"
    path.write_bytes(b"".join(b"old %d\n" % number for number in range(length)))
    source = line_source(f"file:{path}")
    kept = [(line.end_offset_bytes, source.beginning) for line in source.lines(lambda: False)]
    with path.open("ab") as file:
        file.write(b"more\n")
    for number, (offset, beginning) in enumerate(kept):
        again = list(line_source(f"file:{path}").lines(lambda: False, offset or 0, beginning))
        assert [line.text for line in again] == [b"old %d" % rest for rest in range(number + 1, length)] + [b"more"]


def test_what_an_earlier_version_kept_is_trusted(tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_bytes(b"one\ntwo\n")
    assert [line.text for line in line_source(f"file:{path}").lines(lambda: False, 4)] == [b"two"]
