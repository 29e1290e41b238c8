"""People who walk past made-up cameras: segments as the edge makes them, for the tests of stitching."""

from array import array
from collections.abc import Callable
from random import Random

from contracts.events import Source
from contracts.fields import ZoneKind
from contracts.ids import deterministic_id
from contracts.payloads import AppearanceSignature, PathPoint, Stay, VisitSegment

START_MS = 1_772_700_000_000
Walk = Callable[[float], tuple[float, float]]
"""Where somebody is, m, at a time in seconds."""


def camera(name: str) -> Source:
    """Return a camera of the store."""
    return Source("acme", "store-1", name)


def standing(x_m: float, y_m: float) -> Walk:
    """Return somebody who stands."""
    return lambda _: (x_m, y_m)


def walking(x_m: float, y_m: float, vx_mps: float, vy_mps: float = 0.0) -> Walk:
    """Return somebody who walks straight on."""
    return lambda t_s: (x_m + vx_mps * t_s, y_m + vy_mps * t_s)


def stay(zone_id: str, kind: ZoneKind, from_s: float, to_s: float | None) -> Stay:
    """Return a stay, times in seconds from the start."""
    left_ms = None if to_s is None else START_MS + round(to_s * 1000)
    return Stay(zone_id=zone_id, zone_kind=kind, entered_ms=START_MS + round(from_s * 1000), left_ms=left_ms)


def segment(
    device: Source,
    name: str,
    walk: Walk,
    span_s: tuple[float, float],
    stays: tuple[Stay, ...] = (),
    *,
    ordinal: int = 9,
    known_s: float | None = None,
    noise_m: float = 0.0,
    hint: str | None = None,
    reentry: str | None = None,
) -> VisitSegment:
    """Return a segment; with `known_s` a revision in the middle of it, which ends there and is open."""
    from_s, to_s = span_s
    until_s = to_s if known_s is None else known_s
    random = Random(name + device.device)
    path = []
    for t_ms in range(round(from_s * 1000), round(until_s * 1000) + 1, 500):
        dx, dy = (random.gauss(0.0, noise_m), random.gauss(0.0, noise_m)) if noise_m else (0.0, 0.0)
        x_m, y_m = walk(t_ms / 1000)
        path.append(PathPoint(START_MS + t_ms, round(x_m + dx, 2), round(y_m + dy, 2)))
    opened_ms, until_ms = START_MS + round(from_s * 1000), START_MS + round(until_s * 1000)
    return VisitSegment(
        segment_id=deterministic_id(opened_ms, str(device), "segment", name),
        track_id=name,
        phase="closed" if known_s is None else "update",
        ordinal=ordinal,
        opened_ms=opened_ms,
        updated_ms=until_ms,
        closed_ms=until_ms if known_s is None else None,
        stays=tuple(each for each in stays if each.entered_ms <= until_ms),
        path=tuple(path),
        group_hint=hint,
        reentry_hint=reentry,
        rule_version="segment-1",
    )


def look(seed: int, noise: float = 0.3, sample: int = 0) -> bytes:
    """Return an appearance signature of somebody: 64 signed bytes."""
    person, sampling = Random(f"person {seed}"), Random(f"sample {seed} {sample}")
    seen = [person.gauss(0.0, 1.0) + noise * sampling.gauss(0.0, 1.0) for _ in range(64)]
    largest = max(map(abs, seen))
    return array("b", [round(each * 127 / largest) for each in seen]).tobytes()


def signature(of: VisitSegment, looks: bytes, key_id: str = "today") -> AppearanceSignature:
    """Return a segment's appearance signature."""
    return AppearanceSignature(segment_id=of.segment_id, key_id=key_id, signature=looks)


Seen = tuple[Source, VisitSegment]


def seen_by(device: Source, name: str, walk: Walk, from_s: float, to_s: float, **more: object) -> Seen:
    """Return a device and a segment that it saw."""
    return device, segment(device, name, walk, (from_s, to_s), **more)  # type: ignore[arg-type]
