"""An event sink in memory."""

from edge.ports import Drafts


class MemorySink:
    """Keeps the ids of events, each once, and where a restart may begin to read."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.resume_offset_bytes = 0

    def emit(self, drafts: Drafts, resume_offset_bytes: int | None = None) -> None:
        self.ids.extend(draft.id for draft in drafts if draft.id not in self.ids)
        if resume_offset_bytes is not None:
            self.resume_offset_bytes = resume_offset_bytes
