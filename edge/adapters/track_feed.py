"""Tracks from a camera that finds and follows people by itself, or from a simulated one.

JSON lines `{"t_ms": 1, "tracks": [{"id": "a", "x_m": 1.0, "y_m": 2.0, "confidence": 0.9}]}`: where
everyone in sight stands, in floor metres. A camera that knows what people look like adds `"signatures": [{"id": "a",
"signature": "..."}]`: signed bytes in Base64, such that strangers' are at right angles on average. `{"end": true}` says
that nothing more will come.
"""

from collections.abc import Callable, Iterator
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from contracts.decoding import decode_json
from contracts.fields import Name, Share, TimeMs
from edge.adapters.line_source import LineSource
from edge.core.pipeline import Person
from edge.core.rotation import dequantize
from edge.errors import BadInputError
from edge.ports import Observation, Signature, Stopped

Metres = Annotated[float, Meta(ge=-1e6, le=1e6)]  # no floor is larger, and squares of it stay finite


class _FeedTrack(Struct, frozen=True):
    id: Name
    x_m: Metres
    y_m: Metres
    confidence: Share = 1.0


class _FeedSignature(Struct, frozen=True):
    id: Name
    signature: Annotated[bytes, Meta(min_length=1, max_length=4096)]


class _FeedLine(Struct, frozen=True):
    t_ms: TimeMs | None = None
    tracks: tuple[_FeedTrack, ...] = ()
    signatures: tuple[_FeedSignature, ...] = ()
    end: bool = False


class BadLine(Struct, frozen=True):
    """A line that could not be used: its bytes, why, and where it ends (None where that is not known)."""

    text: bytes
    reason: str
    end_offset_bytes: int | None


_NOT_KEPT = b"(a line with signatures: not kept)"
_DECODER = msgspec.json.Decoder(_FeedLine)


class TrackFeed:
    """Reads tracks line by line; a line that cannot be used is reported, and reading goes on.

    Args:
        lines: Where the lines come from.
        on_bad_line: Called with each line that could not be used.
        from_offset_bytes: Where to begin, as reported in `Observation.end_offset_bytes` before.
        from_beginning: What `beginning` was then.
    """

    def __init__(
        self,
        lines: LineSource,
        on_bad_line: Callable[[BadLine], None],
        from_offset_bytes: int = 0,
        from_beginning: str = "",
    ) -> None:
        self.name = lines.name
        self.bad_lines = 0
        self._lines, self._on_bad_line = lines, on_bad_line
        self._from_offset_bytes, self._from_beginning = from_offset_bytes, from_beginning

    @property
    def beginning(self) -> str:
        """Return what tells the input from another one of the same name."""
        return self._lines.beginning

    def observations(self, stopped: Stopped) -> Iterator[Observation]:
        """See `ObservationSource.observations`."""
        before_ms = 0
        bad = 0
        for line in self._lines.lines(stopped, self._from_offset_bytes, self._from_beginning):
            if not line.text.strip():
                continue
            try:
                parsed = _parse(line.text, before_ms)
            except BadInputError as error:
                bad += 1
                self.bad_lines += 1
                self._on_bad_line(BadLine(_fit_to_keep(line.text), str(error), line.end_offset_bytes))
                continue
            if parsed is None:
                return
            before_ms = parsed.time_ms
            yield replace(parsed, dropped=bad, end_offset_bytes=line.end_offset_bytes)
            bad = 0


def _fit_to_keep(text: bytes) -> bytes:
    """Return a line as it may be kept on disk: nothing of one that may hold signatures."""
    return _NOT_KEPT if b"signature" in text else text


def _parse(text: bytes, before_ms: int) -> Observation | None:
    """Return what a line says, None for the line that ends the feed.

    Raises:
        BadInputError: The line is unusable; the message says why.
    """
    try:
        line = decode_json(_DECODER, text)
    except msgspec.MsgspecError as error:
        raise BadInputError(str(error)) from error
    if line.end:
        return None
    if line.t_ms is None:
        msg = "t_ms is missing"
        raise BadInputError(msg)
    if line.t_ms < before_ms:
        msg = f"t_ms went back from {before_ms} to {line.t_ms}"
        raise BadInputError(msg)
    if len({track.id for track in line.tracks}) < len(line.tracks):
        msg = f"each id may occur once in a line, got {sorted(track.id for track in line.tracks)}"
        raise BadInputError(msg)
    return Observation(
        time_ms=line.t_ms,
        people=tuple(Person(track.id, (track.x_m, track.y_m), track.confidence) for track in line.tracks),
        looks={each.id: _signature(each) for each in line.signatures},
    )


def _signature(told: _FeedSignature) -> Signature:
    """Return a signature as an encoder would give it, shape (D,), of length 1.

    Raises:
        BadInputError: It is 0.
    """
    try:
        return dequantize(told.signature)
    except ValueError as error:
        msg = f"{told.id!r}: {error}"
        raise BadInputError(msg) from error
