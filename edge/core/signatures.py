"""What a camera tells of people's looks: the mean of a few good views, without what all people have in common. Pure.

Encoders find all people a little alike: of the bundled one the cosine of strangers is 0.26 on average (VIPeR). What is
common to those whom a camera has seen, its light and colours among it, is subtracted, each person counted once;
strangers then are at right angles on average, and two cameras are easier to compare. Nothing is told before enough
people were seen.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from types import MappingProxyType

import msgspec
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_TINY = 1e-9


class SignatureRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a track's looks are told.

    Attributes:
        views_each: A signature is the mean of so many views; none counts twice.
        most_per_track: So many signatures are told of a track.
        least_people: People seen before anything is told: what they have in common must be known.
        most_people: The looks of more fade: light and season change.
    """

    views_each: int = 3
    most_per_track: int = 4
    least_people: int = 8
    most_people: int = 200


@dataclass(frozen=True, slots=True)
class Batch:
    """Views of one track since its last signature: their sum, how many, and how many signatures there were."""

    total: Array
    views: int
    signatures: int


@dataclass(frozen=True, slots=True)
class CollectedLooks:
    """What is collected: of each track its batch, and what all people have in common."""

    batches: Mapping[int, Batch]
    common: Array
    people: int


def nothing_collected() -> CollectedLooks:
    """Return the state before the first view."""
    return CollectedLooks(MappingProxyType({}), np.zeros(0), 0)


def keep(state: CollectedLooks, alive: Set[int]) -> CollectedLooks:
    """Return what is collected of the tracks that still wait for their person."""
    return replace(state, batches=MappingProxyType({n: each for n, each in state.batches.items() if n in alive}))


def collect(
    rules: SignatureRules, state: CollectedLooks, number: int, view: Array
) -> tuple[CollectedLooks, Array | None]:
    """Take one view of a track in.

    Args:
        rules: How to.
        state: So far.
        number: The track's.
        view: Its signature, shape (D,), of length 1.

    Returns:
        The state, and the signature to tell, shape (D,), of length 1; None where there is none to tell.
    """
    batch = state.batches.get(number) or Batch(np.zeros_like(view), 0, 0)
    if batch.signatures >= rules.most_per_track:
        return state, None
    batch = replace(batch, total=batch.total + view, views=batch.views + 1)
    if batch.views < rules.views_each:
        return _with(state, number, batch), None
    mean = batch.total / batch.views
    if not batch.signatures:
        state = _learn(rules, state, mean)
    state = _with(state, number, Batch(np.zeros_like(view), 0, batch.signatures + 1))
    own = mean - state.common
    length = float(np.linalg.norm(own))
    if state.people < rules.least_people or length < _TINY:
        return state, None
    return state, own / length


def _with(state: CollectedLooks, number: int, batch: Batch) -> CollectedLooks:
    return replace(state, batches=MappingProxyType({**state.batches, number: batch}))


def _learn(rules: SignatureRules, state: CollectedLooks, mean: Array) -> CollectedLooks:
    """Count one more person into what people have in common."""
    before = state.common if state.people else np.zeros_like(mean)
    people = state.people + 1
    return replace(state, common=before + (mean - before) / min(people, rules.most_people), people=people)
