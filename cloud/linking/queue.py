"""What changed and waits for the linker."""

from collections.abc import Iterable
from typing import Literal

from cloud.db import WriteSession
from cloud.tables import link_queue

Changed = Literal["touch", "visit"]


def enqueue(session: WriteSession, tenant: str, kind: Changed, keys: Iterable[str]) -> None:
    """Queue touches or visits; those that wait already are no-ops."""
    session.insert_new(link_queue, [{"tenant": tenant, "kind": kind, "key": key} for key in sorted(set(keys))])
