"""Who passes a line together: crossings of one buying unit carry one hint. Pure.

People are together who pass the same line in the same direction within some seconds and, while a camera saw them both
before, stayed near each other: closeness over time is what tells groups in a crowd (McPhail and Wohlstein,
Sociological Methods and Research 10, 1982; Ge, Collins and Ruback, IEEE TPAMI 34, 2012). Whoever joins a party must
have walked with everyone of it who passed within the time and of whom something is known (complete linkage, as in
hierarchical clustering), so that a stream of strangers does not become one party link by link.

A crossing is decided when it is told, from what was seen until then; nothing is taken back. The hint is the party's
first track, so whoever is alone has the own one. Crossings are heads, distinct hints are parties.
"""

from collections.abc import Iterable, Mapping
from math import hypot
from typing import Annotated

import msgspec
from msgspec.structs import replace

from contracts.events import EventDraft
from contracts.fields import Direction
from contracts.payloads import FootfallCrossing, PathPoint
from contracts.privacy import UplinkPayload

_SAMPLE_MS = 500

NotNegative = Annotated[float, msgspec.Meta(ge=0)]

Path = tuple[PathPoint, ...]
Draft = EventDraft[UplinkPayload]


class PartyRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When people are together.

    Attributes:
        within_s: They pass the line within this time of each other.
        reach_m: They were no farther apart than this on average.
        together_s: They were both in view for at least so long; else nothing is known.
        look_back_s: Only so much time before the line counts.
    """

    within_s: NotNegative = 4.0
    reach_m: NotNegative = 3.0
    together_s: NotNegative = 0.25
    look_back_s: NotNegative = 8.0


class Passer(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who passed a line a moment ago.

    Attributes:
        tripwire_id: Which line.
        direction: Which way.
        time_ms: When.
        party: The party's hint.
        path: Where on the floor he or she had walked.
        seen_ms: Until when the path is known.
    """

    tripwire_id: str
    direction: Direction
    time_ms: int
    party: str
    path: Path
    seen_ms: int


def mark(
    rules: PartyRules, passers: tuple[Passer, ...], drafts: Iterable[Draft], walks: Mapping[str, tuple[Path, int]]
) -> tuple[tuple[Passer, ...], list[Draft]]:
    """Give the crossings among events their parties.

    Args:
        rules: When people are together.
        passers: Who passed before.
        drafts: Events in the order in which they were decided.
        walks: The path of each track on the floor and until when it is known, by name.

    Returns:
        Who passed before the next events, and the events.
    """
    marked: list[Draft] = []
    for draft in drafts:
        told = draft.data
        if not isinstance(told, FootfallCrossing):
            marked.append(draft)
            continue
        path, seen_ms = walks.get(told.track_id, ((), draft.time_ms))
        passer = Passer(
            tripwire_id=told.tripwire_id,
            direction=told.direction,
            time_ms=draft.time_ms,
            party=told.track_id,
            path=path,
            seen_ms=seen_ms,
        )
        passer = replace(passer, party=_party(rules, passers, passer) or passer.party)
        passers = (*passers, passer)
        marked.append(replace(draft, data=replace(told, party_hint=passer.party)))
    return passers, marked


def forget(rules: PartyRules, passers: tuple[Passer, ...], now_ms: int) -> tuple[Passer, ...]:
    """Return those with whom somebody may still turn out to have come: crossings are told late by some seconds."""
    latest_ms = now_ms - 2 * rules.within_s * 1000
    return tuple(passer for passer in passers if max(passer.time_ms, passer.seen_ms) >= latest_ms)


def _party(rules: PartyRules, passers: Iterable[Passer], passer: Passer) -> str | None:
    """Return the party that somebody belongs to: of those that fit the nearest, None where none does."""
    apart: dict[str, list[float | None]] = {}
    for other in passers:
        is_same_way = (other.tripwire_id, other.direction) == (passer.tripwire_id, passer.direction)
        if is_same_way and abs(other.time_ms - passer.time_ms) <= rules.within_s * 1000:
            apart.setdefault(other.party, []).append(mean_distance_m(rules, other, passer))
    fitting = [
        (max(known), party)
        for party, distances_m in apart.items()
        if (known := [each for each in distances_m if each is not None]) and max(known) <= rules.reach_m
    ]
    return min(fitting)[1] if fitting else None


def mean_distance_m(rules: PartyRules, one: Passer, other: Passer) -> float | None:
    """Return how far apart two people were on average while both were in view; None where that was too short."""
    if not one.path or not other.path:
        return None
    until_ms = min(one.seen_ms, other.seen_ms)
    since_ms = max(
        one.path[0].t_ms,
        other.path[0].t_ms,
        max(one.time_ms, other.time_ms) - round(rules.look_back_s * 1000),
    )
    if until_ms - since_ms < rules.together_s * 1000:
        return None
    distances_m = []
    for t_ms in range(until_ms, since_ms - 1, -_SAMPLE_MS):
        (x1_m, y1_m), (x2_m, y2_m) = _place(one.path, t_ms), _place(other.path, t_ms)
        distances_m.append(hypot(x2_m - x1_m, y2_m - y1_m))
    return sum(distances_m) / len(distances_m)


def _place(path: Path, t_ms: int) -> tuple[float, float]:
    """Return where somebody was at a time not before the path's first: between two points in proportion."""
    last = path[0]
    for point in path:
        if point.t_ms > t_ms:
            share = (t_ms - last.t_ms) / (point.t_ms - last.t_ms)
            return last.x_m + share * (point.x_m - last.x_m), last.y_m + share * (point.y_m - last.y_m)
        last = point
    return last.x_m, last.y_m
