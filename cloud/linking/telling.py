"""What to tell others of decisions that were made anew. Pure: no clock, randomness or I/O."""

from collections.abc import Mapping
from typing import Any

from cloud.changes.queue import Change

_TOLD = frozenset({"linked", "party"})
"""Who follows links is told of these; the other decisions attach nothing to anybody."""


def link_changes(ended: Mapping[str, Any], made: Mapping[str, Mapping[str, object]]) -> list[Change]:
    """Return what to tell, by touch.

    A link that only became final is told as that, one whose evidence alone changed not at all. A link that ended names
    its touch and no visit: its member may have withdrawn consent.

    Args:
        ended: By touch, the decision that held.
        made: By touch, the decision that holds now, as a row.
    """
    told = []
    for touch_id in sorted({*ended, *made}):
        before, now = ended.get(touch_id), made.get(touch_id)
        was = before if before is not None and before.decision in _TOLD else None
        holds = now if now is not None and now["decision"] in _TOLD else None
        if was is not None and (holds is None or not _same_link(was, holds)):
            told.append(Change(kind="link.retracted", one_id=was.one_id, data={"touch_id": touch_id}))
            was = None
        if holds is not None and (was is None or was.stage != holds["stage"]):
            is_final = was is not None and holds["stage"] == "final"
            data = {name: holds[name] for name in ("touch_id", "store", "visit_id", "decision", "stage")}
            told.append(
                Change(kind="link.final" if is_final else "link.asserted", one_id=str(holds["one_id"]), data=data)
            )
    return told


def _same_link(was: Any, holds: Mapping[str, object]) -> bool:  # noqa: ANN401 - a row of decisions
    return all(getattr(was, name) == holds[name] for name in ("decision", "visit_id", "one_id"))
