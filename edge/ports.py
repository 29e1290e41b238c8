"""What a camera's agent needs from the world, as protocols. Adapters and the tests' fakes fulfil them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from contracts.events import EventDraft
from contracts.fields import PictureState
from contracts.privacy import UplinkPayload
from edge.core.pipeline import Person

Image: TypeAlias = NDArray[np.uint8]  # (H, W, 3), BGR
Boxes: TypeAlias = NDArray[np.float64]  # (N, 4) as (x1, y1, x2, y2) in frame pixels
Scores: TypeAlias = NDArray[np.float64]  # (N,), 0 to 1
Signature: TypeAlias = NDArray[np.float64]  # (D,), of length 1
Signatures: TypeAlias = NDArray[np.float64]  # (N, D), rows of length 1
Stopped: TypeAlias = Callable[[], bool]
Drafts: TypeAlias = Sequence[EventDraft[UplinkPayload]]


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture, in memory only.

    Attributes:
        image_bgr: Shape (H, W, 3), uint8.
        time_ms: When it was taken, Unix milliseconds; never before the frame before it.
        index: Its number in the source, from 0; frames lost or passed over leave gaps.
        dropped: Frames that should have been seen since the frame before it, and were not.
    """

    image_bgr: Image
    time_ms: int
    index: int
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Silence:
    """Time passed in which a source that should give pictures gave none.

    Attributes:
        time_ms: Now, Unix milliseconds; never before the frame before it.
        since_ms: When the last picture came, or when the first was asked for.
    """

    time_ms: int
    since_ms: int


class FrameSource(Protocol):
    """A camera or a recording."""

    name: str
    """What it is, for people; without a password."""

    def frames(self, stopped: Stopped) -> Iterator[Frame]:
        """Yield frames until the source ends or `stopped` says so; look at it at least every second.

        Raises:
            FeedError: The source can never be opened, such as a file that is not there.
        """
        ...


@runtime_checkable
class LiveSource(Protocol):
    """A source that can fall silent and come back."""

    def looks(self, stopped: Stopped) -> Iterator[Frame | Silence]:
        """Yield as `FrameSource.frames` does, and about every second of a silence that it goes on."""
        ...


class SourceCondition(Struct, frozen=True, kw_only=True):
    """How a source of pictures is doing.

    Attributes:
        clock_offset_ms: The events' clock minus the wall clock; None where the pictures' times are their own.
        bad_pictures: Pictures that could not be decoded or had another shape than the lines are drawn in.
        match_threshold: How alike two tracks must be to be one person's; None where nobody is known again.
        false_match_rate: Expected share of pairs of strangers that are as alike.
    """

    clock_offset_ms: float | None = None
    bad_pictures: int = 0
    match_threshold: float | None = None
    false_match_rate: float | None = None


@runtime_checkable
class ConditionedSource(Protocol):
    """A source that tells how it is doing."""

    def condition(self) -> SourceCondition:
        """Return how it is doing. Safe to call from another thread."""
        ...


class Detector(Protocol):
    """Finds people in a picture."""

    def detect(self, image_bgr: Image) -> tuple[Boxes, Scores]:
        """Return boxes inside the frame, shape (N, 4), and their scores, shape (N,), best first."""
        ...


class Encoder(Protocol):
    """Tells people apart by what they wear. Its signatures stay in the device's memory."""

    def encode(self, image_bgr: Image, boxes_xyxy_px: Boxes) -> Signatures:
        """Return the signatures of the people in boxes, shape (N, D), rows of length 1."""
        ...


class Observation(Struct, frozen=True, kw_only=True):
    """Who is where at one instant.

    Attributes:
        time_ms: When, Unix milliseconds.
        people: Everyone in sight.
        dropped: Frames lost since the observation before.
        looks: Appearance signatures of some of the tracks, by the track's name: shape (D,), of length 1. They stay in
            memory until the day's rotation.
        end_offset_bytes: Where its line ends in an input that can be resumed, else None.
        picture: What the picture shows, None where there is none to judge. Nobody is looked for while it is not good.
        blind_since_ms: Since when it is not good.
        frames: 1, or 0 where time passed without a picture.
    """

    time_ms: int
    people: tuple[Person, ...]
    dropped: int = 0
    looks: Mapping[str, Signature] = field(default_factory=dict)
    end_offset_bytes: int | None = None
    picture: PictureState | None = None
    blind_since_ms: int | None = None
    frames: int = 1


class ObservationSource(Protocol):
    """Anything that tells who is where: a camera with detector and tracker, or a camera that tracks by itself."""

    name: str

    def observations(self, stopped: Stopped) -> Iterator[Observation]:
        """Yield observations until the source ends or `stopped` says so.

        Raises:
            FeedError: The source can never be opened.
        """
        ...


class EventSink(Protocol):
    """Takes events for good: when `emit` returns, they are safe."""

    def emit(self, drafts: Drafts, resume_offset_bytes: int | None = None) -> None:
        """Keep events, in order.

        Args:
            drafts: The events. One that was emitted before, known by its id, is passed over.
            resume_offset_bytes: A restart may begin to read the input here and loses no event; to be
                kept together with the events. None: no such place since the last call.
        """
        ...


class SignatureSink(Protocol):
    """Takes appearance signatures that stay in the store. They are sent at once or lost, and never written down."""

    def send(self, segment_id: str, signature: Signature, time_ms: int) -> None:
        """Send a segment's signature under the day's key; without a key or a way it is lost, and counted.

        Args:
            segment_id: Whose it is.
            signature: As the encoder made it, shape (D,), of length 1.
            time_ms: When it was taken, Unix milliseconds.
        """
        ...
