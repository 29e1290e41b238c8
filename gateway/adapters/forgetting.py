"""Asks the cloud whom it has forgotten, and makes the gateway's own file forget them too."""

import logging
import threading

import httpx

from contracts.erasure import ERASURES_PATH, Erasures, decode_erasures
from contracts.errors import ContractError
from gateway.adapters.erased_rows import ErasedRows
from gateway.adapters.uplink import UploadError
from gateway.errors import EventStoreError

logger = logging.getLogger(__name__)


class Forgetting:
    """Works from a thread of its own, at once when it starts and then in intervals.

    Args:
        rows: What the file knows of erasures.
        client: An HTTP client with the cloud's address and the API key in its headers.
        interval_s: Seconds between two questions.
    """

    def __init__(self, rows: ErasedRows, client: httpx.Client, interval_s: float) -> None:
        self._rows, self._client, self._interval_s = rows, client, interval_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="forgetting", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Return whether the thread still works."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """End after what is under way."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                count = self.step()
            except (UploadError, EventStoreError) as error:
                logger.warning("whom the cloud has forgotten is not known here: %s; asking again later", error)
            else:
                if count:
                    logger.info("%d events and dead letters no longer name people whom the cloud has forgotten", count)
            self._stop.wait(self._interval_s)

    def step(self) -> int:
        """Ask what is new, forget it, and look at what came in since; return how much named somebody forgotten.

        What is known already is forgotten also while the cloud cannot be reached.

        Raises:
            UploadError: The cloud cannot be reached, or does not answer as it should.
            EventStoreError: The file cannot be read or written.
        """
        try:
            while self._ask():
                pass
        finally:
            count = self._forget()
        return count

    def _ask(self) -> bool:
        """Take one answer in; return whether more waits."""
        erasures = self._get(self._rows.cursor())
        self._rows.take(erasures)
        return erasures.has_more and not self._stop.is_set()

    def _get(self, after: int) -> Erasures:
        try:
            answer = self._client.get(ERASURES_PATH, params={"after": after})
        except httpx.RequestError as error:
            msg = f"no answer from {self._client.base_url}: {error}"
            raise UploadError(msg) from error
        if not answer.is_success:
            msg = f"HTTP {answer.status_code} from {self._client.base_url}: {answer.text[:200]}"
            raise UploadError(msg)
        try:
            return decode_erasures(answer.content)
        except ContractError as error:
            msg = f"{self._client.base_url} does not answer as the cloud does: {error}"
            raise UploadError(msg) from error

    def _forget(self) -> int:
        count, more = 0, True
        while more and not self._stop.is_set():
            cleared, more = self._rows.forget()
            count += cleared
        return count
