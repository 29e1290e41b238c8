"""Bodies as they come over the wire, decompressed within a limit. Pure."""

import zlib
from http import HTTPStatus

import zstandard

from cloud.errors import ProblemError

_ZSTD_STEP_BYTES = 256
"""A frame that does not state its size is fed in slices this small: each can grow to a few megabytes at most."""
_MAX_WINDOW_BYTES = 1 << 27


def too_large(limit_bytes: int) -> ProblemError:
    """Return the error for a body above the limit."""
    detail = f"a batch may have at most {limit_bytes} bytes, before and after decompression; send it in several"
    return ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "batch-too-large", "Batch too large", detail)


def decompress(body: bytes, encoding: str, limit_bytes: int) -> bytes:
    """Return the body as its sender wrote it.

    Args:
        body: What came over the wire.
        encoding: The Content-Encoding: `zstd`, `gzip`, `identity` or empty.
        limit_bytes: How large the result may be. Never much more than this is held in memory.

    Raises:
        ProblemError: 413 above the limit, 415 for another encoding, 400 for a damaged body.
    """
    match encoding.strip().lower():
        case "" | "identity":
            plain = body
        case "zstd":
            plain = _zstd(body, limit_bytes)
        case "gzip":
            plain = _gzip(body, limit_bytes)
        case other:
            detail = f"Content-Encoding must be zstd, gzip or identity, got {other!r}"
            raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unknown-encoding", "Unknown encoding", detail)
    if len(plain) > limit_bytes:
        raise too_large(limit_bytes)
    return plain


def _damaged(encoding: str, cause: object) -> ProblemError:
    detail = f"the body is no whole {encoding} stream ({cause}); send it again"
    return ProblemError(HTTPStatus.BAD_REQUEST, "damaged-body", "Damaged body", detail)


def _zstd(body: bytes, limit_bytes: int) -> bytes:
    try:
        size = zstandard.get_frame_parameters(body).content_size
        if size == zstandard.CONTENTSIZE_UNKNOWN:
            return _zstd_of_unknown_size(body, limit_bytes)
        if size > limit_bytes:
            raise too_large(limit_bytes)
        decompressor = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW_BYTES)
        return decompressor.decompress(body, max_output_size=limit_bytes, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise _damaged(encoding="zstd", cause=error) from error


def _zstd_of_unknown_size(body: bytes, limit_bytes: int) -> bytes:
    stream = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW_BYTES).decompressobj()
    plain = bytearray()
    for start in range(0, len(body), _ZSTD_STEP_BYTES):
        if stream.eof:
            break
        plain += stream.decompress(body[start : start + _ZSTD_STEP_BYTES])
        if len(plain) > limit_bytes:
            raise too_large(limit_bytes)
    if not stream.eof:
        raise _damaged(encoding="zstd", cause="it ends early")
    return bytes(plain)


def _gzip(body: bytes, limit_bytes: int) -> bytes:
    plain = bytearray()
    rest = body
    while rest:
        stream = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        try:
            plain += stream.decompress(rest, limit_bytes + 1 - len(plain))
        except zlib.error as error:
            raise _damaged(encoding="gzip", cause=error) from error
        if len(plain) > limit_bytes:
            raise too_large(limit_bytes)
        if not stream.eof:
            raise _damaged(encoding="gzip", cause="it ends early")
        rest = stream.unused_data
    return bytes(plain)
