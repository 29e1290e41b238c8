"""The day's secret rotation of appearance signatures. Pure: the secret alone decides it.

An orthogonal matrix keeps every cosine, so signatures of one day are compared as before; under another day's matrix
they point anywhere (cancelable biometrics: Ratha, Connell and Bolle, IBM Systems Journal 40 (2001); random projections
of features: Teoh, Goh and Ngo, IEEE TPAMI 28 (2006)). It is drawn evenly from all orthogonal matrices: the QR
decomposition of normal numbers, with R's diagonal made positive (Mezzadri, Notices of the AMS 54 (2007)). The numbers
come from SHAKE-256 of the secret by the Box-Muller transform, not from a library's generator, whose stream may change:
every device of a store gets the same matrix, up to the last bits.

Long signatures are also shortened, to the first `MOST_DIMENSIONS` coordinates: cosines then are kept up to a standard
deviation of `(1 - cosine²) / 16` (Johnson and Lindenstrauss 1984), and not even the secret brings the signature back.
"""

from hashlib import shake_256

import numpy as np
from numpy.typing import NDArray

from contracts.payloads import AppearanceSignature
from contracts.signature_keys import SignatureKey, signature_key_id

Array = NDArray[np.float64]

MOST_DIMENSIONS = 256
_LABEL = b"shopthread appearance rotation 1"
_BYTES_PER_NUMBER = 8
_LARGEST = 127
_TINY = 1e-12


def rotation(secret: bytes, dimensions: int, encoder: str) -> Array:
    """Return the matrix that a secret stands for: rows of length 1 at right angles to each other.

    Args:
        secret: The day's.
        dimensions: D, of the signatures.
        encoder: What made the signatures; those of another one are turned another way.

    Returns:
        Shape (K, D), K the lesser of D and `MOST_DIMENSIONS`.
    """
    kept = min(dimensions, MOST_DIMENSIONS)
    normal = _normal_numbers(b"\0".join((_LABEL, encoder.encode(), b"%d" % dimensions, secret)), dimensions * kept)
    q, r = np.linalg.qr(normal.reshape(dimensions, kept))
    turned: Array = (q * np.sign(np.diag(r))).T
    return turned


def quantize(signature: Array) -> bytes:
    """Return a signature, shape (K,), as K signed bytes, its largest value 127; cosines hardly change.

    Raises:
        ValueError: It is 0, or not finite.
    """
    largest = float(np.abs(signature).max(initial=0.0))
    if not _TINY < largest < np.inf:
        msg = f"a signature must be finite and not 0, got a largest value of {largest}"
        raise ValueError(msg)
    return np.rint(signature * (_LARGEST / largest)).astype(np.int8).tobytes()


def dequantize(raw: bytes) -> Array:
    """Return a signature from its signed bytes, shape (K,), of length 1.

    Raises:
        ValueError: It is 0.
    """
    values = np.frombuffer(raw, np.int8).astype(np.float64)
    length = float(np.linalg.norm(values))
    if not length:
        msg = "a signature must not be 0"
        raise ValueError(msg)
    unit: Array = values / length
    return unit


def signed(segment_id: str, signature: Array, matrix: Array, key: SignatureKey, encoder: str) -> AppearanceSignature:
    """Return a segment's signature under the day's key, as it leaves the device.

    Args:
        segment_id: Whose it is.
        signature: Shape (D,).
        matrix: From `rotation` of the key's secret.
        key: The day's.
        encoder: What made the signature.

    Raises:
        ValueError: The signature is 0, or not finite.
    """
    return AppearanceSignature(
        segment_id=segment_id,
        key_id=signature_key_id(key.key_id, encoder),
        signature=quantize(matrix @ signature),
    )


def _normal_numbers(seed: bytes, count: int) -> Array:
    """Return standard normal numbers, shape (count,), that follow from a seed."""
    pairs = -(-count // 2)
    raw = np.frombuffer(shake_256(seed).digest(2 * pairs * _BYTES_PER_NUMBER), dtype="<u8")
    uniform = ((raw >> np.uint64(11)) + 0.5) / 2.0**53
    radius, angle = np.sqrt(-2 * np.log(uniform[:pairs])), 2 * np.pi * uniform[pairs:]
    numbers: Array = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:count]
    return numbers
