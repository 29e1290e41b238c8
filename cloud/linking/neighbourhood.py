"""Loads all that the decision about some touches depends on."""

from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from cloud.consents.repository import granted_profiles
from cloud.db import ReadSession
from cloud.linking import repository, terminal_repository
from cloud.linking.decide import Gate, Linker, Scene, Touch, Visit
from cloud.linking.terminals import Terminal


class Loaded(Struct):
    """What was loaded so far, each with its store where it has one."""

    touches: dict[str, tuple[str, Touch]] = field(default_factory=dict)
    visits: dict[str, tuple[str, Visit]] = field(default_factory=dict)
    terminals: dict[str, Terminal] = field(default_factory=dict)
    consents: set[str] = field(default_factory=set)

    def scene(self, store: str, touch_ids: Iterable[str]) -> Scene:
        """Return what touches of a store are decided from."""
        found = [self.touches[touch_id] for touch_id in sorted(touch_ids)]
        return Scene(
            touches=[touch for owner, touch in found if owner == store],
            visits=[visit for _, (owner, visit) in sorted(self.visits.items()) if owner == store],
            consents=self.consents,
            terminals=self.terminals,
        )

    def stores(self) -> list[str]:
        """Return the stores of the touches."""
        return sorted({store for store, _ in self.touches.values()})


def neighbourhood(
    session: ReadSession, linker: Linker, gate: Gate, tenant: str, touch_ids: Iterable[str]
) -> tuple[Loaded, set[str]]:
    """Return what touches are decided from, and which are to be decided: these, and all whose decision may change.

    Touches belong together that could have been made by one visit, or are one member's; whatever belongs to one of
    them belongs to all. So the whole group is decided, and nothing outside of it can matter.
    """
    loaded, group = Loaded(), set(touch_ids)
    _load(session, gate, tenant, loaded, group)
    fits, frontier = _fits(linker, loaded, group), group
    while frontier:
        reached = {visit_id for touch_id in frontier for visit_id in fits.get(touch_id, ())}
        near = repository.touches_near(session, tenant, reached, gate)
        near |= repository.touches_of_members(session, tenant, frontier, gate)
        fresh = near - group
        _load(session, gate, tenant, loaded, fresh)
        fits |= _fits(linker, loaded, fresh - fits.keys())
        frontier = _belonging(loaded, fits, fresh, group, reached)
        group |= frontier
    loaded.touches = {touch_id: loaded.touches[touch_id] for touch_id in group & loaded.touches.keys()}
    return loaded, group


def _load(session: ReadSession, gate: Gate, tenant: str, loaded: Loaded, touch_ids: set[str]) -> None:
    missing = touch_ids - loaded.touches.keys()
    touches = repository.load_touches(session, tenant, missing)
    visit_ids = repository.visits_near(session, tenant, missing, gate) - loaded.visits.keys()
    members = {touch.one_id for _, touch in touches.values() if touch.one_id is not None}
    loaded.touches |= touches
    loaded.visits |= {
        visit.visit_id: (store, visit) for store, visit in repository.load_visits(session, tenant, visit_ids)
    }
    loaded.terminals |= terminal_repository.terminals_of(session, tenant, touches)
    loaded.consents |= granted_profiles(session, tenant, members)


def _fits(linker: Linker, loaded: Loaded, touch_ids: set[str]) -> dict[str, frozenset[str]]:
    fits: dict[str, frozenset[str]] = {}
    for store in loaded.stores():
        fits |= linker.fits(loaded.scene(store, touch_ids & loaded.touches.keys()))
    return fits


def _belonging(
    loaded: Loaded, fits: Mapping[str, frozenset[str]], fresh: set[str], group: set[str], reached: set[str]
) -> set[str]:
    """Return the touches that share a visit or the member with the group."""
    members = {
        (store, touch.one_id)
        for touch_id, (store, touch) in loaded.touches.items()
        if touch_id in group and touch.one_id
    }
    return {
        touch_id
        for touch_id in fresh & fits.keys()
        if not fits[touch_id].isdisjoint(reached)
        or (loaded.touches[touch_id][0], loaded.touches[touch_id][1].one_id) in members
    }
