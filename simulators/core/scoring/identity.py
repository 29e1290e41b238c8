"""Profiles, as clusters of identifiers, against who the identifiers really belong to."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
from msgspec import Struct

from simulators.core.scoring.intervals import Floats, Measure, measures_of
from simulators.core.scoring.measured import MeasuredIdentifier, MeasuredProfile
from simulators.core.truth import TrueIdentity, Truth


class IdentityScore(Struct, frozen=True, kw_only=True):
    """Profiles against human beings. Intervals come from drawing human beings anew.

    Attributes:
        people: Human beings with identifiers that the profiles hold.
        profiles: Profiles with such identifiers.
        identifiers: Those identifiers.
        unknown: Identifiers that belong to nobody; they are left out.
        missing: Identifiers of human beings that no profile holds. Nobody may have shown them; they are left out.
        pair_precision: Of the pairs of identifiers in one profile, the share that are one human being's.
        pair_recall: Of the pairs of identifiers of one human being, the share in one profile.
        b_cubed_precision: Mean over identifiers of the share of its profile that is the same human being's: Bagga and
            Baldwin (1998), "Algorithms for Scoring Coreference Chains", LREC workshop on linguistic coreference.
        b_cubed_recall: Mean over identifiers of the share of its human being that is in the same profile.
        merged: Profiles in which two or more human beings are.
        merged_households: Those of them in which two are of one household, such as by a card that both show.
        split: Human beings in two or more profiles.
    """

    people: int
    profiles: int
    identifiers: int
    unknown: int
    missing: int
    pair_precision: Measure
    pair_recall: Measure
    pair_f1: Measure
    b_cubed_precision: Measure
    b_cubed_recall: Measure
    b_cubed_f1: Measure
    merged: int
    merged_households: int
    split: int


def score_profiles(profiles: Sequence[MeasuredProfile], truth: Truth, rng: np.random.Generator) -> IdentityScore:
    """Return how well profiles stand for human beings.

    Args:
        profiles: Each identifier at most once.
        truth: Its identities, each identifier at most once.
        rng: For the bootstrap.

    Raises:
        ValueError: An identifier stands in two profiles, or belongs to two human beings.
    """
    owner = _by_identifier(
        (identity.member_id, [MeasuredIdentifier(namespace=i.namespace, value=i.value) for i in identity.identifiers])
        for identity in truth.identities
    )
    profile_of = _by_identifier((profile.profile_id, list(profile.identifiers)) for profile in profiles)
    known = sorted(owner.keys() & profile_of.keys())
    cells = Counter((owner[each], profile_of[each]) for each in known)
    people, clusters = Counter(owner[each] for each in known), Counter(profile_of[each] for each in known)
    in_profile: dict[str, list[str]] = defaultdict(list)
    for person, cluster in cells:
        in_profile[cluster].append(person)
    household = {identity.member_id: identity for identity in truth.identities}
    merged = [members for members in in_profile.values() if len(members) > 1]
    figures = measures_of(_sums(cells, people, clusters), _figures, len(known), rng)
    return IdentityScore(
        people=len(people),
        profiles=len(clusters),
        identifiers=len(known),
        unknown=len(profile_of.keys() - owner.keys()),
        missing=len(owner.keys() - profile_of.keys()),
        pair_precision=figures["pair_precision"],
        pair_recall=figures["pair_recall"],
        pair_f1=figures["pair_f1"],
        b_cubed_precision=figures["b_cubed_precision"],
        b_cubed_recall=figures["b_cubed_recall"],
        b_cubed_f1=figures["b_cubed_f1"],
        merged=len(merged),
        merged_households=sum(_shares_household(members, household) for members in merged),
        split=sum(number > 1 for number in Counter(person for person, _ in cells).values()),
    )


def _by_identifier(groups: Iterable[tuple[str, list[MeasuredIdentifier]]]) -> dict[MeasuredIdentifier, str]:
    found: dict[MeasuredIdentifier, str] = {}
    for name, identifiers in groups:
        for each in identifiers:
            if found.setdefault(each, name) != name:
                msg = f"{each.namespace} {each.value} stands with both {found[each]} and {name}; it can be one's alone"
                raise ValueError(msg)
    return found


def _shares_household(members: list[str], identities: dict[str, TrueIdentity]) -> bool:
    return any(identities[a].household_id == identities[b].household_id for a, b in combinations(members, 2))


def _sums(cells: Counter[tuple[str, str]], people: Counter[str], clusters: Counter[str]) -> Floats:
    """Return what each human being adds to each sum, shape (6, P).

    Rows: identifiers; pairs in common; pairs of the human being; pairs in profiles; B-cubed precision; B-cubed recall.
    A pair of two people's identifiers in one profile counts half for each of them.
    """
    block_of = {person: number for number, person in enumerate(people)}
    sums = np.zeros((6, len(people)))
    for person, number in people.items():
        sums[:3, block_of[person]] = number, 0, number * (number - 1) / 2
    for (person, cluster), number in cells.items():
        sums[:, block_of[person]] += (
            0,
            number * (number - 1) / 2,
            0,
            number * (clusters[cluster] - 1) / 2,
            number * number / clusters[cluster],
            number * number / people[person],
        )
    return sums


def _figures(sums: Floats) -> dict[str, Floats]:
    """Return every figure, shape (R,), from sums of shape (6, R); not a number where undefined."""
    identifiers, common, own, together, cubed_precision, cubed_recall = sums
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "pair_precision": common / together,
            "pair_recall": common / own,
            "pair_f1": 2 * common / (together + own),
            "b_cubed_precision": cubed_precision / identifiers,
            "b_cubed_recall": cubed_recall / identifiers,
            "b_cubed_f1": 2 * cubed_precision * cubed_recall / (identifiers * (cubed_precision + cubed_recall)),
        }
