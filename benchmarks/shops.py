"""What the gateway of a simulated store hears: segments, signatures, and whether somebody wears the uniform."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from benchmarks.linking_stores import kept
from contracts.events import Source
from contracts.payloads import AppearanceSignature, VisitSegment
from contracts.signature_keys import SignatureKey
from contracts.staff import StaffEvidence
from edge.core import uniform
from edge.core.rotation import rotation, signed
from edge.core.uniform import UniformModel, UniformRules
from shopthread.fleet.devices import VirtualCamera, VirtualDevice, make_devices
from simulators.adapters.scenario_files import load_scenario
from simulators.core.lines import FeedLine, TrackLine
from simulators.core.signatures import DIMENSIONS, PRESETS
from simulators.core.store import Store
from simulators.core.truth import Truth

_BEGINS = datetime(2026, 3, 5, 16, tzinfo=UTC)
_MINUTES = 20
_MS_PER_S = 1000
_ENCODER = "simulated"
_KEY = SignatureKey(key_id="day", secret=bytes(32), valid_from_ms=0, valid_until_ms=1)
_MATRIX = rotation(_KEY.secret, DIMENSIONS, _ENCODER)
_ENROLLED = 10

Views = NDArray[np.float64]

LEVELS = {
    "0.15 m": {"position_m": 0.15, "missed_detections": 0.03, "fragments_per_min": 0.3},
    "0.30 m": {"position_m": 0.30, "missed_detections": 0.10, "fragments_per_min": 1.0},
}
"""What cameras get wrong, besides occlusion by shelves, walls and people; switches of tracks are left out."""


class News(NamedTuple):
    """What the gateway hears: a revision of a segment, or a signature."""

    t_ms: int
    device: Source
    data: VisitSegment | AppearanceSignature


class _Setting(Struct, frozen=True, kw_only=True, omit_defaults=True):
    scenario: str
    level: str
    preset: str
    begins_ms: int
    minutes: int
    seed: int
    times_busier: float = 1.0


class _Shop(Struct, frozen=True, kw_only=True):
    heard: tuple[tuple[int, Source, VisitSegment | None, AppearanceSignature | None], ...]
    truth: Truth


def simulate(
    scenario_name: str,
    level: str,
    preset: str,
    begins: datetime = _BEGINS,
    minutes: int = _MINUTES,
    seed: int = 1,
    times_busier: float = 1.0,
) -> tuple[list[News], Truth]:
    """Return what the gateway of a store hears in so many minutes from opening the doors, and the truth.

    It is simulated only if the same code has not done it before. So many times as many parties come as usually do.
    """
    setting = _Setting(
        scenario=scenario_name,
        level=level,
        preset=preset,
        begins_ms=round(begins.timestamp() * _MS_PER_S),
        minutes=minutes,
        seed=seed,
        times_busier=times_busier,
    )
    shop = kept(setting, _Shop, lambda: _simulate(setting), "benchmarks/shops.py", "edge/core", "shopthread/fleet")
    news = [News(t_ms, device, data) for t_ms, device, *said in shop.heard for data in said if data is not None]
    return news, shop.truth


def _simulate(setting: _Setting) -> _Shop:
    scenario, signs = load_scenario(setting.scenario), PRESETS[setting.preset]
    noise = replace(
        scenario.noise,
        occlusion=True,
        signature_sd=signs.sd,
        signature_camera_sd=signs.camera_sd,
        **LEVELS[setting.level],
    )
    often = scenario.traffic.parties_per_hour * setting.times_busier
    scenario = replace(scenario, noise=noise, traffic=replace(scenario.traffic, parties_per_hour=often))
    store = Store(scenario, setting.seed, setting.begins_ms)
    devices = make_devices(scenario, "demo", "store", bytes(32))
    heard: list[tuple[int, Source, VisitSegment | None, AppearanceSignature | None]] = []
    for _ in range(round(setting.minutes * 60 * scenario.tick_hz)):
        for output in store.step():
            device = devices[output.device_id]
            segments = [draft.data for draft in device.take(output.line) if isinstance(draft.data, VisitSegment)]
            heard += [(store.now_ms, device.source, segment, None) for segment in segments]
            heard += [(store.now_ms, device.source, None, sign) for sign in signatures_of(device, output.line)]
    for device in devices.values():
        closing = (draft.data for draft in device.end())
        heard += [(store.now_ms, device.source, data, None) for data in closing if isinstance(data, VisitSegment)]
    return _Shop(heard=tuple(heard), truth=store.truth())


def signatures_of(device: VirtualDevice, line: FeedLine) -> list[AppearanceSignature]:
    """Return what a camera sends of the looks of a line, after `take` of it."""
    if not isinstance(device, VirtualCamera) or not isinstance(line, TrackLine):
        return []
    return [signed(segment_id, looks, _MATRIX, _KEY, _ENCODER) for segment_id, looks in device.looks(line)]


def dressed(news: list[News], truth: Truth) -> list[News]:
    """Return the news with what simulated signatures say of clothes on each segment.

    The uniform is enrolled on a few signatures of staff in each camera; segments with fewer than three say nothing.
    """
    views: dict[str, list[Views]] = defaultdict(list)
    for each in news:
        if isinstance(each.data, AppearanceSignature):
            look = np.frombuffer(each.data.signature, dtype=np.int8).astype(np.float64)
            views[each.data.segment_id].append(look / np.linalg.norm(look))
    staff = {
        (track.camera_id, track.track_id)
        for person in truth.people
        if person.role == "staff"
        for track in person.tracks
    }
    camera_of: dict[str, str] = {}
    enrolled: dict[str, list[Views]] = defaultdict(list)
    for each in news:
        if isinstance(each.data, VisitSegment) and each.data.segment_id not in camera_of:
            camera_of[each.data.segment_id] = camera = each.device.device
            if (camera, each.data.track_id) in staff and len(enrolled[camera]) < _ENROLLED:
                enrolled[camera] += views[each.data.segment_id]
    said = _clothes(
        views, camera_of, {camera: uniform.enrol(np.array(each)) for camera, each in enrolled.items() if each}
    )
    return [each._replace(data=_with_clothes(each.data, said)) for each in news]


def _clothes(
    views: dict[str, list[Views]], camera_of: dict[str, str], models: dict[str, UniformModel]
) -> dict[str, float]:
    """Return what the clothes of each segment say, log-odds."""
    least = UniformRules().least_views
    alike: dict[str, dict[str, float]] = defaultdict(dict)
    for segment_id, camera in camera_of.items():
        if camera in models and len(views[segment_id]) >= least:
            alike[camera][segment_id] = float(uniform.likeness(models[camera], np.array(views[segment_id])).mean())
    return {
        segment_id: uniform.compare(UniformRules(), models[camera], list(found.values()), each)
        for camera, found in alike.items()
        for segment_id, each in found.items()
        if len(found) >= UniformRules().least_tracks
    }


def _with_clothes(
    data: VisitSegment | AppearanceSignature, said: dict[str, float]
) -> VisitSegment | AppearanceSignature:
    if not isinstance(data, VisitSegment) or data.segment_id not in said:
        return data
    clothes = StaffEvidence(kind="uniform", log_odds=said[data.segment_id])
    return replace(data, staff_evidence=(*data.staff_evidence, clothes))
