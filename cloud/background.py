"""Does something again and again in a thread of its own, while the application serves."""

import logging
import threading
from collections.abc import Callable

_LOG = logging.getLogger(__name__)
_JOIN_TIMEOUT_S = 30.0


class BackgroundWorker:
    """Steps until it is stopped, and rests when there is nothing to do.

    Args:
        name: Of the thread.
        step: Does some work; returns whether there may be more at once.
        interval_s: How long to rest.
    """

    def __init__(self, name: str, step: Callable[[], bool], interval_s: float) -> None:
        self._name = name
        self._step = step
        self._interval_s = interval_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the step at hand and end the thread."""
        self._stop.set()
        self._thread.join(_JOIN_TIMEOUT_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                while not self._stop.is_set() and self._step():
                    pass
            except Exception as error:  # noqa: BLE001 - the thread must outlive a database that is away for a while
                _LOG.error("%s wait %s s: %s: %s", self._name, self._interval_s, type(error).__name__, error)
            self._stop.wait(self._interval_s)
