"""Which of several sources' words about a member holds, and which consents. Pure: no clock, randomness or I/O."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from cloud.profiles.facts import AttributeSaid, ConsentSaid

RULE = "lowest rank, then latest, then greatest value"
"""Of each source its latest word counts; of the sources the most trusted one's; among equals the latest."""


class Attribute(Struct, frozen=True, kw_only=True):
    """What holds of one attribute, and how many other values were passed over."""

    said: AttributeSaid
    passed_over: int


class ConsentState(Struct, frozen=True, kw_only=True):
    """Whether a profile consents to one purpose, and since when."""

    purpose: str
    in_force: bool
    at_ms: int


def surviving(said: Iterable[AttributeSaid]) -> list[Attribute]:
    """Return the value that holds of each attribute, by name; one that was taken back by all is left out."""
    latest: dict[tuple[str, str], AttributeSaid] = {}
    for each in said:
        key = (each.name, each.source)
        latest[key] = max(latest.get(key, each), each, key=lambda one: (one.at_ms, one.value, -one.rank))
    by_name: dict[str, list[AttributeSaid]] = {}
    for each in latest.values():
        if each.value:
            by_name.setdefault(each.name, []).append(each)
    return [_surviving(of_name) for _, of_name in sorted(by_name.items())]


def _surviving(said: Sequence[AttributeSaid]) -> Attribute:
    best = max(said, key=lambda each: (-each.rank, each.at_ms, each.value, each.source))
    return Attribute(said=best, passed_over=len({each.value for each in said} - {best.value}))


def consent_states(said: Iterable[ConsentSaid]) -> list[ConsentState]:
    """Return what holds of each purpose, by name: it is in force if each identifier's latest statement grants it.

    If two statements name the same instant, the refusal holds.
    """
    latest: dict[tuple[str, str, str], ConsentSaid] = {}
    for each in said:
        key = (each.purpose, each.identifier.namespace, each.identifier.pseudonym)
        latest[key] = max(latest.get(key, each), each, key=lambda one: (one.at_ms, not one.granted, one.order))
    by_purpose: dict[str, list[ConsentSaid]] = {}
    for each in latest.values():
        by_purpose.setdefault(each.purpose, []).append(each)
    return [
        ConsentState(
            purpose=purpose,
            in_force=all(each.granted for each in of_it),
            at_ms=max(each.at_ms for each in of_it if each.granted == all(one.granted for one in of_it)),
        )
        for purpose, of_it in sorted(by_purpose.items())
    ]
