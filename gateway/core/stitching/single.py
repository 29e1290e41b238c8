"""From segments to visits. Pure.

The rule `single-segment-1`: what one device saw of one person is one visit, once the person stayed in a zone of the
store; who only passed by outside did not visit it. It is exact for a store with one camera and says nothing about those
whom two cameras saw.
"""

from collections.abc import Sequence

from contracts.events import EventDraft, Source, draft_event
from contracts.ids import deterministic_id
from contracts.payloads import VisitRevised, VisitSegment
from contracts.staff import STAFF_RULE
from gateway.core.staff import StaffRules, decide

RULE_VERSION = "single-segment-1"


def revise(
    gateway: Source,
    device: Source,
    segment: VisitSegment,
    staff: StaffRules | None = None,
    cards: Sequence[float] = (),
) -> EventDraft[VisitRevised] | None:
    """Return the revision of the visit that a segment makes, None where it makes none.

    The visit's id follows from the segment's, and the revision's number from the segment's ordinal, so segments that
    come twice or out of order give the same revisions.

    Args:
        gateway: Who says so.
        device: Who saw the segment.
        segment: The segment as known so far.
        staff: What tells staff from customers; None: the defaults.
        cards: What each staff card says of the segment, log-odds. Each raises the revision by one, so that a card that
            comes later than the segment is told.
    """
    if not segment.stays:
        return None
    made_by = decide(staff or StaffRules(), (segment,), segment.stays, cards)
    visit = VisitRevised(
        visit_id=deterministic_id(segment.opened_ms, "visit", str(device), segment.segment_id),
        revision=segment.ordinal + 1 + len(cards),
        status="closed" if segment.phase == "closed" else "open",
        segment_ids=(segment.segment_id,),
        opened_ms=segment.opened_ms,
        updated_ms=segment.updated_ms,
        closed_ms=segment.closed_ms,
        stays=segment.stays,
        path=segment.path,
        path_error_m=segment.path_error_m,
        party_id=segment.group_hint,
        staff_score=made_by.score,
        staff_rule_version=None if made_by.score is None else STAFF_RULE,
        staff_evidence=made_by.evidence,
        role=made_by.role,
        rule_version=RULE_VERSION,
    )
    return draft_event(gateway, visit, segment.updated_ms, visit.visit_id, visit.revision)
