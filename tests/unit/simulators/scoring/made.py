"""Small stores made up by hand or by chance, of which everything is known."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from simulators.core.members import Identifier
from simulators.core.people import Role
from simulators.core.truth import (
    Direction,
    Expected,
    Totals,
    TripwireTotal,
    TrueCodeScan,
    TrueCrossing,
    TrueIdentity,
    TruePerson,
    TruePresence,
    TrueStay,
    TrueTouch,
    TrueTrack,
    TrueWait,
    Truth,
)

START_MS = 1_772_442_000_000
S = 1000
Span = tuple[float, float | None]


def at(seconds: float) -> int:
    return START_MS + round(seconds * S)


def person(
    person_id: str,
    *inside: Span,
    role: Role = "shopper",
    party: str | None = None,
    tracks: Iterable[tuple[str, str, float, float]] = (),
    stays: Iterable[tuple[str, float, float | None]] = (),
    waits: Iterable[TrueWait] = (),
) -> TruePerson:
    """Someone who was inside from and until these seconds; passers-by give none."""
    presences = tuple(
        TruePresence(
            entered_ms=at(begin),
            left_ms=None if end is None else at(end),
            entered_by="front",
            left_by=None if end is None else "front",
        )
        for begin, end in inside
    )
    moves: list[tuple[Direction, int | None]] = [
        move for each in presences for move in (("in", each.entered_ms), ("out", each.left_ms))
    ]
    crossings = [
        TrueCrossing(tripwire_id="door", tripwire_kind="entrance", direction=direction, t_ms=t_ms)
        for direction, t_ms in moves
        if t_ms is not None
    ]
    return TruePerson(
        person_id=person_id,
        role=role,
        age="adult",
        party_id=party or f"party-of-{person_id}",
        purpose=None,
        member_id=None,
        first_seen_ms=presences[0].entered_ms - 2 * S if presences else START_MS,
        last_seen_ms=None if presences and presences[-1].left_ms is None else at(100_000),
        entered_ms=presences[0].entered_ms if presences else None,
        left_ms=presences[-1].left_ms if presences else None,
        presences=presences,
        crossings=tuple(crossings),
        stays=tuple(
            TrueStay(zone_id=zone, entered_ms=at(begin), left_ms=None if end is None else at(end))
            for zone, begin, end in stays
        ),
        waits=tuple(waits),
        tracks=tuple(
            TrueTrack(camera_id=camera, track_id=track, from_ms=at(begin), to_ms=at(end))
            for camera, track, begin, end in tracks
        ),
    )


def wait(joined: float, ended: float | None, end: str = "served", zone: str = "queue") -> TrueWait:
    ended_ms = None if ended is None else at(ended)
    return TrueWait(till_id="till-1", queue_zone_id=zone, joined_ms=at(joined), ended_ms=ended_ms, end=end)  # type: ignore[arg-type]


def touch(
    person: TruePerson,
    seconds: float,
    expected: Expected = "link",
    *,
    rivals: int = 0,
    skew_s: float = 0.0,
    size: int = 1,
) -> TrueTouch:
    return TrueTouch(
        device_id="till-1",
        kind="sale",
        line_index=0,
        t_ms=at(seconds + skew_s),
        true_ms=at(seconds),
        zone_id="checkout",
        receipt_id="r",
        person_id=person.person_id,
        party_id=person.party_id,
        member_id=None,
        could_be=(person.person_id,),
        one_party=True,
        expected=expected,
        clock_skew_s=skew_s,
        rivals_2m=rivals,
        party_size=size,
    )


def identity(member: str, household: str, *values: str, shows_too: Sequence[str] = ()) -> TrueIdentity:
    return TrueIdentity(
        member_id=member,
        household_id=household,
        identifiers=tuple(Identifier("card", value) for value in values),
        shows_too=tuple(Identifier("card", value) for value in shows_too),
    )


def code_scan(code: str, seconds: float, *, first: bool = True, genuine: bool = True) -> TrueCodeScan:
    return TrueCodeScan(
        code=code, t_ms=at(seconds), where="home", inner=False, genuine=genuine, first=first, member_id=None
    )


def truth(
    *people: TruePerson,
    seconds: float = 600,
    touches: Sequence[TrueTouch] = (),
    identities: Sequence[TrueIdentity] = (),
    code_scans: Sequence[TrueCodeScan] = (),
    revenue_minor: int = 0,
) -> Truth:
    count = Counter(crossing.direction for each in people for crossing in each.crossings)
    totals = Totals(
        tripwires=(
            TripwireTotal(
                tripwire_id="door", tripwire_kind="entrance", crossed_in=count["in"], crossed_out=count["out"]
            ),
        ),
        entered=0,
        left=0,
        inside=0,
        parties=0,
        passers_by=0,
        scans=0,
        sales=len(touches),
        voids=0,
        refunds=0,
        revenue_minor=revenue_minor,
        touches_alone=0,
        touches_with_rivals=0,
        expected_links=0,
        expected_abstentions=0,
    )
    return Truth(
        scenario="made-up",
        seed=0,
        start_ms=START_MS,
        until_ms=at(seconds),
        tick_hz=4,
        rival_window_ms=3000,
        currency="EUR",
        totals=totals,
        people=people,
        touches=tuple(touches),
        identities=tuple(identities),
        code_scans=tuple(code_scans),
    )


def by_chance(seed: int, seconds: int = 3600) -> Truth:
    """A store with everything: who comes back soon or late, passers-by, workers, waits, members, copied codes."""
    rng = np.random.default_rng(seed)
    people: list[TruePerson] = []
    for number in range(60):
        begin = rng.uniform(0, seconds - 400)
        end = begin + rng.uniform(0.2, 350)
        inside: list[Span] = [(begin, end)]
        if number % 7 == 0:  # Comes back, soon or late.
            again = end + (60 if number % 2 else 700)
            inside.append((again, again + 90))
        if number % 11 == 0:
            inside[-1] = (inside[-1][0], None)
        middle = (begin + end) / 2
        people.append(
            person(
                f"p{number}",
                *inside,
                party=f"party-{number // 2}",
                stays=[("shelf", begin, middle), ("queue", middle, end), ("checkout", end, inside[-1][1])],
                waits=[wait(middle, end, "abandoned" if number % 4 == 0 else "served")],
            )
        )
    people.append(person("cashier", (0.0, None), role="staff"))
    people.append(person("carrier", (100.0, 400.0), role="delivery"))
    people += [person(f"passer-{number}", role="passer_by") for number in range(5)]
    expected: tuple[Expected, ...] = ("link", "link", "abstain", "no_consent", "no_member")
    touches = [
        touch(each, 20.0 * number, expected[number % 5], rivals=number % 7, skew_s=(0, 2, -5, 15)[number % 4])
        for number, each in enumerate(people[:60])
    ]
    identities = [
        identity(f"m{number}", f"h{number // 2}", *(f"card-{number}-{i}" for i in range(1 + number % 4)))
        for number in range(30)
    ]
    scans = [code_scan(f"code-{n % 20}", n, first=n < 20, genuine=n % 3 > 0) for n in range(30)]
    return truth(*people, seconds=seconds, touches=touches, identities=identities, code_scans=scans, revenue_minor=999)
