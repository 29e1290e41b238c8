"""Where a terminal's or a till's lines come from: standard input, a file, a growing file, a serial line, a TCP port."""

import os
import selectors
import socket
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, Protocol

import serial
from msgspec import Struct

from edge.errors import FeedError

_POLL_S = 0.1
_CHUNK_BYTES = 65_536
_MAX_LINE_BYTES = 262_144
_DEFAULT_BAUD = 9600

Stopped = Callable[[], bool]


class Line(Struct, frozen=True):
    """One line without its end, and where it ends in a file that can be resumed (None elsewhere)."""

    text: bytes
    end_offset_bytes: int | None = None


class LineSource(Protocol):
    """A source of lines. It ends when its input ends or when it is told to stop."""

    name: str

    def lines(self, stopped: Stopped, from_offset_bytes: int = 0) -> Iterator[Line]:
        """Yield lines as they come; look at `stopped` at least ten times a second.

        Args:
            stopped: Tells whether to end.
            from_offset_bytes: Where to go on in an input that can be resumed.

        Raises:
            FeedError: The input cannot be opened.
        """
        ...


class LineBuffer:
    """Cuts chunks of bytes into lines. A line that grows beyond all measure is handed over as it is."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that `chunk` completes."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > _MAX_LINE_BYTES:
            lines.append(self.flush())
        return [line.rstrip(b"\r") for line in lines]

    def flush(self) -> bytes:
        """Return what is left without a line end, and forget it."""
        rest, self._rest = self._rest, b""
        return rest


class FileLines:
    """A file of lines, to its end or, with `follow`, as it grows."""

    def __init__(self, path: Path, *, follow: bool) -> None:
        self.name = f"file:{path}"
        self._path, self._follow = path, follow

    def lines(self, stopped: Stopped, from_offset_bytes: int = 0) -> Iterator[Line]:
        """Yield whole lines with the offset at which each ends; a last line without an end only at the file's end."""
        with self._open() as file:
            size_bytes = file.seek(0, os.SEEK_END)
            offset = file.seek(from_offset_bytes if from_offset_bytes <= size_bytes else 0)
            rest = b""
            while not stopped():
                chunk = file.readline(_MAX_LINE_BYTES)
                rest += chunk
                if rest.endswith(b"\n") or len(rest) >= _MAX_LINE_BYTES:
                    offset += len(rest)
                    yield Line(rest.rstrip(b"\r\n"), offset)
                    rest = b""
                elif not chunk and not self._follow:
                    break
                elif not chunk:
                    time.sleep(_POLL_S)
            if rest and not self._follow:
                yield Line(rest, offset + len(rest))

    def _open(self) -> BinaryIO:
        try:
            return self._path.open("rb")
        except OSError as error:
            msg = f"cannot open the input file {self._path}: {error.strerror}"
            raise FeedError(msg) from error


class DescriptorLines:
    """Lines from a file descriptor that can be waited for: standard input or a serial device."""

    def __init__(self, name: str, open_descriptor: Callable[[], tuple[int, Callable[[], None]]]) -> None:
        self.name, self._open = name, open_descriptor

    def lines(self, stopped: Stopped, from_offset_bytes: int = 0) -> Iterator[Line]:  # noqa: ARG002 - no offsets here
        """Yield lines until the other side closes."""
        descriptor, close = self._open()
        buffer = LineBuffer()
        try:
            while not stopped():
                chunk = _read_ready(descriptor)
                if chunk is None:
                    continue
                if not chunk:
                    break
                yield from (Line(line) for line in buffer.feed(chunk))
            if rest := buffer.flush():
                yield Line(rest)
        finally:
            close()


class TcpLines:
    """Listens on a TCP port; each client sends lines."""

    def __init__(self, host: str, port: int) -> None:
        self.name = f"tcp:{host}:{port}"
        self._address = (host, port)

    def lines(self, stopped: Stopped, from_offset_bytes: int = 0) -> Iterator[Line]:  # noqa: ARG002 - no offsets here
        """Yield the lines of every client, in the order in which they come."""
        try:
            listener = socket.create_server(self._address)
        except OSError as error:
            msg = f"cannot listen on {self.name}: {error.strerror}; choose a free port or end its other user"
            raise FeedError(msg) from error
        with closing(listener), selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ)
            while not stopped():
                for key, _ in selector.select(_POLL_S):
                    if key.fileobj is listener:
                        connection, _peer = listener.accept()
                        selector.register(connection, selectors.EVENT_READ, LineBuffer())
                    else:
                        yield from _from_client(selector, key)
            for key in list(selector.get_map().values()):
                if isinstance(key.fileobj, socket.socket):
                    key.fileobj.close()


def line_source(text: str) -> LineSource:
    """Return the source that a configuration's `input` names.

    Raises:
        FeedError: `text` has no known form.
    """
    kind, _, rest = text.partition(":")
    if text == "-":
        return DescriptorLines("-", lambda: (sys.stdin.fileno(), lambda: None))
    if kind in ("file", "follow") and rest:
        return FileLines(Path(rest), follow=kind == "follow")
    if kind == "serial" and rest:
        device, _, baud = rest.partition("@")
        if not baud or baud.isdigit():
            return DescriptorLines(text, lambda: _open_serial(device, int(baud or _DEFAULT_BAUD)))
    if kind == "tcp":
        host, _, port = rest.rpartition(":")
        if host and port.isdigit():
            return TcpLines(host, int(port))
    msg = f"input must be -, file:PATH, follow:PATH, serial:DEVICE[@BAUD] or tcp:HOST:PORT, got {text!r}"
    raise FeedError(msg)


def _open_serial(device: str, baud: int) -> tuple[int, Callable[[], None]]:
    try:
        port = serial.Serial(device, baud, timeout=0)
    except (serial.SerialException, ValueError, termios.error) as error:
        msg = f"cannot open the serial line {device} at {baud} baud: {error}; check the device's name and your rights"
        raise FeedError(msg) from error
    return port.fileno(), port.close


def _read_ready(descriptor: int) -> bytes | None:
    """Return what is there to read, b"" at the end, None where nothing came in time."""
    with selectors.SelectSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        if not selector.select(_POLL_S):
            return None
    return os.read(descriptor, _CHUNK_BYTES)


def _from_client(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> Iterator[Line]:
    connection, buffer = key.fileobj, key.data
    if not isinstance(connection, socket.socket) or not isinstance(buffer, LineBuffer):
        return
    try:
        chunk = connection.recv(_CHUNK_BYTES)
    except OSError:
        chunk = b""
    if chunk:
        yield from (Line(line) for line in buffer.feed(chunk))
        return
    selector.unregister(connection)
    connection.close()
    if rest := buffer.flush():
        yield Line(rest)
