"""Reads what is to be scored: files of JSON lines, plain or compressed."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec
import zstandard

from contracts.decoding import decode_json
from contracts.errors import EventRejectedError
from contracts.events import MAX_EVENT_BYTES, decode_event
from simulators.core.scoring.measured import Observation
from simulators.core.scoring.reported import EventFold
from simulators.core.truth import Truth

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

T = TypeVar("T")
_SHOWN = 60
_CHUNK_BYTES = 65_536


class LineError(ValueError):
    """A line of a file is not what it must be.

    Attributes:
        path: The file.
        number: The line, from 1.
    """

    def __init__(self, path: Path, number: int, raw: bytes, problem: str) -> None:
        shown = raw[:_SHOWN].decode(errors="replace") + ("..." if len(raw) > _SHOWN else "")
        super().__init__(f"{path} line {number}: {problem}; got {shown!r}; mend the line or take it out")
        self.path, self.number = path, number


def read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield every line that is not empty, with its number from 1. `.gz` and `.zst` are unpacked.

    Raises:
        OSError: The file cannot be read.
        LineError: It is cut off or damaged, or a line is longer than any event.
    """
    number = 0
    try:
        with closing(_open(path)) as file:
            while line := file.readline(MAX_EVENT_BYTES + 2):
                number += 1
                if len(line) > MAX_EVENT_BYTES and not line.endswith(b"\n"):
                    raise LineError(path, number, line, f"expected at most {MAX_EVENT_BYTES} bytes")
                if line.strip():
                    yield number, line.rstrip(b"\r\n")
    except (gzip.BadGzipFile, EOFError, zlib.error, zstandard.ZstdError) as error:
        raise LineError(path, number + 1, b"", f"the compressed file is cut off or damaged ({error})") from error


def _open(path: Path) -> io.BufferedIOBase:
    if path.suffix == ".gz":
        return gzip.open(path, "rb")
    if path.suffix == ".zst":
        return io.BufferedReader(_ZstdFile(path))
    return path.open("rb")


class _ZstdFile(io.RawIOBase):
    """Unpacks a file of one or more Zstandard frames, and notices when the last one is cut off."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._is_within = False
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer)
        while not self._ready:
            packed = self._frame.unused_data if self._frame.eof else b""
            if self._frame.eof:
                self._frame, self._is_within = zstandard.ZstdDecompressor().decompressobj(), False
            packed = packed or self._file.read(_CHUNK_BYTES)
            if not packed:
                if self._is_within:
                    msg = "the last frame has no end"
                    raise EOFError(msg)
                return 0
            self._ready, self._is_within = self._frame.decompress(packed), True
        taken = min(len(view), len(self._ready))
        view[:taken], self._ready = self._ready[:taken], self._ready[taken:]
        return taken

    def close(self) -> None:
        self._file.close()
        super().close()


def read_structs(path: Path, kind: type[T]) -> tuple[T, ...]:
    """Return what stands in a file, one JSON object a line.

    Raises:
        OSError: The file cannot be read.
        LineError: A line holds something else.
    """
    decoder = msgspec.json.Decoder(kind)
    found = []
    for number, line in read_lines(path):
        try:
            found.append(decode_json(decoder, line))
        except msgspec.MsgspecError as error:
            raise LineError(path, number, line, str(error)) from error
    return tuple(found)


def read_events(path: Path, truth: Truth) -> tuple[Observation, tuple[str, ...]]:
    """Return what a store's events say of the truth's time, and what the reader of the scores must know.

    Args:
        path: CloudEvents, one JSON object a line, as a gateway or the cloud holds them.
        truth: What really happened.

    Raises:
        OSError: The file cannot be read.
        LineError: A line is no event.
        ValueError: The events are of several stores, or none is of the truth's time.
    """
    fold = EventFold()
    for number, line in read_lines(path):
        try:
            fold.add(decode_event(line))
        except EventRejectedError as error:
            raise LineError(path, number, line, str(error)) from error
    return fold.observation(truth)
