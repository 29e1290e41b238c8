"""Enrols a uniform from a recording: the colours of the clothes of those whom the operator names."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from contracts.payloads import VisitSegment
from edge.adapters.camera import CameraClock
from edge.camera_settings import CameraConfig
from edge.core.uniform import UniformModel
from edge.replay import RecordedEvents, replay
from edge.uniforms import UniformViews
from models.registry import ModelRegistry


@dataclass(frozen=True, slots=True)
class FilmedTrack:
    """Somebody in a recording: the track's number, good views of it, and its time in staff zones, seconds."""

    number: int
    views: int
    staff_zone_s: float


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Who is in a recording, whose clothes were enrolled, and as what."""

    tracks: tuple[FilmedTrack, ...]
    enrolled: tuple[int, ...]
    model: UniformModel


def enrol_uniform(
    config: CameraConfig, video: Path, clock: CameraClock, registry: ModelRegistry, tracks: Sequence[int] = ()
) -> Enrolment:
    """Return the uniform of those in a recording who are named, or who are in staff zones for most of their time.

    Args:
        config: The camera's configuration; its source is replaced.
        video: The recording.
        clock: Only its steady time is used.
        registry: Where the models are found.
        tracks: Whose clothes to enrol; empty: of those in staff zones.

    Raises:
        EdgeError: The configuration or the recording cannot be used, or nobody can be enrolled.
        ModelError: There is no such model, or it is refused.
    """
    views = UniformViews()
    times = _staff_zone_times(replay(config, video, clock, registry, on_tracked=views.look))
    filmed = tuple(
        FilmedTrack(number, count, times.get(number, (0.0, 0.0))[0]) for number, count in views.counts().items()
    )
    in_zones = tuple(each.number for each in filmed if each.staff_zone_s > times.get(each.number, (0.0, 0.0))[1] / 2)
    enrolled = tuple(tracks) or in_zones
    return Enrolment(filmed, enrolled, views.enrol(enrolled))


def _staff_zone_times(events: RecordedEvents) -> dict[int, tuple[float, float]]:
    """Return each track's time in staff zones and in view, seconds, by its number."""
    times: dict[int, tuple[float, float]] = {}
    for event in events.events:
        segment = event.data
        if isinstance(segment, VisitSegment) and segment.phase == "closed":
            number = int(segment.track_id.rpartition("-")[2])
            there_s, view_s = times.get(number, (0.0, 0.0))
            there_s += sum(
                ((segment.updated_ms if stay.left_ms is None else stay.left_ms) - stay.entered_ms) / 1000
                for stay in segment.stays
                if stay.zone_kind == "staff"
            )
            times[number] = (there_s, view_s + (segment.updated_ms - segment.opened_ms) / 1000)
    return times
