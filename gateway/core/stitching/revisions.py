"""From people to numbered revisions of visits. Pure.

What was told of each visit is kept, so that only what changed is told again, under the next number. A visit whose
segments are now another's is merged into that one, one of which nothing is left is withdrawn. The numbers depend on
when the gateway told what, as they must: the highest is what the gateway held last. What it says then does not.
"""

from typing import Literal

from msgspec.structs import replace

from contracts.events import EventDraft, Source, draft_event
from contracts.payloads import AppearanceSignature, VisitRevised, VisitSegment
from gateway.core.staff import StaffRules
from gateway.core.stitching.clusters import Cluster
from gateway.core.stitching.parties import parties
from gateway.core.stitching.rules import StitchRules
from gateway.core.stitching.staff_cards import StaffCards
from gateway.core.stitching.stitcher import Stitcher
from gateway.core.stitching.tracklets import put_right
from gateway.core.stitching.visits import describe, is_visit, visit_id


class Visits:
    """A store's visits, as stitched from all that was taken in.

    Args:
        gateway: Who says so.
        rules: What decides which segments are one visit.
        staff: What tells staff from customers; None: the defaults.
    """

    def __init__(self, gateway: Source, rules: StitchRules, staff: StaffRules | None = None) -> None:
        self._gateway, self._rules, self._staff = gateway, rules, staff or StaffRules()
        self._stitcher, self._cards = Stitcher(rules), StaffCards(self._staff)
        self._shown: set[str] = set()
        self._told: dict[str, VisitRevised] = {}
        self._visit_of_anchor: dict[str, str] = {}

    def take(self, device: Source, segment: VisitSegment, ahead_ms: int = 0) -> None:
        """Take a revision of a segment in: in any order, any number of times.

        Args:
            device: Who saw it.
            segment: The revision, by the device's clock.
            ahead_ms: How far that was ahead of the gateway's, 0 where nobody knows.
        """
        self._stitcher.take(device, segment, ahead_ms)
        self._cards.take(device, put_right(segment, ahead_ms))

    def take_card(self, device: Source, zone_id: str | None, t_ms: int) -> None:
        """Take in that a staff card was shown at a terminal."""
        self._shown |= self._cards.show(device, zone_id, t_ms)

    def take_signature(self, signature: AppearanceSignature, t_ms: int) -> None:
        """Take an appearance signature in. Nothing of it leaves this object."""
        self._stitcher.take_signature(signature, t_ms)

    def forget_signatures(self) -> None:
        """Forget all signatures: their day is over. What they decided stays decided."""
        self._stitcher.forget_signatures()

    def resume(self, told: VisitRevised) -> None:
        """Take in what was told before a restart, in that order; the highest revision of each visit holds.

        It may rest on signatures that are gone by now, so it stays as it was decided.
        """
        known = self._told.get(told.visit_id)
        if not told.segment_ids or (known is not None and known.revision >= told.revision):
            return
        if known is not None:
            self._stitcher.unpin(known.segment_ids, told.visit_id)
        if told.status in {"open", "closed"}:
            self._stitcher.pin(told.segment_ids, told.visit_id)
        self._note(told)

    def settle(self) -> list[EventDraft[VisitRevised]]:
        """Return what changed since the last time, as revisions."""
        changed = self._stitcher.settle()
        parts = {part.segment.segment_id for each in changed for part in each.tracklets}
        stale = {key for part in parts if (key := self._visit_of_anchor.get(part)) is not None}
        party_of = parties((each for each in self._stitcher.clusters() if is_visit(each)), self._rules)
        current = {visit_id(each): each for each in changed if is_visit(each)}
        current |= self._changed_parties(party_of, current)
        current |= self._changed_cards(parts)
        drafts = [self._revise(each, party_of.get(key)) for key, each in current.items()]
        gone = [self._end(self._told[key]) for key in sorted(stale - current.keys())]
        return [draft for draft in (*drafts, *gone) if draft is not None]

    def visits(self) -> list[VisitRevised]:
        """Return every visit as told last, in the order of their ids."""
        return [self._told[key] for key in sorted(self._told)]

    def forget(self, before_ms: int) -> None:
        """Forget who ended before a time."""
        self._stitcher.forget(before_ms)
        self._cards.forget(before_ms)
        for key, told in list(self._told.items()):
            if told.updated_ms < before_ms:
                del self._told[key], self._visit_of_anchor[told.segment_ids[0]]

    def _changed_parties(self, party_of: dict[str, str], current: dict[str, Cluster]) -> dict[str, Cluster]:
        """Return the visits that are told again only because they belong to another party now."""
        changed = {
            key
            for key, told in self._told.items()
            if told.status in {"open", "closed"} and told.party_id != party_of.get(key)
        } - current.keys()
        if not changed:
            return {}
        return {visit_id(each): each for each in self._stitcher.clusters() if visit_id(each) in changed}

    def _changed_cards(self, parts: set[str]) -> dict[str, Cluster]:
        """Return the visits of which staff cards may say something else now."""
        named, self._shown = self._cards.rivals(parts | self._shown), set()
        found = (self._stitcher.cluster_of(each) for each in sorted(named))
        return {visit_id(each): each for each in found if each is not None and is_visit(each)}

    def _person(self, segment_id: str) -> str:
        cluster = self._stitcher.cluster_of(segment_id)
        return segment_id if cluster is None else cluster.anchor.segment.segment_id

    def _revise(self, cluster: Cluster, party_id: str | None) -> EventDraft[VisitRevised] | None:
        told = self._told.get(visit_id(cluster))
        cards = self._cards.evidence((each.segment.segment_id for each in cluster.tracklets), self._person)
        revision = 1 if told is None else told.revision + 1
        visit = describe(cluster, revision, party_id, self._staff, cards, self._rules.fitting_unseen_s)
        if told is not None and replace(told, revision=visit.revision) == visit:
            return None
        return self._tell(visit)

    def _end(self, told: VisitRevised) -> EventDraft[VisitRevised] | None:
        """Return that a visit is no more: its anchor is another visit's now, or makes none."""
        anchor = self._stitcher.cluster_of(told.segment_ids[0])
        into = visit_id(anchor) if anchor is not None and is_visit(anchor) else None
        status: Literal["withdrawn", "merged"] = "withdrawn" if into is None else "merged"
        if (told.status, told.merged_into) == (status, into):
            return None
        return self._tell(
            replace(
                told,
                revision=told.revision + 1,
                segment_ids=told.segment_ids[:1],
                status=status,
                merged_into=into,
                stays=(),
                path=(),
                party_id=None,
                staff_score=None,
                staff_rule_version=None,
                staff_evidence=(),
                role=None,
            )
        )

    def _tell(self, visit: VisitRevised) -> EventDraft[VisitRevised]:
        self._note(visit)
        return draft_event(self._gateway, visit, visit.updated_ms, visit.visit_id, visit.revision)

    def _note(self, visit: VisitRevised) -> None:
        self._told[visit.visit_id] = visit
        self._visit_of_anchor[visit.segment_ids[0]] = visit.visit_id
