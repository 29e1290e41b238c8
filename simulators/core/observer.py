"""What an observer who misses nothing would report of a simulated store, for the scorer to be tried on. Pure."""

import numpy as np

from simulators.core.scoring.measured import (
    EVERYWHERE,
    MeasuredCodeScan,
    MeasuredCrossing,
    MeasuredIdentifier,
    MeasuredLink,
    MeasuredPeople,
    MeasuredProfile,
    MeasuredStay,
    MeasuredTouch,
    MeasuredVisit,
    MeasuredWait,
    Observation,
    Options,
    TrackRef,
    TrackSpan,
)
from simulators.core.scoring.occupancy import SAMPLE_MS, true_people
from simulators.core.scoring.timeline import TrueVisit, true_visits
from simulators.core.truth import TruePerson, Truth


def perfect_observation(truth: Truth, options: Options | None = None) -> Observation:
    """Return what really happened, in the form in which systems report it. `score` gives it perfect marks.

    People inside are told every 10 s, and every touch of a consenting member is linked, also where nobody but the truth
    can know whose it is.

    Args:
        truth: What really happened.
        options: The time within which who comes back is still on the same visit.
    """
    options = options or Options()
    people = truth.people
    return Observation(
        crossings=tuple(
            MeasuredCrossing(tripwire_id=each.tripwire_id, direction=each.direction, t_ms=each.t_ms)
            for person in people
            for each in person.crossings
        ),
        people=_people(truth),
        visits=(
            *(_visit(number, visit, truth) for number, visit in enumerate(true_visits(truth, options.reentry_s), 1)),
            *(_staff_visit(person, truth) for person in people if person.role == "staff"),
        ),
        waits=tuple(
            MeasuredWait(
                queue_zone_id=w.queue_zone_id,
                joined_ms=w.joined_ms,
                ended_ms=w.ended_ms,
                end=w.end,
                camera_id=EVERYWHERE,
                track_id=person.person_id,
            )
            for person in people
            for w in person.waits
        ),
        touches=_touches(truth),
        links={"perfect": _links(truth)},
        profiles=tuple(
            MeasuredProfile(
                profile_id=f"profile-{number}",
                identifiers=tuple(MeasuredIdentifier(namespace=i.namespace, value=i.value) for i in each.identifiers),
            )
            for number, each in enumerate(truth.identities, 1)
        ),
        code_scans=tuple(
            MeasuredCodeScan(
                code=each.code,
                t_ms=each.t_ms if each.told_ms is None else each.told_ms,
                first=each.first,
                genuine=each.genuine,
            )
            for each in truth.code_scans
        ),
    )


def _people(truth: Truth) -> tuple[MeasuredPeople, ...]:
    at_ms = np.arange(truth.start_ms, truth.until_ms + 1, SAMPLE_MS)
    zones = sorted({stay.zone_id for person in truth.people for stay in person.stays})
    return tuple(
        MeasuredPeople(place=place, t_ms=int(t_ms), people=int(people))
        for place in (None, *zones)
        for t_ms, people in zip(at_ms, true_people(truth, place, at_ms), strict=True)
    )


def _visit(number: int, visit: TrueVisit, truth: Truth) -> MeasuredVisit:
    person_id = truth.people[visit.person].person_id
    return MeasuredVisit(
        visit_id=f"visit-{number}",
        opened_ms=visit.entered_ms,
        closed_ms=visit.left_ms,
        tracks=tuple(
            TrackSpan(
                camera_id=EVERYWHERE,
                track_id=person_id,
                from_ms=presence.entered_ms,
                to_ms=truth.until_ms if presence.left_ms is None else presence.left_ms - 1,
            )
            for presence in visit.presences
        ),
        stays=tuple(MeasuredStay(zone_id=s.zone_id, entered_ms=s.entered_ms, left_ms=s.left_ms) for s in visit.stays),
    )


def _staff_visit(person: TruePerson, truth: Truth) -> MeasuredVisit:
    last_ms = truth.until_ms if person.last_seen_ms is None else person.last_seen_ms
    track = TrackSpan(
        camera_id=EVERYWHERE,
        track_id=person.person_id,
        from_ms=person.first_seen_ms,
        to_ms=max(person.first_seen_ms, last_ms),
    )
    return MeasuredVisit(
        visit_id=f"staff-{person.person_id}",
        opened_ms=person.first_seen_ms,
        closed_ms=person.last_seen_ms,
        tracks=(track,),
        stays=tuple(MeasuredStay(zone_id=s.zone_id, entered_ms=s.entered_ms, left_ms=s.left_ms) for s in person.stays),
        is_staff=True,
    )


def _touches(truth: Truth) -> tuple[MeasuredTouch, ...]:
    """Return every touch; all that was paid stands with the first, since the truth tells the sum alone."""
    revenue = [truth.totals.revenue_minor, *([None] * len(truth.touches))]
    return tuple(
        MeasuredTouch(device_id=each.device_id, t_ms=each.t_ms, kind=each.kind, total_minor=total)
        for each, total in zip(truth.touches, revenue, strict=False)
    )


def _links(truth: Truth) -> tuple[MeasuredLink, ...]:
    return tuple(
        MeasuredLink(
            device_id=touch.device_id,
            t_ms=touch.t_ms,
            visit=(TrackRef(camera_id=EVERYWHERE, track_id=touch.person_id),),
            posterior=1.0,
            decision="linked",
        )
        for touch in truth.touches
        if touch.expected in {"link", "abstain"}
    )
