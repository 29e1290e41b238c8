"""Puts profiles together: what is known of them, and what follows from it."""

from collections.abc import Sequence

from cloud.db import AnyRow, ReadSession
from cloud.identity.explain import explain
from cloud.profiles import repository
from cloud.profiles.history import load_facts_at
from cloud.profiles.live import categories_of, load_facts
from cloud.profiles.schemas import Profile, ProfileSummary
from cloud.profiles.standings import scores_of
from cloud.profiles.view import Asked, show, summarize


def list_profiles(session: ReadSession, tenant: str, rows: Sequence[AnyRow]) -> list[ProfileSummary]:
    """Return profiles with their counts, in the order of `rows`."""
    facts = load_facts(session, tenant, [row.one_id for row in rows])
    return [summarize(facts[row.one_id]) for row in rows]


def get_profile(session: ReadSession, asked: Asked) -> Profile:
    """Return a profile with a page of its timeline.

    Raises:
        ProblemError: 404, there is none, or was none then.
    """
    if asked.as_of_ms is not None:
        facts = load_facts_at(session, asked.tenant, asked.one_id, asked.as_of_ms)
        return show(facts, asked, categories_of(session, asked.tenant, facts.touches))
    one_id = repository.get_profile(session, asked.tenant, asked.one_id).one_id
    facts = load_facts(session, asked.tenant, [one_id])[one_id]
    return show(
        facts,
        asked,
        categories_of(session, asked.tenant, facts.touches),
        scores=scores_of(session, asked.tenant, [one_id]).get(one_id),
        identity=explain(session, asked.tenant, one_id),
    )
