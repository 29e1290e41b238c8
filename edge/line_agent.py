"""The agent of devices that report lines: scan-code terminals and POS taps."""

import logging
from collections.abc import Callable
from typing import Protocol

from contracts.events import EventDraft
from contracts.privacy import UplinkPayload
from edge.adapters.line_source import LineSource
from edge.adapters.outbox import FeedPosition, Outbox
from edge.core.receipts import PosRules, receipt_line
from edge.core.scanning import ScanRules, ScanState, scan_line
from edge.errors import BadInputError

logger = logging.getLogger(__name__)

END_LINES = frozenset({b'{"end":true}', b'{"end": true}'})
"""A recorded or simulated input says with one of these that nothing more will come."""


class LineReader(Protocol):
    """Turns one line into an event."""

    def read(self, line: bytes, now_ms: int) -> EventDraft[UplinkPayload] | None:
        """Return the event that a line makes, None where it makes none.

        Raises:
            BadInputError: The line is unusable.
        """
        ...


class ScanReader:
    """Reads a terminal's lines; remembers the member code that is in force."""

    def __init__(self, rules: ScanRules) -> None:
        self._rules, self._state = rules, ScanState()

    def change(self, rules: ScanRules) -> None:
        """Read by other rules from the next line on. Safe to call from another thread."""
        self._rules = rules

    def read(self, line: bytes, now_ms: int) -> EventDraft[UplinkPayload] | None:
        """See `LineReader.read`."""
        self._state, draft = scan_line(self._state, line, now_ms, self._rules)
        return draft


class ReceiptReader:
    """Reads a till's lines."""

    def __init__(self, rules: PosRules) -> None:
        self._rules = rules

    def change(self, rules: PosRules) -> None:
        """Read by other rules from the next line on. Safe to call from another thread."""
        self._rules = rules

    def read(self, line: bytes, now_ms: int) -> EventDraft[UplinkPayload] | None:
        """See `LineReader.read`."""
        return receipt_line(line, now_ms, self._rules)


class LineAgent:
    """Reads lines into the outbox until the input ends or it is stopped.

    Args:
        source: The input.
        reader: What turns its lines into events.
        outbox: Where events go, each committed together with how far the input was read.
        on_new_rows: Called after each commit.
        clock_ms: The device's clock, Unix milliseconds.
    """

    def __init__(
        self,
        source: LineSource,
        reader: LineReader,
        outbox: Outbox,
        on_new_rows: Callable[[], None],
        clock_ms: Callable[[], int],
    ) -> None:
        self._source, self._reader, self._outbox = source, reader, outbox
        self._on_new_rows, self._clock_ms = on_new_rows, clock_ms

    def run(self, stopped: Callable[[], bool]) -> None:
        """Read until the input ends or `stopped` says so.

        Raises:
            FeedError: The input cannot be opened.
            OutboxError: The outbox cannot be written.
        """
        name = self._source.name
        kept = self._outbox.position(name)
        for line in self._source.lines(stopped, kept.offset_bytes, kept.beginning):
            if line.text.strip() in END_LINES:
                return
            now_ms = self._clock_ms()
            try:
                draft = self._reader.read(line.text, now_ms)
            except BadInputError as error:
                logger.warning("%s: kept a line that cannot be used: %s", name, error)
                self._outbox.keep_bad_input(name, line.text, str(error), now_ms)
                draft = None
            position = None
            if line.end_offset_bytes is not None:
                position = FeedPosition(name, line.end_offset_bytes, self._source.beginning)
            if draft is not None or position is not None:
                self._outbox.append([draft] if draft is not None else [], position)
                self._on_new_rows()
