"""Sends what waits in the event store to the cloud until the cloud has confirmed it."""

import logging
import threading
from collections.abc import Callable
from http import HTTPStatus

import httpx
import zstandard

from contracts.delivery import BATCH_MEDIA_TYPE, INGEST_PATH, IngestReceipt, decode_receipt, join_batch
from contracts.errors import ContractError, PrivacyError
from gateway.adapters.event_rows import WaitingEvent
from gateway.adapters.event_store import EventStore
from gateway.core.retry import RetryPolicy, wait_s
from gateway.errors import EventStoreError

logger = logging.getLogger(__name__)

_IDLE_S = 0.2
_ZSTD_LEVEL = 3
_REFUSED_AS_A_WHOLE = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY}
)
_NO_ACCESS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
CLOUD_REFUSED = "cloud_refused"
UNFIT = "unfit_for_uplink"


class UploadError(Exception):
    """A batch did not reach the cloud; it will be sent again."""


class BatchRefusedError(Exception):
    """The cloud refuses a batch as a whole; a smaller one may pass."""


class Uploader:
    """Drains the event store from a thread of its own.

    Args:
        store: What waits.
        client: An HTTP client with the cloud's address and the API key in its headers.
        batch_events: Events a request, at most.
        policy: How long to wait after failures.
        clock_ms: The wall clock, Unix milliseconds.
        chance: Random numbers from 0 to 1.
    """

    def __init__(
        self,
        store: EventStore,
        client: httpx.Client,
        batch_events: int,
        policy: RetryPolicy,
        clock_ms: Callable[[], int],
        chance: Callable[[], float],
    ) -> None:
        self._store, self._client, self._batch_events, self._policy = store, client, batch_events, policy
        self._clock_ms, self._chance = clock_ms, chance
        self._limit = batch_events
        self._failures = 0
        self._compressor = zstandard.ZstdCompressor(level=_ZSTD_LEVEL)
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="uploader", daemon=True)

    def start(self) -> None:
        """Begin to upload."""
        self._thread.start()

    def wake(self) -> None:
        """Say that new events wait."""
        self._wake.set()

    @property
    def is_alive(self) -> bool:
        """Return whether the uploading thread still works."""
        return self._thread.is_alive()

    def stop(self, drain_s: float = 0.0) -> None:
        """End after the request that is under way, then send what is left, for at most `drain_s` seconds."""
        self._stop.set()
        self._wake.set()
        self._thread.join()
        until_ms = self._clock_ms() + drain_s * 1000
        try:
            while self._clock_ms() < until_ms and self.step():
                pass
        except (UploadError, EventStoreError) as error:
            logger.warning("%s; %d events wait for the next start", error, self._store.queue_depth())

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            try:
                more = self.step()
            except (UploadError, EventStoreError) as error:
                self._failures += 1
                pause_s = wait_s(self._policy, self._failures, self._chance())
                logger.warning("upload failed (try %d): %s; trying again in %.1f s", self._failures, error, pause_s)
                self._stop.wait(pause_s)
                continue
            if self._failures:
                logger.info("the cloud answers again after %d failures", self._failures)
                self._failures = 0
            if not more:
                self._wake.wait(_IDLE_S)

    def step(self) -> bool:
        """Send one batch. Returns whether more may wait.

        Raises:
            UploadError: The batch did not reach the cloud.
            EventStoreError: The event store cannot be written.
        """
        batch = self._store.waiting(self._limit)
        if not batch:
            return False
        try:
            receipt = self._send(batch)
        except PrivacyError:
            self._bury_unfit(batch)
            return True
        except BatchRefusedError as error:
            if len(batch) == 1:
                self._store.bury_waiting(batch[0], CLOUD_REFUSED, str(error), self._clock_ms())
                logger.warning("the cloud refuses an event; kept as a dead letter: %s", error)
            else:
                self._limit = max(1, len(batch) // 2)
            return True
        refused = frozenset(batch[each.line - 1].position for each in receipt.rejections)
        for each in receipt.rejections:
            logger.warning("the cloud keeps event %s as a dead letter: %s: %s", each.event_id, each.reason, each.detail)
        self._store.mark_uploaded(batch, refused, self._clock_ms())
        self._limit = min(self._batch_events, self._limit * 2)
        return len(batch) == self._limit or self._store.queue_depth() > 0

    def _bury_unfit(self, batch: list[WaitingEvent]) -> None:
        """Move what must not leave the store, or cannot be read any more, to the dead letters."""
        for each in batch:
            try:
                join_batch([each.body])
            except PrivacyError as error:
                self._store.bury_waiting(each, UNFIT, str(error), self._clock_ms())
                logger.error("kept from the uplink: %s", error)  # noqa: TRY400 - one line for operators

    def _send(self, batch: list[WaitingEvent]) -> IngestReceipt:
        body = self._compressor.compress(join_batch([each.body for each in batch]))
        headers = {"content-type": BATCH_MEDIA_TYPE, "content-encoding": "zstd"}
        try:
            answer = self._client.post(INGEST_PATH, content=body, headers=headers)
        except httpx.RequestError as error:
            msg = f"no answer from {self._client.base_url}: {error}"
            raise UploadError(msg) from error
        if answer.status_code in _REFUSED_AS_A_WHOLE:
            msg = f"HTTP {answer.status_code}: {answer.text[:200]}"
            raise BatchRefusedError(msg)
        if answer.status_code in _NO_ACCESS:
            msg = f"the cloud refuses the API key (HTTP {answer.status_code}); create one with the scope ingest"
            raise UploadError(msg)
        if not answer.is_success:
            msg = f"HTTP {answer.status_code} from {self._client.base_url}: {answer.text[:200]}"
            raise UploadError(msg)
        return self._receipt(answer.content, len(batch))

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
