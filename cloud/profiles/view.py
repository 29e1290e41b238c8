"""Shows what is known of a profile as the endpoints answer it; past and present by the same rules."""

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct

from cloud.consents.repository import VISIT_LINKING
from cloud.identity.schemas import IdentityExplanation
from cloud.instants import show_instant, write_instant
from cloud.profiles import preferences, rfm, schemas, survivorship
from cloud.profiles.facts import Facts, WeighedVisit, weigh_visits
from cloud.profiles.lifecycle import MS_PER_DAY, Lifecycle, LifecycleRules, lifecycle
from cloud.profiles.timeline import Place, timeline

_VISITS_SHOWN = 100


class Asked(Struct, frozen=True, kw_only=True):
    """Which profile is asked for, as of when, and which page of its timeline."""

    tenant: str
    one_id: str
    now_ms: int
    rules: LifecycleRules
    as_of_ms: int | None = None
    limit: int = 100
    before: Place | None = None


def show(
    facts: Facts,
    asked: Asked,
    categories: Mapping[str, str],
    scores: Mapping[rfm.Measure, int] | None = None,
    identity: IdentityExplanation | None = None,
) -> schemas.Profile:
    """Return a profile.

    Args:
        facts: What is known, or was.
        asked: What of it to show, and the moment to judge from.
        categories: Of items, by GTIN.
        scores: Among the tenant's customers; None in a past view, and for who bought nothing.
        identity: Why its identifiers belong together; None in a past view.
    """
    now_ms = asked.now_ms if asked.as_of_ms is None else asked.as_of_ms
    weighed = weigh_visits(facts)
    bought = rfm.purchases_by_currency(facts.touches)
    consents = survivorship.consent_states(facts.consents)
    entries, next_before = timeline(facts, weighed, asked.limit, asked.before)
    return schemas.Profile(
        **summarize(facts).model_dump(),
        as_of=show_instant(asked.as_of_ms),
        attributes=[_attribute(each) for each in survivorship.surviving(facts.attributes)],
        survivorship_rule=survivorship.RULE,
        visits=[_visit(each) for each in weighed[:_VISITS_SHOWN]],
        expected_visits=sum(each.weight for each in weighed),
        scans=_scans(facts),
        purchases=[_purchases(each) for each in bought],
        stores=_stores(facts, weighed),
        preferences=schemas.Preferences(
            rule_version=preferences.VERSION,
            categories=[_liking(each) for each in preferences.liked_categories(facts.touches, categories)],
            zones=[_liking(each) for each in preferences.liked_zones(weighed)],
        ),
        rfm=_rfm(bought, scores or {}, now_ms),
        lifecycle=_lifecycle(judge(facts, weighed, now_ms, asked.rules), asked.rules),
        consents=[
            schemas.ConsentInForce(purpose=each.purpose, in_force=each.in_force, since=write_instant(each.at_ms))
            for each in consents
        ],
        identity=identity,
        timeline=entries,
        next_before=next_before,
    )


def judge(facts: Facts, weighed: Sequence[WeighedVisit], now_ms: int, rules: LifecycleRules) -> Lifecycle:
    """Return the stage that the facts mean at a moment."""
    scans = [(touch.time_ms, 1.0) for touch in facts.touches if touch.is_scan]
    visits = [(each.visit.opened_ms, each.weight) for each in weighed]
    purchases_ms = [touch.time_ms for touch in facts.touches if touch.is_purchase]
    return lifecycle(purchases_ms, scans + visits, now_ms, rules)


def summarize(facts: Facts) -> schemas.ProfileSummary:
    """Return what lists show of a profile."""
    standing = facts.standing()
    bought = rfm.purchases_by_currency(facts.touches)
    consents = survivorship.consent_states(facts.consents)
    return schemas.ProfileSummary(
        one_id=facts.one_id,
        identifiers=[
            schemas.Identifier(namespace=each.namespace, pseudonym=each.pseudonym) for each in facts.identifiers
        ],
        first_seen_at=show_instant(min((touch.time_ms for touch in standing), default=None)),
        last_seen_at=show_instant(max((touch.time_ms for touch in standing), default=None)),
        touches=len(standing),
        linked_visits=sum(each.decision == "linked" for each in weigh_visits(facts)),
        sales=[
            schemas.SalesTotal(currency=each.currency, sales=each.purchases, total_minor=each.net_minor)
            for each in sorted(bought, key=lambda one: one.currency)
        ],
        consent_to_visit_linking=any(each.in_force for each in consents if each.purpose == VISIT_LINKING),
    )


def _attribute(each: survivorship.Attribute) -> schemas.AttributeValue:
    return schemas.AttributeValue(
        name=each.said.name,
        value=each.said.value,
        source=each.said.source,
        rank=each.said.rank,
        at=write_instant(each.said.at_ms),
        passed_over=each.passed_over,
    )


def _visit(each: WeighedVisit) -> schemas.ProfileVisit:
    return schemas.ProfileVisit.model_validate(
        {
            "visit_id": each.visit.visit_id,
            "store": each.visit.store,
            "opened_at": write_instant(each.visit.opened_ms),
            "left_at": show_instant(each.visit.closed_ms),
            "status": each.visit.status,
            "decision": each.decision,
            "stage": each.stage,
            "weight": each.weight,
            "link_ids": [link.link_id for link in each.links],
        }
    )


def _scans(facts: Facts) -> schemas.Scans:
    scans = [touch for touch in facts.touches if touch.is_scan]
    return schemas.Scans(
        total=len(scans),
        items=len({touch.gtin for touch in scans if touch.gtin is not None}),
        last_at=show_instant(max((touch.time_ms for touch in scans), default=None)),
    )


def _purchases(each: rfm.Purchases) -> schemas.Purchases:
    return schemas.Purchases(
        currency=each.currency,
        purchases=each.purchases,
        gross_minor=each.gross_minor,
        refunded_minor=each.refunded_minor,
        net_minor=each.net_minor,
        average_minor=each.average_minor,
        first_at=show_instant(each.first_ms),
        last_at=show_instant(each.last_ms),
    )


def _stores(facts: Facts, weighed: Sequence[WeighedVisit]) -> list[schemas.ProfileStore]:
    scans = Counter(touch.store for touch in facts.touches if touch.is_scan)
    purchases = Counter(touch.store for touch in facts.touches if touch.is_purchase)
    visits: dict[str, float] = {}
    last_ms: dict[str, int] = {}
    for each in weighed:
        visits[each.visit.store] = visits.get(each.visit.store, 0.0) + each.weight
    happened = [(touch.store, touch.time_ms) for touch in facts.standing()]
    for store, at_ms in happened + [(each.visit.store, each.visit.opened_ms) for each in weighed]:
        last_ms[store] = max(at_ms, last_ms.get(store, at_ms))
    return [
        schemas.ProfileStore(
            store=store,
            scans=scans[store],
            purchases=purchases[store],
            expected_visits=visits.get(store, 0.0),
            last_at=write_instant(last_ms[store]),
        )
        for store in sorted(last_ms, key=lambda each: (-last_ms[each], each))
    ]


def _liking(each: preferences.Liking) -> schemas.Preference:
    return schemas.Preference(name=each.name, store=each.store, weight=each.weight, share=each.share)


def _rfm(bought: Sequence[rfm.Purchases], scores: Mapping[rfm.Measure, int], now_ms: int) -> schemas.Rfm | None:
    if not bought or bought[0].last_ms is None:
        return None
    main = bought[0]
    return schemas.Rfm(
        rule_version=rfm.VERSION,
        currency=main.currency,
        recency_days=max(now_ms - bought[0].last_ms, 0) // MS_PER_DAY,
        frequency=main.purchases,
        monetary_minor=main.net_minor,
        recency_score=scores.get("recency"),
        frequency_score=scores.get("frequency"),
        monetary_score=scores.get("monetary"),
    )


def _lifecycle(found: Lifecycle, rules: LifecycleRules) -> schemas.LifecycleState:
    return schemas.LifecycleState(
        stage=found.stage,
        rule_version=rules.version,
        purchases=found.purchases,
        recent_purchases=found.recent_purchases,
        recent_interest=found.recent_interest,
    )
