"""From a camera's configuration to the rules of the core."""

from edge.camera_floor import camera_place_m, floor_error_m, floor_map
from edge.camera_settings import CameraConfig, Plane
from edge.camera_staff import staff_rules
from edge.core.floor import FLOOR_ITSELF
from edge.core.mask import rasterize
from edge.core.pipeline import PipelineRules
from edge.core.polygons import share_within
from edge.core.queues import Queue
from edge.core.segments import SegmentRules
from edge.core.tamper import TamperRules, same_shape
from edge.core.tracker_rules import TrackerRules
from edge.core.tripwire import Tripwire, usable_share
from edge.core.zones import Zone
from edge.errors import ConfigurationError

_DEFAULT_BANDS: dict[Plane, float] = {"image": 8.0, "floor": 0.15}
_RELAY_BANDS = 5.0
_EVIDENCE_S = 0.3
_LEAST_USABLE_SHARE = 0.01
_FROZEN_S = 30.0
_QUEUE = Queue(zone=0, tills=())
"""What holds where a queue's zone says nothing."""


def pipeline_rules(config: CameraConfig) -> PipelineRules:
    """Return the rules that a configuration sets.

    Raises:
        ConfigurationError: The floor's points give no map, or the lens cannot be.
    """
    camera = config.camera
    band = _DEFAULT_BANDS[camera.plane]
    floor = FLOOR_ITSELF if camera.plane == "floor" else floor_map(config)
    return PipelineRules(
        source=config.device.source,
        tripwires=tripwires(config),
        zones=tuple(
            Zone(
                id=zone.id,
                kind=zone.kind,
                polygon=zone.points,
                band=band if zone.band is None else zone.band,
                min_stay_s=zone.min_stay_s,
            )
            for zone in config.zones
        ),
        queues=_queues(config),
        floor=floor,
        segments=SegmentRules(
            min_age_s=camera.min_age_s,
            lost_after_s=camera.lost_after_s,
            update_s=camera.update_s,
            path_error_m=floor_error_m(config),
            staff=staff_rules(config.staff, config.store_hours),
            figures=None if camera_place_m(config) is None else config.figures,
        ),
        parties=config.parties,
        occupancy_s=camera.occupancy_s,
        coverage_s=camera.coverage_s,
        heat_cell_m=camera.heat_cell_m if camera.heat and floor is not None else None,
    )


def _queues(config: CameraConfig) -> tuple[Queue, ...]:
    places = {zone.id: place for place, zone in enumerate(config.zones)}
    tills = tuple(zone.id for zone in config.zones if zone.kind == "checkout")
    return tuple(
        Queue(
            zone=places[zone.id],
            tills=tuple(places[till] for till in (tills if zone.serves is None else zone.serves)),
            join_after_s=_QUEUE.join_after_s if zone.join_after_s is None else zone.join_after_s,
            join_within_m=_QUEUE.join_within_m if zone.join_within_m is None else zone.join_within_m,
            served_within_s=_QUEUE.served_within_s if zone.served_within_s is None else zone.served_within_s,
            resume_within_s=_QUEUE.resume_within_s if zone.resume_within_s is None else zone.resume_within_s,
        )
        for zone in config.zones
        if zone.kind == "queue"
    )


def tripwires(config: CameraConfig) -> tuple[Tripwire, ...]:
    """Return the counting lines that a configuration draws."""
    band = _DEFAULT_BANDS[config.camera.plane]
    evidence_s = 0.0 if config.camera.source.startswith("tracks:") else _EVIDENCE_S
    return tuple(
        Tripwire(
            id=line.id,
            kind=line.kind,
            points=line.points,
            band=band if line.band is None else line.band,
            settle_s=line.settle_s,
            rule=line.rule,
            least_before_s=evidence_s if line.least_before_s is None else line.least_before_s,
            least_after_s=evidence_s if line.least_after_s is None else line.least_after_s,
            relay=_RELAY_BANDS * band if line.relay is None else line.relay,
        )
        for line in config.tripwires
    )


def tracker_rules(config: CameraConfig) -> TrackerRules:
    """Return the tracker's rules that a configuration sets."""
    return TrackerRules(lost_after_s=config.camera.lost_after_s)


def tamper_rules(config: CameraConfig) -> TamperRules:
    """Return when a configuration's pictures show nothing. A recording is not taken for frozen unless asked for."""
    frozen_s = config.camera.frozen_s
    if frozen_s is None:
        frozen_s = 0.0 if config.camera.source.startswith("file:") else _FROZEN_S
    return TamperRules(frozen_s=frozen_s or None)


def check_placement(config: CameraConfig, frame_wh_px: tuple[int, int]) -> None:
    """Check, once a picture's size is known, that it has the shape drawn in and that what is drawn works there.

    Raises:
        ConfigurationError: The picture has another shape, a mask or a zone lies outside of it, or a tripwire lies so
            that nobody can leave its band on both sides within the picture.
    """
    drawn = config.camera.picture_size or frame_wh_px
    if not same_shape(drawn, frame_wh_px):
        msg = (
            f"camera.picture_size is {drawn[0]}x{drawn[1]}, and the camera gives {frame_wh_px[0]}x{frame_wh_px[1]}, so "
            "that all points would lie elsewhere; set the camera back, or draw again with `shopthread edge calibrate`"
        )
        raise ConfigurationError(msg)
    width_px, height_px = frame_wh_px = drawn
    for number, mask in enumerate(config.masks, start=1):
        if not rasterize([mask.points], frame_wh_px).any():
            msg = (
                f"mask {number}: lies outside of the picture of {width_px}x{height_px}, got {list(mask.points)}; give "
                "its points in pixels of the picture"
            )
            raise ConfigurationError(msg)
    if config.camera.plane != "image":
        return
    _check_zones_seen(config, frame_wh_px)
    for tripwire in tripwires(config):
        if usable_share(tripwire, frame_wh_px) < _LEAST_USABLE_SHARE:
            first, *_, last = tripwire.points
            msg = (
                f"tripwire {tripwire.id!r} from {first} to {last} can never fire: its band of "
                f"{tripwire.band:g} pixels on both sides must lie within the picture of {width_px}x{height_px}; "
                "move the line inward or make band smaller"
            )
            raise ConfigurationError(msg)


def _check_zones_seen(config: CameraConfig, frame_wh_px: tuple[int, int]) -> None:
    width_px, height_px = frame_wh_px
    for zone in config.zones:
        if share_within(zone.points, width_px, height_px) == 0:
            msg = (
                f"zone {zone.id!r} lies wholly outside the picture of {width_px}x{height_px}: {list(zone.points)}; "
                "draw it in pixels of this picture, x to the right and y down"
            )
            raise ConfigurationError(msg)
