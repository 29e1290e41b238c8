"""Who is found at one tick by which camera, real and false tracks alike."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from simulators.core.crowd import Floats, Indices, Names, Numbers
from simulators.core.false_tracks import FalseTrack

_MORE_THAN_TRACKS = 1 << 40


class Sightings(Struct):
    """Who is found at one tick, by which camera, ordered by camera and track number.

    Attributes:
        at: Where each stands in arrays of all cameras by all people, row by row; of a false track -1; shape (N,).
        cameras: Which camera finds, shape (N,).
        numbers: The number of its track, shape (N,).
        names: The track's id, shape (N,).
        persons: Index of the person; of a false track -1 and below, counted from the end; shape (N,).
        positions: Where it is found, m, shape (N, 2).
        shares: Which share of the body is seen, shape (N,).
    """

    at: Indices
    cameras: Indices
    numbers: Numbers
    names: Names
    persons: Indices
    positions: Floats
    shares: Floats


def order(cameras: Indices, numbers: Numbers) -> Indices:
    """Order by camera and track number, as a camera would: neither people nor false tracks stand out by their place."""
    return np.argsort(cameras * _MORE_THAN_TRACKS + numbers)


def with_ghosts(sightings: Sightings, ghosts: Sequence[FalseTrack]) -> Sightings:
    """Return the same with false tracks among them."""
    if not ghosts:
        return sightings
    names = np.empty(len(ghosts), dtype=np.object_)
    names[:] = [ghost.name for ghost in ghosts]
    added = Sightings(
        np.full(len(ghosts), -1),
        np.array([ghost.camera for ghost in ghosts]),
        np.array([ghost.number for ghost in ghosts]),
        names,
        np.arange(-len(ghosts), 0),
        np.array([ghost.position for ghost in ghosts]),
        np.ones(len(ghosts)),
    )
    fields = Sightings.__struct_fields__
    both = [np.concatenate([getattr(sightings, name), getattr(added, name)]) for name in fields]
    places = order(both[1], both[2])
    return Sightings(*(values[places] for values in both))
