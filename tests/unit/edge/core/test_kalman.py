"""Filters find the speed of a walk and grow unsure while nothing is seen."""

import numpy as np
import pytest

from edge.core import kalman

ONE = np.array([0])


def test_a_filter_finds_the_speed_of_a_steady_walk() -> None:
    motion = kalman.start(np.array([[0.0, 0.0, 30.0, 80.0]]))
    for index in range(1, 60):
        seen = np.array([[5.0 * index, -2.0 * index, 30.0, 80.0]])
        motion = kalman.update(kalman.predict(motion, 0.1), ONE, seen)
    assert motion.speed[0] == pytest.approx([50, -20, 0, 0], abs=0.5)
    assert motion.place[0] == pytest.approx([295, -118, 30, 80], abs=0.5)
    assert (motion.place_variance > 0).all()
    assert (motion.speed_variance > 0).all()


def test_what_is_not_seen_becomes_less_sure_and_keeps_its_size() -> None:
    motion = kalman.start(np.array([[0.0, 0.0, 30.0, 80.0]]))
    for index in range(1, 20):
        seen = np.array([[5.0 * index, 0.0, 30.0 + index, 80.0 + 2 * index]])
        motion = kalman.update(kalman.predict(motion, 0.1), ONE, seen)
    later = motion
    for _ in range(30):
        later = kalman.predict(later, 0.1)
    assert (later.place_variance > motion.place_variance).all()
    assert later.place[0, 0] == pytest.approx(motion.place[0, 0] + 3 * motion.speed[0, 0])
    assert later.place[0, 3] - motion.place[0, 3] < motion.speed[0, 3]


def test_only_the_rows_that_were_measured_change() -> None:
    motion = kalman.start(np.array([[0.0, 0.0, 30.0, 80.0], [9.0, 9.0, 20.0, 60.0]]))
    after = kalman.update(motion, ONE, np.array([[4.0, 0.0, 30.0, 80.0]]))
    assert after.place[1].tolist() == motion.place[1].tolist()
    assert after.place[0, 0] > 0
    assert kalman.select(after, np.array([False, True])).place.tolist() == [[9.0, 9.0, 20.0, 60.0]]
