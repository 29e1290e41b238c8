"""Whatever a decoder gives becomes a picture of three channels, or none."""

import numpy as np
import pytest

pytest.importorskip("cv2", reason="cameras need the extra edge")

from edge.adapters.pictures import RepeatWatch, as_bgr, resized, thumbnail

NOISE = np.random.default_rng(5).integers(0, 256, (48, 64, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("decoded", "expected"),
    [
        (NOISE, NOISE),
        (NOISE[..., 0], np.stack([NOISE[..., 0]] * 3, axis=2)),
        (NOISE[..., :1], np.stack([NOISE[..., 0]] * 3, axis=2)),
        (np.dstack([NOISE, NOISE[..., 0]]), NOISE),
        (NOISE.astype(np.uint16) * 256 + 255, NOISE),
    ],
    ids=["bgr", "grey", "one channel", "four channels", "16 bits"],
)
def test_every_kind_of_picture_is_taken_as_bgr(decoded: np.ndarray, expected: np.ndarray) -> None:
    picture = as_bgr(decoded)
    assert picture is not None
    assert picture.dtype == np.uint8
    assert np.array_equal(picture, expected)


@pytest.mark.parametrize(
    "decoded",
    [None, np.zeros((0, 640, 3), np.uint8), np.zeros((4, 4, 3)), np.zeros((4, 4, 2), np.uint8), np.zeros(9, np.uint8)],
    ids=["none", "no rows", "floats", "two channels", "one dimension"],
)
def test_what_is_no_picture_is_none(decoded: object) -> None:
    assert as_bgr(decoded) is None


def test_a_picture_of_the_same_shape_is_scaled_and_another_is_refused() -> None:
    assert resized(NOISE, (64, 48)) is NOISE
    scaled = resized(NOISE, (128, 96))
    assert scaled is not None
    assert scaled.shape == (96, 128, 3)
    assert resized(NOISE, (128, 72)) is None


@pytest.mark.parametrize("wh", [(640, 480), (1920, 1080), (31, 17), (1, 1), (4000, 60)])
def test_a_thumbnail_has_one_size_and_the_means_of_the_picture(wh: tuple[int, int]) -> None:
    image = np.full((wh[1], wh[0], 3), 77, np.uint8)
    assert thumbnail(image).shape == (24, 32)
    assert (thumbnail(image) == 77).all()


def test_a_person_shows_in_the_thumbnail() -> None:
    image = np.zeros((480, 640, 3), np.uint8)
    image[200:260, 300:320] = 200
    assert thumbnail(image).max() > 100


def test_one_bit_makes_another_picture() -> None:
    watch, image = RepeatWatch(), NOISE.copy()
    assert not watch.is_repeated(image)
    assert watch.is_repeated(image.copy())
    other = image.copy()
    other[21, 33, 1] ^= 1
    assert not watch.is_repeated(other)
    assert not watch.is_repeated(other[:40])
