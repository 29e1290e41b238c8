"""Runs the projections in a thread of its own, while the application serves."""

import logging
import threading

from cloud.projections.projector import Projector

_LOG = logging.getLogger(__name__)
_JOIN_TIMEOUT_S = 30.0


class ProjectionWorker:
    """Catches up with the log whenever it is woken, and at least once an interval."""

    def __init__(self, projector: Projector, interval_s: float) -> None:
        self._projector = projector
        self._interval_s = interval_s
        self._work = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="projections", daemon=True)
        self.failure: str | None = None
        """Why the last round failed; None after one that did not. The round is tried again each interval."""

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Say that there is something new."""
        self._work.set()

    def last_failure(self) -> str | None:
        """Return why the last round failed, None where it did not."""
        return self.failure

    def stop(self) -> None:
        """Finish the transaction at hand and end the thread."""
        self._stop.set()
        self._work.set()
        self._thread.join(_JOIN_TIMEOUT_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._work.clear()
            try:
                while not self._stop.is_set() and self._projector.step():
                    pass
                self.failure = None
            except Exception as error:  # noqa: BLE001 - the thread must outlive a database that is away for a while
                self.failure = f"{type(error).__name__}: {error}"
                _LOG.error("projections stopped and will be tried again in %s s: %s", self._interval_s, self.failure)
            self._work.wait(self._interval_s)
