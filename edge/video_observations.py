"""Who is where in a camera's pictures: from frames to observations."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, TypeAlias, runtime_checkable

from msgspec.structs import replace

from edge.camera_floor import camera_place_m, floor_map
from edge.camera_rules import check_placement, tamper_rules, tracker_rules
from edge.camera_settings import CameraConfig
from edge.core import tracker
from edge.core.appearance import colour_stripes
from edge.core.figures import Body, Box, measure
from edge.core.floor import floor_point
from edge.core.pipeline import Person
from edge.errors import ConfigurationError
from edge.ports import Boxes, Detector, Frame, FrameSource, Observation, Signature, SourceCondition, Stopped
from edge.recognition import Recognition
from edge.uniforms import UniformWatch
from edge.watched_pictures import Blindness, WatchedPictures

OnTracked: TypeAlias = Callable[[Frame, Sequence[tracker.TrackedBox]], None]
OnDetected: TypeAlias = Callable[[Boxes], None]


@runtime_checkable
class PlacedSource(Protocol):
    """A source in whose pictures tripwires and zones must have a place."""

    def check_layout(self, config: CameraConfig) -> None:
        """Check the tripwires and zones of a configuration against the pictures.

        Raises:
            ConfigurationError: One of them cannot be where it is drawn, or no picture came yet.
        """
        ...


class VideoObservations:
    """Who is where in a camera's pictures: detector, tracker, foot points.

    Args:
        source: Where pictures come from.
        detector: Finds people; it should give doubtful ones too, which keep tracks alive.
        config: The camera's configuration.
        epoch: Begins the names of tracks, so that no other run of the device gives the same. Without it the first
            frame's time does.
        on_tracked: Called with each frame and its tracks, the foretold ones too.
        recognition: Knows people again who come back, and tells what they look like; None: it is not asked for.
        uniform: Knows the uniform by its colours; None: clothes say nothing.
        on_detected: Called before `on_tracked` with all boxes that the detector gave for the frame, shape (N, 4).
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what looks at pictures is built of many parts
        self,
        source: FrameSource,
        detector: Detector,
        config: CameraConfig,
        epoch: str | None = None,
        on_tracked: OnTracked | None = None,
        recognition: Recognition | None = None,
        on_detected: OnDetected | None = None,
        uniform: UniformWatch | None = None,
    ) -> None:
        self._uniform = uniform
        self.name = source.name
        self._on_tracked, self._on_detected, self._recognition = on_tracked, on_detected, recognition
        self._pictures = WatchedPictures(source, tamper_rules(config), config.camera.picture_size)
        self._detector, self._config, self._epoch = detector, config, epoch
        self._rules = tracker_rules(config)
        self._floor, self._camera_m = floor_map(config), camera_place_m(config)
        self._to_plane = self._floor if config.camera.plane == "floor" else None

    def observations(self, stopped: Stopped) -> Iterator[Observation]:
        """See `ObservationSource.observations`.

        Raises:
            ConfigurationError: A tripwire can never fire in pictures of this size.
        """
        state = tracker.initial_state()
        epoch = self._epoch
        is_first = True
        for frame in self._pictures.looks(stopped):
            if isinstance(frame, Blindness):
                state = tracker.lose(state, frame.time_ms)
                yield _nothing_seen(frame)
                continue
            if is_first:
                height_px, width_px = frame.image_bgr.shape[:2]
                check_placement(self._config, (width_px, height_px))
                is_first = False
            epoch = epoch or f"{frame.time_ms:x}"
            boxes, scores = self._detector.detect(frame.image_bgr)
            looks = colour_stripes(frame.image_bgr, boxes)
            state, told = tracker.track(self._rules, state, boxes, scores, frame.time_ms, looks)
            if self._on_detected is not None:
                self._on_detected(boxes)
            if self._on_tracked is not None:
                self._on_tracked(frame, told)
            seen = [box for box in told if not box.is_foretold]
            people = {}
            if self._recognition is not None:
                people = self._recognition.people(frame, seen, boxes, state.numbers.tolist())
            looks_of = {} if self._recognition is None else self._recognition.take_signatures()
            clothes: Mapping[int, float] = {}
            if self._uniform is not None:
                clothes = self._uniform.log_odds(frame, seen, boxes, looks, state.numbers.tolist())
            yield self._observation(frame, epoch, seen, people, looks_of, clothes)

    def check_layout(self, config: CameraConfig) -> None:
        """See `PlacedSource.check_layout`."""
        size_wh_px = self._pictures.size_wh_px()
        if size_wh_px is None:
            msg = f"no picture came from {self.name} yet, so that nothing can be placed in it; ask again when one has"
            raise ConfigurationError(msg)
        check_placement(config, size_wh_px)

    def condition(self) -> SourceCondition:
        """See `ConditionedSource.condition`."""
        condition = self._pictures.condition()
        calibration = None if self._recognition is None else self._recognition.calibration()
        if calibration is None:
            return condition
        return replace(
            condition,
            match_threshold=round(calibration.threshold, 3),
            false_match_rate=round(calibration.false_match_rate, 4),
        )

    def _observation(
        self,
        frame: Frame,
        epoch: str,
        seen: list[tracker.TrackedBox],
        people_of: Mapping[int, int],
        looks_of: Mapping[int, Signature],
        clothes: Mapping[int, float],
    ) -> Observation:
        people = []
        for box in seen:
            position = box.foot_px if self._to_plane is None else floor_point(self._to_plane, box.foot_px)
            if position is not None:
                person = people_of.get(box.number)
                reentry = None if person is None else f"{epoch}-{person}"
                uniform = clothes.get(box.number)
                people.append(
                    Person(f"{epoch}-{box.number}", position, box.score, reentry, uniform, self._body(box.box_xyxy_px))
                )
        looks = {f"{epoch}-{number}": signature for number, signature in looks_of.items()}
        return Observation(
            time_ms=frame.time_ms, people=tuple(people), dropped=frame.dropped, picture="good", looks=looks
        )

    def _body(self, box_xyxy_px: Box) -> Body | None:
        if self._floor is None or self._camera_m is None:
            return None
        return measure(self._floor, self._camera_m, box_xyxy_px)


def _nothing_seen(blindness: Blindness) -> Observation:
    return Observation(
        time_ms=blindness.time_ms,
        people=(),
        dropped=blindness.dropped,
        picture=blindness.picture,
        blind_since_ms=blindness.since_ms,
        frames=blindness.frames,
    )
