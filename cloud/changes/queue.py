"""What changed and waits to be published. Pure SQL: it knows no other part, so that any part can call it."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from cloud.changes.tables import change_queue, profile_queue
from cloud.db import WriteSession


class Change(Struct, frozen=True, kw_only=True):
    """Something that happened, to be told as it is."""

    kind: str
    one_id: str
    data: Mapping[str, object]


def note_profiles(session: WriteSession, tenant: str, one_ids: Iterable[str]) -> None:
    """Say that these profiles may have changed."""
    session.insert(profile_queue, [{"tenant": tenant, "one_id": one_id} for one_id in sorted(set(one_ids))])


def note_changes(session: WriteSession, tenant: str, noted: Iterable[Change]) -> None:
    """Say what happened, in order."""
    session.insert(
        change_queue,
        [{"tenant": tenant, "kind": each.kind, "one_id": each.one_id, "data": dict(each.data)} for each in noted],
    )
