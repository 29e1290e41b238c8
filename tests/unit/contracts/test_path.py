"""A path follows the person and never grows beyond its bound."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from contracts.path import MAX_POINTS, extend
from contracts.payloads import PathPoint


def test_who_stands_still_adds_nothing() -> None:
    path = extend((), PathPoint(0, 1.0, 1.0), 0.25)
    assert extend(path, PathPoint(1000, 1.1, 1.1), 0.25) == path


def test_positions_are_told_to_the_centimetre() -> None:
    assert extend((), PathPoint(0, 1.23456, 2.0), 0.25) == (PathPoint(0, 1.23, 2.0),)


@given(st.integers(1, 2000))
def test_a_path_is_bounded_begins_where_it_began_and_goes_forward(count: int) -> None:
    path: tuple[PathPoint, ...] = ()
    for index in range(count):
        path = extend(path, PathPoint(index, float(index), 0.0), 0.25)
    assert len(path) <= MAX_POINTS
    assert path[0] == PathPoint(0, 0.0, 0.0)
    assert all(a.t_ms < b.t_ms for a, b in itertools.pairwise(path))
