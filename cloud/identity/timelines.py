"""Whose an identifier is at each time, and what changed of that. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct

from cloud.identity.holdings import FOREVER_MS, Holding
from cloud.identity.names import one_id_of
from cloud.identity.resolve import Cluster
from cloud.identity.statements import Identifier


class Span(Struct, frozen=True, order=True):
    """A time in which an identifier belongs to one profile: from `from_ms` on, up to `until_ms` and not with it.

    Attributes:
        is_held: Whether a statement says so; else nobody is known to have held it, and the profile is its own.
    """

    from_ms: int
    until_ms: int
    one_id: str
    is_held: bool = False


Timeline = tuple[Span, ...]
"""Spans without gaps, the earliest first, from 0 for good."""


class Move(Struct, frozen=True, order=True):
    """An identifier, for some time, goes from one profile to another. The inverse is the move with both swapped."""

    identifier: Identifier
    from_one_id: str
    to_one_id: str
    from_ms: int = 0
    until_ms: int = FOREVER_MS


def came_from(tenant: str, identifier: Identifier, from_one_id: str | None) -> str:
    """Return from which profile an identifier moved; where the ledger names none, from its own since ever."""
    return from_one_id or name_of(tenant, Holding(identifier))


def unheld(tenant: str, identifier: Identifier) -> Timeline:
    """Return whose an identifier is that no statement names: its own profile's, for good."""
    return (Span(0, FOREVER_MS, name_of(tenant, Holding(identifier))),)


def name_of(tenant: str, holding: Holding) -> str:
    """Return the One ID of a profile whose anchor is this holding."""
    return one_id_of(tenant, holding.namespace, holding.pseudonym, holding.from_ms)


def timelines_from(tenant: str, clusters: Iterable[Cluster]) -> dict[Identifier, Timeline]:
    """Return whose every identifier of some persons is, and between its holders and around them nobody's."""
    held: dict[Identifier, list[Span]] = {}
    for cluster in clusters:
        one_id = name_of(tenant, cluster.anchor)
        for each in cluster.holdings:
            held.setdefault(each.identifier, []).append(Span(each.from_ms, each.until_ms, one_id, is_held=True))
    return {identifier: _without_gaps(tenant, identifier, sorted(spans)) for identifier, spans in held.items()}


def _without_gaps(tenant: str, identifier: Identifier, held: Sequence[Span]) -> Timeline:
    spans: list[Span] = []
    reached_ms = 0
    for span in (*held, Span(FOREVER_MS, FOREVER_MS, "")):
        if reached_ms < span.from_ms:
            spans.append(Span(reached_ms, span.from_ms, name_of(tenant, Holding(identifier, reached_ms))))
        spans.append(span)
        reached_ms = span.until_ms
    return tuple(spans[:-1])


def owner_at(timeline: Timeline, at_ms: int) -> str:
    """Return the One ID to which an identifier belongs at a time; before 1970 as in 1970."""
    return span_at(timeline, at_ms).one_id


def span_at(timeline: Timeline, at_ms: int) -> Span:
    """Return the span in which an instant lies; one before 1970 in the first."""
    return next(span for span in reversed(timeline) if span.from_ms <= max(at_ms, 0))


def speakers_at(timeline: Timeline, at_ms: int) -> frozenset[str]:
    """Return for which profiles a word counts that somebody said through an identifier at a time.

    It is whose the identifier was; where nobody is known to have had it then, also whoever had it next.
    """
    span = span_at(timeline, at_ms)
    after = () if span.is_held else (each.one_id for each in timeline if each.from_ms == span.until_ms)
    return frozenset({span.one_id, *after})


def moves_between(before: Mapping[Identifier, Timeline], after: Mapping[Identifier, Timeline]) -> list[Move]:
    """Return for which times which identifiers belong to another profile than before, sorted."""
    return sorted(
        Move(identifier, was, now, from_ms, until_ms)
        for identifier in before
        for from_ms, until_ms, was, now in _differences(before[identifier], after[identifier])
    )


def _differences(before: Timeline, after: Timeline) -> list[tuple[int, int, str, str]]:
    found: list[tuple[int, int, str, str]] = []
    for from_ms in sorted({span.from_ms for span in (*before, *after)}):
        was, now = span_at(before, from_ms), span_at(after, from_ms)
        if was.one_id == now.one_id:
            continue
        until_ms = min(was.until_ms, now.until_ms)
        if found and found[-1][1:] == (from_ms, was.one_id, now.one_id):
            found[-1] = found[-1][0], until_ms, was.one_id, now.one_id
        else:
            found.append((from_ms, until_ms, was.one_id, now.one_id))
    return found


def overlaid(timeline: Timeline, one_id: str, from_ms: int, until_ms: int) -> Timeline:
    """Return a timeline that says for one time that the identifier belonged to a profile, else the same as before."""
    kept = [
        Span(start, end, span.one_id, span.is_held)
        for span in timeline
        for start, end in ((span.from_ms, min(span.until_ms, from_ms)), (max(span.from_ms, until_ms), span.until_ms))
        if start < end
    ]
    return tuple(sorted([*kept, Span(from_ms, until_ms, one_id, is_held=True)]))


def kept_from_others(identifier: Identifier, timeline: Timeline, one_ids: Collection[str]) -> list[Holding]:
    """Return when an identifier was one person's, with the times around in which it is nobody else's.

    Args:
        identifier: Whose timeline it is.
        timeline: Whose it is at each time.
        one_ids: The person's.
    """
    found: list[Holding] = []
    start_ms: int | None = None
    is_theirs = False
    for span in (*timeline, Span(FOREVER_MS, FOREVER_MS, "", is_held=True)):
        if span.is_held and span.one_id not in one_ids:
            if start_ms is not None and is_theirs:
                found.append(Holding(identifier, start_ms, span.from_ms))
            start_ms, is_theirs = None, False
            continue
        start_ms = span.from_ms if start_ms is None else start_ms
        is_theirs = is_theirs or span.one_id in one_ids
    return found
