"""SQL of duplicates: match codes of profiles, proposals and decisions."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import and_, delete, func, or_, select, update

from cloud.among import among
from cloud.db import AnyRow, Page, ReadSession, WriteSession, chunks
from cloud.duplicates.tables import duplicate_decisions, duplicate_proposals
from cloud.identity.ownership import by_namespace, owners_of
from cloud.identity.statements import Identifier
from cloud.profiles.facts import AttributeSaid
from cloud.profiles.survivorship import surviving
from cloud.profiles.tables import MATCH_PREFIX, profile_attributes
from contracts.pseudonym import NAMESPACES
from contracts.traits import TRAITS, Trait

_said, _proposals, _decisions = profile_attributes.c, duplicate_proposals.c, duplicate_decisions.c
_NAMES: Mapping[str, Trait] = {f"{MATCH_PREFIX}{trait}": trait for trait in TRAITS}


def load_codes(session: ReadSession, tenant: str) -> dict[str, tuple[Identifier, dict[Trait, str]]]:
    """Return the match codes that hold of each profile, by One ID, with the identifier that stands for the profile.

    Of several codes of one trait that of the most trusted source holds, as with every attribute.
    """
    statement = (
        select(_said.namespace, _said.pseudonym, _said.name, _said.value, _said.source, _said.rank, _said.at_ms)
        .where(_said.tenant == tenant, _said.name.in_(sorted(_NAMES)))
        .order_by(_said.id)
    )
    rows = session.rows(statement)
    owners = owners_of(session, tenant, {Identifier(row.namespace, row.pseudonym) for row in rows})
    said: dict[str, list[AttributeSaid]] = {}
    standing: dict[str, Identifier] = {}
    for row in rows:
        identifier = Identifier(row.namespace, row.pseudonym)
        one_id = owners.at(identifier, row.at_ms)
        word = AttributeSaid(name=row.name, value=row.value, source=row.source, rank=row.rank, at_ms=row.at_ms)
        said.setdefault(one_id, []).append(word)
        standing[one_id] = min(standing.get(one_id, identifier), identifier, key=_rank)
    return {
        one_id: (standing[one_id], {_NAMES[each.said.name]: each.said.value for each in surviving(of_it)})
        for one_id, of_it in said.items()
    }


def _rank(identifier: Identifier) -> tuple[int, str]:
    names: Sequence[str] = NAMESPACES
    return names.index(identifier.namespace), identifier.pseudonym


def with_codes(session: ReadSession, tenant: str, identifiers: Iterable[Identifier]) -> set[Identifier]:
    """Return the identifiers of which match codes are still held."""
    found = set()
    for namespace, part in by_namespace(identifiers):
        statement = (
            select(_said.pseudonym)
            .distinct()
            .where(_said.tenant == tenant, _said.namespace == namespace, _said.pseudonym.in_(part))
            .where(_said.name.in_(sorted(_NAMES)))
        )
        found |= {Identifier(namespace, row.pseudonym) for row in session.rows(statement)}
    return found


def left_of(row: AnyRow) -> Identifier:
    """Return the identifier that stands for a proposal's first profile."""
    return Identifier(row.left_namespace, row.left_pseudonym)


def right_of(row: AnyRow) -> Identifier:
    """Return the identifier that stands for a proposal's second profile."""
    return Identifier(row.right_namespace, row.right_pseudonym)


def decided_proposals(session: ReadSession, tenant: str) -> Sequence[AnyRow]:
    """Return every proposal that somebody has decided."""
    return session.rows(select(duplicate_proposals).where(_proposals.tenant == tenant, _proposals.state != "open"))


def delete_open(session: WriteSession, tenant: str) -> None:
    """Delete the proposals that nobody has decided."""
    session.execute(delete(duplicate_proposals).where(_proposals.tenant == tenant, _proposals.state == "open"))


def get_proposal(session: ReadSession, tenant: str, proposal_id: str) -> AnyRow | None:
    """Return one proposal, None if there is none."""
    return session.first(select(duplicate_proposals).where(_proposals.tenant == tenant, _proposals.id == proposal_id))


def list_proposals(session: ReadSession, tenant: str, state: str, page: Page) -> Sequence[AnyRow]:
    """Return proposals in one state, the most probable first."""
    return session.rows(
        select(duplicate_proposals)
        .where(_proposals.tenant == tenant, _proposals.state == state)
        .order_by(_proposals.probability.desc(), _proposals.id)
        .offset(page.offset)
        .limit(page.limit)
    )


def count_proposals(session: ReadSession, tenant: str, state: str) -> int:
    """Return how many proposals are in one state."""
    statement = select(func.count()).select_from(duplicate_proposals)
    return session.number(statement.where(_proposals.tenant == tenant, _proposals.state == state))


def change_state(session: WriteSession, tenant: str, proposal_id: str, before: str, after: str) -> bool:
    """Change a proposal's state and return whether it was the one before."""
    is_it = and_(_proposals.tenant == tenant, _proposals.id == proposal_id, _proposals.state == before)
    return bool(session.execute(update(duplicate_proposals).where(is_it).values(state=after)))


def decisions_of(session: ReadSession, tenant: str, proposal_ids: Iterable[str]) -> dict[str, list[AnyRow]]:
    """Return what was decided of proposals, by id, the earliest first."""
    found: dict[str, list[AnyRow]] = {}
    for part in chunks(sorted(set(proposal_ids))):
        rows = session.rows(
            select(duplicate_decisions)
            .where(_decisions.tenant == tenant, among(_decisions.proposal_id, part))
            .order_by(_decisions.position)
        )
        for row in rows:
            found.setdefault(row.proposal_id, []).append(row)
    return found


def forget_proposals(session: WriteSession, tenant: str, identifiers: Iterable[Identifier]) -> None:
    """Delete the proposals that name some identifiers, and what was decided of them."""
    for namespace, part in by_namespace(identifiers):
        naming = and_(
            _proposals.tenant == tenant,
            or_(
                and_(_proposals.left_namespace == namespace, _proposals.left_pseudonym.in_(part)),
                and_(_proposals.right_namespace == namespace, _proposals.right_pseudonym.in_(part)),
            ),
        )
        for ids in chunks([row.id for row in session.rows(select(_proposals.id).where(naming))]):
            session.execute(
                delete(duplicate_decisions).where(_decisions.tenant == tenant, among(_decisions.proposal_id, ids))
            )
        session.execute(delete(duplicate_proposals).where(naming))
