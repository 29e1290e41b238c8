"""The request that takes a batch of events to the cloud, and what its answer means."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx
import zstandard

from contracts.delivery import BATCH_MEDIA_TYPE, INGEST_PATH, IngestReceipt, decode_receipt, join_batch
from contracts.errors import ContractError

_ZSTD_LEVEL = 3
_REFUSED_AS_A_WHOLE = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY}
)
_NO_ACCESS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class UploadError(Exception):
    """A batch did not reach the cloud; it will be sent again.

    Attributes:
        asked_s: Seconds that the cloud asks to wait, 0 where it does not say.
        is_overload: Whether a smaller batch may have reached it.
    """

    def __init__(self, message: str, *, asked_s: float = 0.0, is_overload: bool = False) -> None:
        super().__init__(message)
        self.asked_s, self.is_overload = asked_s, is_overload


class BatchRefusedError(Exception):
    """The cloud refuses a batch as a whole; a smaller one may pass."""


class Uplink:
    """Sends batches.

    Args:
        client: An HTTP client with the cloud's address and the API key in its headers.
    """

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._compressor = zstandard.ZstdCompressor(level=_ZSTD_LEVEL)

    def send(self, bodies: list[bytes]) -> IngestReceipt:
        """Send events and return what the cloud did with them, each line of them counted.

        Raises:
            PrivacyError: One of them must not leave the store; nothing was sent.
            BatchRefusedError: The cloud refuses them as a whole.
            UploadError: They did not reach the cloud, or it did not answer as it should.
        """
        content = self._compressor.compress(join_batch(bodies))
        headers = {"content-type": BATCH_MEDIA_TYPE, "content-encoding": "zstd"}
        try:
            answer = self._client.post(INGEST_PATH, content=content, headers=headers)
        except httpx.RequestError as error:
            msg = f"no answer from {self._client.base_url}: {error}"
            raise UploadError(msg, is_overload=isinstance(error, httpx.TimeoutException)) from error
        if answer.status_code in _REFUSED_AS_A_WHOLE:
            msg = f"HTTP {answer.status_code}: {answer.text[:200]}"
            raise BatchRefusedError(msg)
        if not answer.is_success:
            raise self._failure(answer)
        return self._receipt(answer.content, len(bodies))

    def _failure(self, answer: httpx.Response) -> UploadError:
        if answer.status_code in _NO_ACCESS:
            return UploadError(
                f"the cloud refuses the API key (HTTP {answer.status_code}); create one with the scope ingest"
            )
        return UploadError(
            f"HTTP {answer.status_code} from {self._client.base_url}: {answer.text[:200]}",
            asked_s=_asked_s(answer.headers.get("retry-after", "")),
            is_overload=answer.is_server_error or answer.status_code == HTTPStatus.TOO_MANY_REQUESTS,
        )

    def _receipt(self, content: bytes, sent: int) -> IngestReceipt:
        try:
            receipt = decode_receipt(content)
        except ContractError as error:
            msg = f"{self._client.base_url} does not answer as the cloud does: {error}"
            raise UploadError(msg) from error
        if receipt.received != sent:
            msg = f"sent {sent} events, the cloud speaks of {receipt.received}"
            raise UploadError(msg)
        if any(each.line > sent for each in receipt.rejections):
            msg = f"sent {sent} events, the cloud refuses line {max(each.line for each in receipt.rejections)}"
            raise UploadError(msg)
        return receipt


def _asked_s(text: str) -> float:
    """Return the seconds that a Retry-After header asks for, as a number or a date; 0 where it says neither."""
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    return max(0.0, (until.astimezone(UTC) - datetime.now(UTC)).total_seconds())
