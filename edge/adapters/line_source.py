"""Where a terminal's or a till's lines come from: standard input, a file, a growing file, a serial line, a TCP port."""

import hashlib
import logging
import os
import selectors
import socket
import sys
import termios
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, Protocol

import serial
from msgspec import Struct

from edge.errors import FeedError

logger = logging.getLogger(__name__)

_POLL_S = 0.1
_BEGINNING_BYTES = 1024
_CHUNK_BYTES = 65_536
_MAX_LINE_BYTES = 262_144
_DEFAULT_BAUD = 9600
_MAX_CLIENTS = 64
_MAX_PORT = 65_535

Stopped = Callable[[], bool]


class Line(Struct, frozen=True):
    """One line without its end, and where it ends in a file that can be resumed (None elsewhere)."""

    text: bytes
    end_offset_bytes: int | None = None


class LineSource(Protocol):
    """A source of lines. It ends when its input ends or when it is told to stop."""

    name: str
    beginning: str
    """Tells the input that is being read from another one of the same name; "" where it cannot be resumed."""

    def lines(self, stopped: Stopped, from_offset_bytes: int = 0, beginning: str = "") -> Iterator[Line]:
        """Yield lines as they come; look at `stopped` at least ten times a second.

        Args:
            stopped: Tells whether to end.
            from_offset_bytes: Where to go on in an input that can be resumed.
            beginning: What `beginning` was there, "" where that is not known. If it is another one now, the input is
                read from its start.

        Raises:
            FeedError: The input cannot be opened, or was lost.
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
        self.beginning = ""
        self._path, self._follow = path, follow

    def lines(self, stopped: Stopped, from_offset_bytes: int = 0, beginning: str = "") -> Iterator[Line]:
        """Yield whole lines with the offset at which each ends; a last line without an end only at the file's end.

        A followed file that was cut or replaced is read on from the start of what is there now. So is one that was
        replaced while nobody read it: its first bytes tell.
        """
        while True:
            with self._open() as file:
                if from_offset_bytes and not _begins_as(file, beginning):
                    logger.warning("%s is another file than before; it is read from its start", self.name)
                    from_offset_bytes = 0
                self.beginning = _beginning(file, from_offset_bytes)
                was_replaced = yield from self._lines_of(file, stopped, from_offset_bytes)
            if not was_replaced:
                return
            from_offset_bytes, beginning = 0, ""

    def _lines_of(self, file: BinaryIO, stopped: Stopped, from_offset_bytes: int) -> Generator[Line, None, bool]:
        """Yield the lines of one file. Returns whether another one has taken its place."""
        size_bytes = file.seek(0, os.SEEK_END)
        offset = file.seek(from_offset_bytes if from_offset_bytes <= size_bytes else 0)
        rest, was_replaced = b"", False
        while not stopped():
            chunk = file.readline(_MAX_LINE_BYTES)
            rest += chunk
            if rest.endswith(b"\n") or len(rest) >= _MAX_LINE_BYTES:
                if offset < _BEGINNING_BYTES:
                    self.beginning = _beginning(file, offset + len(rest))
                offset += len(rest)
                yield Line(rest.rstrip(b"\r\n"), offset)
                rest = b""
            elif not chunk and (was_replaced or not self._follow):
                break
            elif not chunk:
                was_replaced = self._was_replaced(file, offset + len(rest))
                time.sleep(_POLL_S)  # who replaces a file may still write to the old one for a moment
        if rest and (was_replaced or not self._follow):
            yield Line(rest, 0 if was_replaced else offset + len(rest))
        return was_replaced

    def _was_replaced(self, file: BinaryIO, read_bytes: int) -> bool:
        try:
            found, ours = self._path.stat(), os.fstat(file.fileno())
        except FileNotFoundError:
            return False  # between the renaming of the old file and the making of the new one
        return not os.path.samestat(found, ours) or ours.st_size < read_bytes

    def _open(self) -> BinaryIO:
        try:
            return self._path.open("rb")
        except OSError as error:
            msg = f"cannot open the input file {self._path}: {error.strerror}"
            raise FeedError(msg) from error


def _beginning(file: BinaryIO, read_bytes: int) -> str:
    """Return what tells a file from others: how many of its first bytes were read, and their digest."""
    covered = min(read_bytes, _BEGINNING_BYTES)
    return f"{covered}:{hashlib.sha256(os.pread(file.fileno(), covered, 0)).hexdigest()}"


def _begins_as(file: BinaryIO, beginning: str) -> bool:
    covered = beginning.partition(":")[0]
    return not beginning or beginning == _beginning(file, int(covered))


class DescriptorLines:
    """Lines from a file descriptor that can be waited for: standard input or a serial device.

    Args:
        name: How to call it.
        open_descriptor: Returns the descriptor and what closes it.
        may_end: Whether its end is a good end; a serial line's only means that it was unplugged.
    """

    def __init__(
        self, name: str, open_descriptor: Callable[[], tuple[int, Callable[[], None]]], *, may_end: bool
    ) -> None:
        self.name, self._open, self._may_end = name, open_descriptor, may_end
        self.beginning = ""

    def lines(self, stopped: Stopped, from_offset_bytes: int = 0, beginning: str = "") -> Iterator[Line]:  # noqa: ARG002 - no offsets here
        """Yield lines until the other side closes."""
        descriptor, close = self._open()
        buffer = LineBuffer()
        try:
            while not stopped():
                chunk = self._read_ready(descriptor)
                if chunk is None:
                    continue
                if not chunk:
                    break
                yield from (Line(line) for line in buffer.feed(chunk))
            if rest := buffer.flush():
                yield Line(rest)
        finally:
            close()

    def _read_ready(self, descriptor: int) -> bytes | None:
        """Return what is there to read, b"" at the end, None where nothing came in time."""
        try:
            with selectors.SelectSelector() as selector:
                selector.register(descriptor, selectors.EVENT_READ)
                if not selector.select(_POLL_S):
                    return None
            chunk = os.read(descriptor, _CHUNK_BYTES)
        except OSError as error:
            raise self._lost(error.strerror) from error
        if not chunk and not self._may_end:
            reason = "it hung up"
            raise self._lost(reason)
        return chunk

    def _lost(self, reason: str | None) -> FeedError:
        return FeedError(f"lost the input {self.name}: {reason}; check that it is plugged in, and start again")


class TcpLines:
    """Listens on a TCP port; each client sends lines."""

    def __init__(self, host: str, port: int) -> None:
        self.name = f"tcp:{host}:{port}"
        self.beginning = ""
        self._address = (host, port)

    def lines(self, stopped: Stopped, from_offset_bytes: int = 0, beginning: str = "") -> Iterator[Line]:  # noqa: ARG002 - no offsets here
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
                        _accept(selector, listener)
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
        return DescriptorLines("-", _open_stdin, may_end=True)
    if kind in ("file", "follow") and rest:
        return FileLines(Path(rest), follow=kind == "follow")
    if kind == "serial" and rest:
        device, _, baud = rest.partition("@")
        if not baud or baud.isdigit():
            return DescriptorLines(text, lambda: _open_serial(device, int(baud or _DEFAULT_BAUD)), may_end=False)
    if kind == "tcp":
        host, _, port = rest.rpartition(":")
        if host and port.isdigit() and int(port) <= _MAX_PORT:
            return TcpLines(host, int(port))
    msg = f"input must be -, file:PATH, follow:PATH, serial:DEVICE[@BAUD] or tcp:HOST:PORT, got {text!r}"
    raise FeedError(msg)


def _open_stdin() -> tuple[int, Callable[[], None]]:
    if sys.stdin is None or sys.stdin.closed:
        msg = "cannot read standard input, it is closed; name another input, such as serial:DEVICE or tcp:HOST:PORT"
        raise FeedError(msg)
    return sys.stdin.fileno(), lambda: None


def _open_serial(device: str, baud: int) -> tuple[int, Callable[[], None]]:
    try:
        port = serial.Serial(device, baud, timeout=0)
    except (serial.SerialException, ValueError, termios.error) as error:
        msg = f"cannot open the serial line {device} at {baud} baud: {error}; check the device's name and your rights"
        raise FeedError(msg) from error
    return port.fileno(), port.close


def _accept(selector: selectors.BaseSelector, listener: socket.socket) -> None:
    """Take a client in; at the bound the one that came first gives way, as it may be gone without a word."""
    try:
        connection, _peer = listener.accept()
    except ConnectionAbortedError:  # it went while it waited
        return
    clients = [key.fileobj for key in selector.get_map().values() if isinstance(key.data, LineBuffer)]
    if len(clients) >= _MAX_CLIENTS and isinstance(clients[0], socket.socket):
        selector.unregister(clients[0])
        clients[0].close()
    selector.register(connection, selectors.EVENT_READ, LineBuffer())


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
