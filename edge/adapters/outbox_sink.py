"""The outbox as the camera agent's event sink."""

from collections.abc import Callable

from edge.adapters.outbox import FeedPosition, Outbox
from edge.ports import Drafts


class OutboxSink:
    """Commits events to the outbox.

    Args:
        outbox: Where they go.
        feed: The name under which to keep how far the input was read; None where it cannot be resumed.
        on_new_rows: Called after each commit.

    Attributes:
        beginning: Returns what tells the input that is being read from another one of its name.
    """

    def __init__(self, outbox: Outbox, feed: str | None, on_new_rows: Callable[[], None]) -> None:
        self._outbox, self._feed, self._on_new_rows = outbox, feed, on_new_rows
        self.beginning: Callable[[], str] = str

    def emit(self, drafts: Drafts, resume_offset_bytes: int | None = None) -> None:
        """See `EventSink.emit`.

        Raises:
            OutboxError: The outbox cannot be written.
        """
        position = None
        if self._feed is not None and resume_offset_bytes is not None:
            position = FeedPosition(self._feed, resume_offset_bytes, self.beginning())
        self._outbox.append(drafts, position)
        self._on_new_rows()
