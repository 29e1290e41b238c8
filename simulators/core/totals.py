"""The truth in figures."""

from collections import Counter
from collections.abc import Sequence

from simulators.core.layout import Tripwire
from simulators.core.truth import Totals, TripwireTotal, TruePerson, TrueTouch


def totals_of(
    tripwires: Sequence[Tripwire], people: Sequence[TruePerson], touches: Sequence[TrueTouch], revenue_minor: int
) -> Totals:
    """Return what everyone's crossings and touches add up to.

    Args:
        tripwires: All of the store's, in the order in which they are to be told.
        people: Everyone who was seen.
        touches: Every touch.
        revenue_minor: Sum of all receipts, minor units.
    """
    crossings = Counter(
        (crossing.tripwire_id, crossing.direction) for person in people for crossing in person.crossings
    )
    kinds = Counter(touch.kind for touch in touches)
    expected = Counter(touch.expected for touch in touches)
    alone = sum(touch.could_be == (touch.person_id,) for touch in touches)
    entered = [person for person in people if person.role == "shopper" and person.entered_ms is not None]
    abandoned = {person.party_id for person in entered if any(wait.end == "abandoned" for wait in person.waits)}
    left = sum(person.left_ms is not None for person in entered)
    return Totals(
        tripwires=tuple(
            TripwireTotal(
                tripwire_id=wire.id,
                tripwire_kind=wire.kind,
                crossed_in=crossings[wire.id, "in"],
                crossed_out=crossings[wire.id, "out"],
            )
            for wire in tripwires
        ),
        entered=len(entered),
        left=left,
        inside=len(entered) - left,
        parties=len({person.party_id for person in entered}),
        passers_by=sum(person.role == "passer_by" for person in people),
        scans=kinds["scan"],
        sales=kinds["sale"],
        voids=kinds["void"],
        refunds=kinds["refund"],
        revenue_minor=revenue_minor,
        touches_alone=alone,
        touches_with_rivals=len(touches) - alone,
        expected_links=expected["link"],
        expected_abstentions=expected["abstain"],
        abandoned=len(abandoned),
        reentries=sum(len(person.presences) - 1 for person in entered),
    )
