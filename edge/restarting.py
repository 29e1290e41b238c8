"""A device starts again when the gateway asks for it: each request once, whatever ends the process meanwhile."""

import logging
from collections.abc import Callable
from pathlib import Path

from contracts.device_restart import (
    RESTARTED_NAME,
    Restarted,
    RestartRequest,
    decode_restart,
    decode_restarted,
    encode_restart,
)
from contracts.errors import ContractError
from edge.adapters.device_link import Answer, Say

logger = logging.getLogger(__name__)

RESTART_FILE = "restart.json"


class RestartKeeper:
    """Takes requests to start again, and knows which of them a start has met.

    A request is written down before it is obeyed; a process that is killed in between has met it with its next start.

    Args:
        data_dir: The device's folder.
        clock_ms: Its clock, Unix milliseconds.
        ask_restart: Makes it end and start again; called from another thread.
    """

    def __init__(self, data_dir: Path, clock_ms: Callable[[], int], ask_restart: Callable[[], None]) -> None:
        self._path, self._clock_ms, self._ask_restart = data_dir / RESTART_FILE, clock_ms, ask_restart
        self._taken = self._read()
        self._begun = Restarted(request_id=self._taken, started_ms=clock_ms())
        self._running: Restarted | None = None

    def begin(self) -> None:
        """Take note that a start begins, which meets what was asked until now."""
        self._running = None
        self._begun = Restarted(request_id=self._taken, started_ms=self._clock_ms())

    def started(self) -> None:
        """Take note that the device runs."""
        self._running = self._begun

    def greeting(self) -> list[Answer]:
        """Return what to tell the gateway of the last start, nothing while the device is starting."""
        return [] if self._running is None else [_said(self._running)]

    def take(self, body: bytes, say: Say) -> None:
        """Obey a request, once.

        Raises:
            ContractError: The message is none.
        """
        request = decode_restart(body)
        if request.request_id and request.request_id == self._taken:
            if self._running is not None and self._running.request_id == self._taken:
                say(_said(self._running))
            return
        logger.warning("the gateway asks to start again: %s", request.reason)
        self._taken = request.request_id
        self._keep(request)
        self._ask_restart()

    def _read(self) -> str:
        try:
            return decode_restarted(self._path.read_bytes()).request_id
        except FileNotFoundError:
            return ""
        except (OSError, ContractError) as error:
            logger.error("cannot read %s: %s; the last request to start again is not known", self._path, error)  # noqa: TRY400 - one line
            return ""

    def _keep(self, request: RestartRequest) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part = self._path.with_suffix(".part")
            part.write_bytes(encode_restart(Restarted(request_id=request.request_id, started_ms=self._clock_ms())))
            part.replace(self._path)
        except OSError as error:
            logger.error("cannot write %s: %s; it may start twice for one request", self._path, error)  # noqa: TRY400 - one line


def _said(start: Restarted) -> Answer:
    return Answer(RESTARTED_NAME, encode_restart(start), retain=True)
