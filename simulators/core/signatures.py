"""Appearance signatures: what a camera's encoder would say of somebody's looks, without a picture.

Everyone has a true signature, a unit vector drawn for the day: other clothes tomorrow. Members of staff wear a uniform,
so theirs lie around a common centre. A camera sees `true + camera offset + noise`, scaled to length 1 and quantized.
Both spreads are measured against the spread of all people, which is 1: noise or an offset of spread s is a normal
vector of expected squared length s². Two samples of one person by two cameras then have an expected cosine of about
1 / (1 + noise² + offset²), two of different people one of about 0.

Store-local: a signature never leaves the store, and no event carries one.
"""

from hashlib import blake2b

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from simulators.core.people import Person

DIMENSIONS = 64
EVERY_MS = 5_000
"""How often a well visible track gets a signature."""

Signatures = NDArray[np.float64]  # (N, DIMENSIONS), unit vectors

_STREAM = 7
_PERSON, _CAMERA, _UNIFORM = range(3)
_OWN_SHARE = 0.5  # What a member of staff adds to the uniform, against the spread of all people.
_MS_PER_DAY = 86_400_000
_LARGEST = 127


class SignatureNoise(Struct, frozen=True, kw_only=True):
    """Spreads of signatures: `sd` about the person's own, `camera_sd` of what each camera adds."""

    sd: float
    camera_sd: float


PRESETS = {
    "good": SignatureNoise(sd=0.8, camera_sd=0.5),
    "typical": SignatureNoise(sd=1.0, camera_sd=0.7),
    "poor": SignatureNoise(sd=1.3, camera_sd=1.1),
    "weak": SignatureNoise(sd=1.65, camera_sd=0.95),
}
"""Values for `signature_sd` and `signature_camera_sd`; docs/simulators.md says how well each tells people apart."""


def true_signature(seed: int, person: Person, now_ms: int) -> NDArray[np.float64]:
    """Return what someone looks like on the UTC day of a time, shape (DIMENSIONS,), of length 1."""
    digest = blake2b(person.person_id.encode(), digest_size=8).digest()
    words = (int.from_bytes(digest[:4]), int.from_bytes(digest[4:]))
    rng = np.random.default_rng([seed, _STREAM, _PERSON, now_ms // _MS_PER_DAY, *words])
    own = _unit(rng.standard_normal(DIMENSIONS))
    if person.role != "staff":
        return own
    uniform = _unit(np.random.default_rng([seed, _STREAM, _UNIFORM]).standard_normal(DIMENSIONS))
    return _unit(uniform + _OWN_SHARE * own)


def anybody(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the looks of somebody at random, shape (DIMENSIONS,), of length 1."""
    return _unit(rng.standard_normal(DIMENSIONS))


def camera_offsets(seed: int, cameras: int, camera_sd: float) -> NDArray[np.float64]:
    """Return what each camera's light and colours add for everyone, shape (cameras, DIMENSIONS)."""
    offsets = [np.random.default_rng([seed, _STREAM, _CAMERA, i]).standard_normal(DIMENSIONS) for i in range(cameras)]
    scaled: NDArray[np.float64] = np.array(offsets) * camera_sd / np.sqrt(DIMENSIONS)
    return scaled


def sampled(true: Signatures, offsets: NDArray[np.float64], sd: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return one sample of each true signature, shape (N, DIMENSIONS), of length 1.

    Args:
        true: True signatures, shape (N, DIMENSIONS).
        offsets: What the camera that takes each sample adds, shape (N, DIMENSIONS) or (DIMENSIONS,).
        sd: Spread of the noise.
        rng: What the noise is drawn from.
    """
    return _unit(true + offsets + rng.standard_normal(true.shape) * (sd / np.sqrt(DIMENSIONS)))


def quantized(signatures: Signatures) -> NDArray[np.int8]:
    """Return signatures as int8, each scaled so that its largest value is 127; cosines hardly change."""
    largest = np.abs(signatures).max(axis=-1, keepdims=True)
    levels: NDArray[np.int8] = np.rint(signatures * (_LARGEST / largest)).astype(np.int8)
    return levels


def cosine(a: NDArray[np.generic], b: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return the cosine between rows of `a` and `b`, both of shape (..., DIMENSIONS); int8 will do."""
    left, right = _unit(np.asarray(a, dtype=np.float64)), _unit(np.asarray(b, dtype=np.float64))
    product: NDArray[np.float64] = (left * right).sum(axis=-1)
    return product


class Separability(Struct, frozen=True, kw_only=True):
    """How well quantized signatures of two cameras tell people apart.

    Attributes:
        genuine_mean: Mean cosine between two samples of one person.
        genuine_sd: Its standard deviation.
        impostor_mean: Mean cosine between samples of two people.
        impostor_sd: Its standard deviation.
        equal_error_rate: The share of genuine pairs below the threshold at which the same share of impostors is above.
        threshold: That threshold.
    """

    genuine_mean: float
    genuine_sd: float
    impostor_mean: float
    impostor_sd: float
    equal_error_rate: float
    threshold: float


def separability(noise: SignatureNoise, seed: int, people: int = 200, camera_pairs: int = 30) -> Separability:
    """Measure on fresh people in ordinary clothes, each seen once by both cameras of many pairs of cameras.

    Args:
        noise: The spreads to measure.
        seed: What people, cameras and noise are drawn from.
        people: How many people.
        camera_pairs: How many pairs of cameras.
    """
    rng = np.random.default_rng(seed)
    true = _unit(rng.standard_normal((people, DIMENSIONS)))
    different = np.triu_indices(people, k=1)
    genuine, impostor = [], []
    for _ in range(camera_pairs):
        one, two = (
            _unit(quantized(sampled(true, offset, noise.sd, rng)).astype(np.float64))
            for offset in rng.standard_normal((2, DIMENSIONS)) * (noise.camera_sd / np.sqrt(DIMENSIONS))
        )
        cosines = one @ two.T
        genuine.append(np.diag(cosines))
        impostor.append(cosines[different])
    same, others = np.concatenate(genuine), np.concatenate(impostor)
    rate, threshold = equal_error_rate(same, others)
    return Separability(
        genuine_mean=float(same.mean()),
        genuine_sd=float(same.std()),
        impostor_mean=float(others.mean()),
        impostor_sd=float(others.std()),
        equal_error_rate=rate,
        threshold=threshold,
    )


def equal_error_rate(genuine: NDArray[np.float64], impostor: NDArray[np.float64]) -> tuple[float, float]:
    """Return the rate at which as many genuine scores are refused as impostors accepted, and the threshold there.

    The usual figure of biometric comparison (ISO/IEC 19795-1). A score is accepted if it is not below the threshold.

    Args:
        genuine: Scores of pairs that are the same person, shape (N,), at least one.
        impostor: Scores of pairs that are not, shape (M,), at least one.
    """
    thresholds = np.sort(genuine)
    refused = np.arange(len(thresholds)) / len(thresholds)
    accepted = 1 - np.searchsorted(np.sort(impostor), thresholds) / len(impostor)
    place = int(np.argmin(np.abs(refused - accepted)))
    return float((refused[place] + accepted[place]) / 2), float(thresholds[place])


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    scaled: NDArray[np.float64] = vectors / np.sqrt((vectors * vectors).sum(axis=-1, keepdims=True))
    return scaled
