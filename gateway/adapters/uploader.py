"""Sends what waits in the event store to the cloud until the cloud has confirmed it."""

import logging
import threading
from collections.abc import Callable
from time import monotonic

import httpx

from contracts.delivery import MAX_BATCH_BYTES, join_batch
from contracts.errors import PrivacyError
from gateway.adapters.event_rows import CLOUD_REFUSED, UNFIT, Refusal, WaitingEvent
from gateway.adapters.event_store import EventStore
from gateway.adapters.uplink import BatchRefusedError, Uplink, UploadError
from gateway.core.pacing import Pace, shares
from gateway.core.retry import RetryPolicy, wait_s
from gateway.errors import EventStoreError

logger = logging.getLogger(__name__)

_IDLE_S = 0.2
_FIRST_EVENTS = 500
_MOST_BYTES = MAX_BATCH_BYTES // 2
LIVE_SHARE = 0.5


class Uploader:
    """Drains the event store from a thread of its own: in each batch the oldest events, and the newest.

    Args:
        store: What waits.
        client: An HTTP client with the cloud's address and the API key in its headers.
        batch_events: Events a request, at most.
        policy: How long to wait after failures.
        clock_ms: The wall clock, Unix milliseconds.
        chance: Random numbers from 0 to 1.
        live_share: The share of the newest events in a batch, 0 to 1.
    """

    def __init__(
        self,
        store: EventStore,
        client: httpx.Client,
        batch_events: int,
        policy: RetryPolicy,
        clock_ms: Callable[[], int],
        chance: Callable[[], float],
        live_share: float = LIVE_SHARE,
    ) -> None:
        self._store, self._uplink, self._policy = store, Uplink(client), policy
        self._clock_ms, self._chance, self._live_share = clock_ms, chance, live_share
        self._pace = Pace(events=min(_FIRST_EVENTS, batch_events), most=batch_events)
        self._turn, self._failures = 0, 0
        self._suspects: list[list[WaitingEvent]] = []
        self._refused: list[tuple[WaitingEvent, str]] = []
        self._has_accepted = False
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
                self._stop.wait(self.pause_s(error))
                continue
            if self._failures:
                logger.info("the cloud answers again after %d failures", self._failures)
                self._failures = 0
            if not more:
                self._wake.wait(_IDLE_S)

    def pause_s(self, error: Exception) -> float:
        """Count a failure of `step`, and return the seconds to wait before the next one."""
        self._failures += 1
        asked_s = error.asked_s if isinstance(error, UploadError) else 0.0
        pause_s = wait_s(self._policy, self._failures, self._chance(), asked_s)
        logger.warning("upload failed (try %d): %s; trying again in %.1f s", self._failures, error, pause_s)
        return pause_s

    def step(self) -> bool:
        """Send one batch. Returns whether more may wait.

        Raises:
            UploadError: The batch did not reach the cloud.
            EventStoreError: The event store cannot be written.
        """
        batch = self._suspects.pop() if self._suspects else self._next_batch()
        if not batch:
            return False
        started_s = monotonic()
        try:
            receipt = self._uplink.send([each.body for each in batch])
        except PrivacyError:
            self._bury_unfit(batch)
            return True
        except BatchRefusedError as error:
            self._pace = self._pace.troubled()
            self._refuse(batch, str(error))
            return True
        except UploadError as error:
            self._forget_suspects()
            if error.is_overload:
                self._pace = self._pace.troubled()
            raise
        self._pace = self._pace.answered(monotonic() - started_s)
        refusals = {}
        for each in receipt.rejections:
            refusals[batch[each.line - 1].position] = Refusal(CLOUD_REFUSED, f"{each.reason}: {each.detail}")
            logger.warning("the cloud refuses event %s: %s: %s", each.event_id, each.reason, each.detail)
        self._store.mark_uploaded(batch, refusals, self._clock_ms())
        self._bury_refused()
        self._has_accepted = True
        return self._store.queue_depth() > 0

    def _next_batch(self) -> list[WaitingEvent]:
        """Return some of the oldest and of the newest waiting events, in order, no more than a request may hold."""
        self._turn += 1
        batch = self._store.waiting(*shares(self._pace.events, self._live_share, self._turn))
        size = 0
        for index, each in enumerate(batch):
            size += len(each.body) + 1
            if index and size > _MOST_BYTES:
                return batch[:index]
        return batch

    def _refuse(self, batch: list[WaitingEvent], detail: str) -> None:
        """Look closer at a batch that the cloud refuses: halves of it, down to the event that it cannot take.

        An event is put aside only when the cloud has accepted others: else it is the cloud, or something in between,
        that is wrong.

        Raises:
            UploadError: The cloud has refused whatever it was given.
        """
        if len(batch) > 1:
            middle = len(batch) // 2
            self._suspects += [batch[middle:], batch[:middle]]
            return
        self._refused.append((batch[0], detail))
        if self._has_accepted:
            self._bury_refused()
            self._has_accepted = False
        elif not self._suspects:
            self._forget_suspects()
            msg = f"the cloud accepts no event: {detail}"
            raise UploadError(msg)

    def _bury_refused(self) -> None:
        for event, detail in self._refused:
            self._store.bury_waiting(event, CLOUD_REFUSED, detail, self._clock_ms())
            logger.warning("the cloud refuses an event; kept as a dead letter: %s", detail)
        self._refused.clear()

    def _forget_suspects(self) -> None:
        """Begin anew after a failure: what was suspected still waits."""
        self._suspects.clear()
        self._refused.clear()
        self._has_accepted = False

    def _bury_unfit(self, batch: list[WaitingEvent]) -> None:
        """Move what must not leave the store, or cannot be read any more, to the dead letters."""
        for each in batch:
            try:
                join_batch([each.body])
            except PrivacyError as error:
                self._store.bury_waiting(each, UNFIT, str(error), self._clock_ms())
                logger.error("kept from the uplink: %s", error)  # noqa: TRY400 - one line for operators
