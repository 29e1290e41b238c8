"""Touches by the thousand: people who walk through a simulated store, and visits made of their true paths with errors.

Cameras, devices and the stitcher are left out; what they get wrong is drawn: positions, tracks that break, visits that
break with them, people who change visits, people nobody followed. So a day costs seconds, and each way to be wrong can
be had often enough to score. The shares are somewhat worse than those of `linking_days`, where all is done.
"""

from collections.abc import Iterator

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace

from benchmarks.linking_stores import SKEWS_S, Made
from benchmarks.linking_walks import PathPoint, Walk
from cloud.linking.decide import Visit, VisitStay
from simulators.core.scoring.measured import MeasuredVisit, TrackSpan
from simulators.core.truth import TruePerson, TrueTrack, Truth

_MS_PER_S = 1000
_CAMERA = "floor"
_STREAM = 11


class Errors(Struct, frozen=True, kw_only=True):
    """What cameras and the stitcher get wrong.

    Attributes:
        breaks_per_min: How often a track breaks.
        hidden_s: For how long nobody sees the person then, shortest and longest.
        visit_breaks: Share of breaks after which the person counts as another visit.
        visit_swaps: Share of breaks at which the person changes visits with whoever is nearest, if within `swap_m`.
        swap_m: See `visit_swaps`.
        untracked: Share of people whom no camera follows.
        position_m: Standard deviation of each coordinate of a point.
        piece_m: The same of what all points of one track have in common.
        path_step_m: Shorter movements are not recorded.
        path_step_ms: Nor is more than one point in this time.
        known_parties: Share of parties that are known to be one.
    """

    breaks_per_min: float
    hidden_s: tuple[float, float] = (0.3, 4.0)
    visit_breaks: float = 0.02
    visit_swaps: float = 0.02
    swap_m: float = 1.0
    untracked: float = 0.01
    position_m: float = 0.1
    piece_m: float = 0.05
    path_step_m: float = 0.25
    path_step_ms: int = 2000
    known_parties: float = 0.8


class Piece(Struct, frozen=True):
    """A track: whose it is and from when to when."""

    person_id: str
    number: int
    from_ms: int
    to_ms: int

    @property
    def track_id(self) -> str:
        """Return its name."""
        return f"{self.person_id}.{self.number}"


class _Trail(Struct):
    """Tracks that count as one visit."""

    pieces: list[Piece] = field(default_factory=list)


def trails(told: Walk, errors: Errors, seed: int) -> tuple[list[Made], list[Visit], list[MeasuredVisit], Truth]:
    """Return what a cloud would know of a walk: touches, visits and what those stand for; and the truth.

    Args:
        told: What happened.
        errors: What cameras and the stitcher get wrong.
        seed: What errors are drawn from; it also says which terminal's clock is how wrong.
    """
    rng = np.random.default_rng([_STREAM, seed])
    people = {each.person_id: each for each in told.truth.people if each.person_id in told.paths}
    pieces = {key: _pieces(person, told.paths[key], errors, rng) for key, person in people.items()}
    stitched = _stitched(pieces, told, errors, rng)
    known = {
        party for party in sorted({each.party_id for each in people.values()}) if rng.random() < errors.known_parties
    }
    visits, measured = [], []
    for number, trail in enumerate(stitched):
        visit = _visit(f"v{number:05d}", trail, told, people, errors, rng)
        party_id = people[trail.pieces[0].person_id].party_id
        visits.append(replace(visit, party_id=party_id if party_id in known else None))
        spans = (
            TrackSpan(camera_id=_CAMERA, track_id=each.track_id, from_ms=each.from_ms, to_ms=each.to_ms)
            for each in trail.pieces
        )
        measured.append(
            MeasuredVisit(
                visit_id=visit.visit_id, opened_ms=visit.opened_ms, closed_ms=visit.updated_ms, tracks=tuple(spans)
            )
        )
    skew_ms = {
        device: round(SKEWS_S[(seed + place) % len(SKEWS_S)] * _MS_PER_S)
        for place, device in enumerate(sorted({each.device for each in told.made}))
    }
    made = [replace(each, time_ms=each.time_ms + skew_ms[each.device]) for each in told.made]
    return made, visits, measured, _truth(told.truth, pieces, skew_ms)


def _truth(truth: Truth, pieces: dict[str, list[Piece]], skew_ms: dict[str, int]) -> Truth:
    """Return the truth with these tracks and these clocks."""
    people = tuple(
        replace(
            person,
            tracks=tuple(
                TrueTrack(camera_id=_CAMERA, track_id=each.track_id, from_ms=each.from_ms, to_ms=each.to_ms)
                for each in pieces.get(person.person_id, ())
            ),
        )
        for person in truth.people
    )
    touches = tuple(
        replace(
            touch,
            t_ms=touch.t_ms + skew_ms[touch.device_id],
            clock_skew_s=touch.clock_skew_s + skew_ms[touch.device_id] / _MS_PER_S,
        )
        for touch in truth.touches
    )
    return replace(truth, people=people, touches=touches)


def _pieces(person: TruePerson, path: tuple[PathPoint, ...], errors: Errors, rng: np.random.Generator) -> list[Piece]:
    """Return the tracks of a person: none of who is not followed."""
    if rng.random() < errors.untracked:
        return []
    found: list[Piece] = []
    at_ms, until_ms = path[0][0], path[-1][0]
    while at_ms < until_ms:
        lasts_ms = round(rng.exponential(60_000 / errors.breaks_per_min))
        found.append(Piece(person.person_id, len(found), at_ms, min(until_ms, at_ms + lasts_ms)))
        at_ms += lasts_ms + round(rng.uniform(*errors.hidden_s) * _MS_PER_S)
    return found


def _stitched(pieces: dict[str, list[Piece]], told: Walk, errors: Errors, rng: np.random.Generator) -> list[_Trail]:
    """Return who is who, as a stitcher would say that errs now and then."""
    where = {key: {t_ms // _MS_PER_S: (x_m, y_m) for t_ms, x_m, y_m in path} for key, path in told.paths.items()}
    current: dict[str, _Trail] = {}
    trails: list[_Trail] = []
    for piece in sorted(
        (each for own in pieces.values() for each in own), key=lambda each: (each.from_ms, each.track_id)
    ):
        kind = rng.random()
        if piece.person_id not in current or kind < errors.visit_breaks:
            current[piece.person_id] = _Trail()
            trails.append(current[piece.person_id])
        elif kind < errors.visit_breaks + errors.visit_swaps:
            other = _nearest(piece, where, current, errors.swap_m)
            if other is not None:
                current[piece.person_id], current[other] = current[other], current[piece.person_id]
        current[piece.person_id].pieces.append(piece)
    return trails


def _nearest(
    piece: Piece, where: dict[str, dict[int, tuple[float, float]]], current: dict[str, _Trail], within_m: float
) -> str | None:
    """Return who else with a visit is nearest to a track's beginning."""
    second = piece.from_ms // _MS_PER_S
    own = where[piece.person_id].get(second)
    if own is None:
        return None
    near = []
    for key in current:
        place = where[key].get(second)
        if key != piece.person_id and place is not None:
            near.append((float(np.hypot(place[0] - own[0], place[1] - own[1])), key))
    away_m, key = min(near, default=(np.inf, ""))
    return key if away_m <= within_m else None


def _visit(
    visit_id: str, trail: _Trail, told: Walk, people: dict[str, TruePerson], errors: Errors, rng: np.random.Generator
) -> Visit:
    pieces = sorted(trail.pieces, key=lambda each: each.from_ms)
    stays = [
        VisitStay(
            zone_id=stay.zone_id,
            entered_ms=max(stay.entered_ms, piece.from_ms),
            left_ms=min(stay.left_ms if stay.left_ms is not None else piece.to_ms, piece.to_ms),
        )
        for piece in pieces
        for stay in people[piece.person_id].stays
        if stay.entered_ms < piece.to_ms and (stay.left_ms is None or stay.left_ms > piece.from_ms)
    ]
    points = [point for piece in pieces for point in _points(piece, told.paths[piece.person_id], errors, rng)]
    is_staff = people[pieces[0].person_id].role == "staff"
    return Visit(
        visit_id=visit_id,
        status="closed",
        stays=tuple(stays),
        role="staff" if is_staff else "customer",
        opened_ms=pieces[0].from_ms,
        updated_ms=max(each.to_ms for each in pieces),
        path=tuple(_thinned(sorted(points), errors)),
    )


def _points(piece: Piece, path: tuple[PathPoint, ...], errors: Errors, rng: np.random.Generator) -> list[PathPoint]:
    seen = [point for point in path if piece.from_ms <= point[0] <= piece.to_ms]
    aside = rng.normal(0, errors.piece_m, 2) + rng.normal(0, errors.position_m, (len(seen), 2))
    return [(t_ms, x_m + dx, y_m + dy) for (t_ms, x_m, y_m), (dx, dy) in zip(seen, aside.tolist(), strict=True)]


def _thinned(points: list[PathPoint], errors: Errors) -> Iterator[PathPoint]:
    """Yield where somebody moved to, as an edge and a gateway record it."""
    last: PathPoint | None = None
    for point in points:
        if last is None or (
            point[0] - last[0] >= errors.path_step_ms
            and np.hypot(point[1] - last[1], point[2] - last[2]) >= errors.path_step_m
        ):
            last = (point[0], round(point[1], 2), round(point[2], 2))
            yield last
