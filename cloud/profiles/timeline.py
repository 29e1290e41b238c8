"""What happened around a member, in one line of time, page by page."""

from typing import Literal, NamedTuple

from cloud.errors import invalid_value
from cloud.instants import show_instant, write_instant
from cloud.profiles.facts import Facts, KnownLink, KnownTouch, WeighedVisit
from cloud.profiles.schemas import LinkReason, TimelineEntry

_MAX_DIGITS = 18


class Place(NamedTuple):
    """Where an entry stands in the timeline: later ones are greater."""

    at_ms: int
    is_visit: bool
    key: str

    def written(self) -> str:
        """Return it as `next_before` carries it."""
        return f"{self.at_ms}.{int(self.is_visit)}.{self.key}"


def parse_before(text: str) -> Place:
    """Return the place that a page's `next_before` names.

    Raises:
        ProblemError: 422, it names none.
    """
    at_ms, _, rest = text.partition(".")
    is_visit, _, key = rest.partition(".")
    if not at_ms.isdecimal() or len(at_ms) > _MAX_DIGITS or is_visit not in {"0", "1"} or not key:
        raise invalid_value(name="before", value=text, allowed="the next_before of the page before")
    return Place(int(at_ms), is_visit == "1", key)


def timeline(
    facts: Facts, weighed: list[WeighedVisit], limit: int, before: Place | None
) -> tuple[list[TimelineEntry], str | None]:
    """Return a page, the latest entry first, and where the next page begins; None where there is none."""
    places: dict[Place, KnownTouch | WeighedVisit] = {
        Place(touch.time_ms, is_visit=False, key=touch.touch_id): touch for touch in facts.touches
    }
    for each in weighed:
        if each.decision == "linked":
            places[Place(each.visit.opened_ms, is_visit=True, key=each.visit.visit_id)] = each
    ordered = sorted((place for place in places if before is None or place < before), reverse=True)
    links = {link.touch_id: link for link in facts.links}
    entries = [_entry(places[place], links) for place in ordered[:limit]]
    return entries, ordered[limit - 1].written() if len(ordered) > limit else None


def _entry(what: KnownTouch | WeighedVisit, links: dict[str, KnownLink]) -> TimelineEntry:
    return _visit_entry(what) if isinstance(what, WeighedVisit) else _touch_entry(what, links.get(what.touch_id))


def _visit_entry(each: WeighedVisit) -> TimelineEntry:
    return TimelineEntry(
        at=write_instant(each.visit.opened_ms),
        kind="visit",
        store=each.visit.store,
        visit_id=each.visit.visit_id,
        visit_status=each.visit.status,
        left_at=show_instant(each.visit.closed_ms),
        weight=each.weight,
        links=[_reason(link) for link in each.links],
    )


def _touch_entry(touch: KnownTouch, link: KnownLink | None) -> TimelineEntry:
    return TimelineEntry(
        at=write_instant(touch.time_ms),
        kind=touch.kind,
        store=touch.store,
        touch_id=touch.touch_id,
        device=touch.device,
        zone_id=touch.zone_id,
        gtin=touch.gtin,
        receipt_id=touch.receipt_id,
        reverses_receipt_id=touch.reverses_receipt_id,
        total_minor=touch.total_minor,
        currency=touch.currency,
        state=_state(touch),
        not_eligible=touch.ineligible,
        links=[] if link is None else [_reason(link)],
    )


def _state(touch: KnownTouch) -> Literal["stands", "corrected", "voided"]:
    if touch.is_corrected:
        return "corrected"
    return "voided" if touch.kind == "sale" and touch.is_reversed else "stands"


def _reason(link: KnownLink) -> LinkReason:
    return LinkReason(
        link_id=link.link_id, touch_id=link.touch_id, decision=link.decision, stage=link.stage, reason=link.reason
    )
