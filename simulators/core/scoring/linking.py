"""Links of touches to visits against the truth, as a whole and in slices of difficulty."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from simulators.core.scoring.intervals import Measure, mean_of, share_of, wilson_lower_bound
from simulators.core.scoring.measured import MeasuredLink, MeasuredVisit, Options, TrackRef
from simulators.core.scoring.ownership import Ownership
from simulators.core.truth import TrueTouch, Truth

Verdict = Literal["exact", "party", "wrong", "without_consent", "unknown"]
SliceOf = Literal["rivals", "skew", "fragments", "party_size"]

_SKEWS_S = (0, 2, 5, 15)


class CalibrationBin(Struct, frozen=True, kw_only=True):
    """Candidates whose posterior lies from `low` on and below `high` (the last bin: at most `high`)."""

    low: float
    high: float
    mean_posterior: float
    correct: Measure


class LinkSlice(Struct, frozen=True, kw_only=True):
    """Touches of one kind; the figures are those of `LinkScore`, `bins` those of its calibration."""

    of: SliceOf
    name: str
    touches: int
    linked: int
    correct: int
    precision: Measure
    precision_lower: float
    recall: Measure
    abstention: Measure
    bins: tuple[CalibrationBin, ...] = ()


class Calibration(Struct, frozen=True, kw_only=True):
    """Whether posteriors say how often links are right.

    Attributes:
        brier: Mean square of posterior minus outcome: Brier (1950), Monthly Weather Review 78:1-3.
        ece: Expected calibration error over bins of equal width: Guo et al. (2017), "On Calibration of Modern Neural
            Networks", ICML: mean of |share correct - mean posterior|, by the bins' sizes.
        bins: The bins that are not empty.
    """

    brier: Measure
    ece: float
    bins: tuple[CalibrationBin, ...]


class LinkScore(Struct, frozen=True, kw_only=True):
    """One linker's links.

    Attributes:
        touches: Touches at which a member was shown who agreed to visit linking.
        linked: Touches that were linked, whatever the truth says of them.
        correct: Links of a consenting member to the visit of the person, or of the party, that made the touch.
        exact: Those of them that are to that very person's visit.
        without_consent: Links of members who did not agree, or of touches at which no member was shown. Never correct.
        unknown: Links of touches that never happened. Never correct.
        precision: `correct / linked`.
        precision_lower: Wilson's lower bound of the precision, at 95% on one side.
        recall: `correct / touches`.
        recall_alone: Of the touches that only one person could have made, the share that was linked correctly.
        abstention: Of `touches`, the share that was not linked.
        calibration: None where no decision has both a visit and a posterior.
    """

    name: str
    touches: int
    linked: int
    correct: int
    exact: int
    without_consent: int
    unknown: int
    precision: Measure
    precision_lower: float
    recall: Measure
    recall_alone: Measure
    abstention: Measure
    calibration: Calibration | None
    slices: tuple[LinkSlice, ...]


class _Judged(Struct, frozen=True):
    link: MeasuredLink
    touch: TrueTouch | None
    verdict: Verdict

    @property
    def is_correct(self) -> bool:
        return self.verdict in {"exact", "party"}

    @property
    def is_as_told(self) -> bool:
        """Whether what the posterior was said of is so: this very visit made the touch, or one of the party named."""
        return self.verdict == "exact" or (self.link.party and self.verdict == "party")


def score_links(
    name: str,
    links: Sequence[MeasuredLink],
    visits: Sequence[MeasuredVisit] | None,
    truth: Truth,
    options: Options,
    rng: np.random.Generator,
) -> LinkScore:
    """Return how good one linker's decisions are. A touch without a decision counts as an abstention.

    Args:
        name: The linker.
        links: Its decisions; of two about the same touch the later one counts.
        visits: What visit ids stand for.
        truth: What really happened.
        options: How many bins.
        rng: For the bootstrap.

    Raises:
        ValueError: A link names a visit that is not among the visits.
    """
    tracks = {visit.visit_id: tuple(_refs(visit)) for visit in visits or ()}
    touches = {(touch.device_id, touch.t_ms): touch for touch in truth.touches}
    ownership = Ownership(truth)
    judged = {}
    for key, link in {(each.device_id, each.t_ms): each for each in links}.items():
        if link.names_visit:
            judged[key] = _judge(link, touches.get(key), _tracks_of(link, tracks), ownership)
    linked = {key: each for key, each in judged.items() if each.link.is_link}
    consented = [touch for touch in truth.touches if touch.expected in {"link", "abstain"}]
    whole = _slice("rivals", "all", consented, list(linked.values()))
    alone = [touch for touch in consented if touch.expected == "link"]
    verdicts = [each.verdict for each in linked.values()]
    return LinkScore(
        name=name,
        touches=whole.touches,
        linked=whole.linked,
        correct=whole.correct,
        exact=verdicts.count("exact"),
        without_consent=verdicts.count("without_consent"),
        unknown=verdicts.count("unknown"),
        precision=whole.precision,
        precision_lower=whole.precision_lower,
        recall=whole.recall,
        recall_alone=_slice("rivals", "alone", alone, list(linked.values())).recall,
        abstention=whole.abstention,
        calibration=_calibration(list(judged.values()), options, rng),
        slices=_slices(consented, list(judged.values()), truth, options),
    )


def _refs(visit: MeasuredVisit) -> list[TrackRef]:
    return [TrackRef(camera_id=track.camera_id, track_id=track.track_id) for track in visit.tracks]


def _tracks_of(link: MeasuredLink, tracks: Mapping[str, tuple[TrackRef, ...]]) -> tuple[TrackRef, ...]:
    if link.visit_id is None:
        return link.visit
    if link.visit_id not in tracks:
        msg = (
            f"the link of {link.device_id} at {link.t_ms} names visit {link.visit_id}, which no event tells of; "
            "give the events of the same run, or the visit's tracks in place of its id"
        )
        raise ValueError(msg)
    return tracks[link.visit_id]


def _judge(link: MeasuredLink, touch: TrueTouch | None, tracks: tuple[TrackRef, ...], ownership: Ownership) -> _Judged:
    if touch is None:
        return _Judged(link, touch, "unknown")
    if touch.expected not in {"link", "abstain"}:
        return _Judged(link, touch, "without_consent")
    people, parties = ownership.parties(tracks, touch.true_ms)
    if people == {touch.person_id}:
        return _Judged(link, touch, "exact")
    return _Judged(link, touch, "party" if parties == {touch.party_id} else "wrong")


def _slice(of: SliceOf, name: str, touches: Sequence[TrueTouch], linked: Sequence[_Judged]) -> LinkSlice:
    """Return the score of links and of the consenting touches `touches`; links of other touches count as well."""
    of_these = {(touch.device_id, touch.t_ms) for touch in touches}
    right = [each for each in linked if each.is_correct]
    done = sum((each.link.device_id, each.link.t_ms) in of_these for each in linked)
    found = sum((each.link.device_id, each.link.t_ms) in of_these for each in right)
    return LinkSlice(
        of=of,
        name=name,
        touches=len(touches),
        linked=len(linked),
        correct=len(right),
        precision=share_of(len(right), len(linked)),
        precision_lower=wilson_lower_bound(len(right), len(linked)),
        recall=share_of(found, len(touches)),
        abstention=share_of(len(touches) - done, len(touches)),
    )


def _slices(
    consented: list[TrueTouch], judged: Sequence[_Judged], truth: Truth, options: Options
) -> tuple[LinkSlice, ...]:
    """Return all slices that hold a touch or a link; links of touches that never happened are in none."""
    pieces = {person.person_id: _pieces([t.camera_id for t in person.tracks]) for person in truth.people}
    kinds: list[tuple[SliceOf, Callable[[TrueTouch], str]]] = [
        ("rivals", lambda touch: _up_to(touch.rivals_2m, ("0", "1", "2", "3-4", "3-4"), "5+")),
        ("skew", lambda touch: f"{min(_SKEWS_S, key=lambda s: abs(abs(touch.clock_skew_s) - s))} s"),
        ("fragments", lambda touch: _up_to(pieces[touch.person_id], ("0", "1", "2", "3-4", "3-4"), "5+")),
        ("party_size", lambda touch: _up_to(touch.party_size, ("0", "1", "2", "3"), "4+")),
    ]
    slices = []
    for of, name_of in kinds:
        touches: dict[str, list[TrueTouch]] = {}
        told: dict[str, list[_Judged]] = {}
        for touch in consented:
            touches.setdefault(name_of(touch), []).append(touch)
        for each in judged:
            if each.touch is not None:
                told.setdefault(name_of(each.touch), []).append(each)
        linked = {name: [each for each in part if each.link.is_link] for name, part in told.items()}
        names = {*touches, *(name for name, part in linked.items() if part)}
        for name in sorted(names, key=lambda name: int(name.rstrip("+ s").split("-")[0])):
            part = _slice(of, name, touches.get(name, []), linked.get(name, []))
            slices.append(replace(part, bins=_bins(told.get(name, []), options)))
    return tuple(slices)


def _pieces(cameras: list[str]) -> int:
    """Return how many tracks the camera made of a person that made the most of them."""
    return max((cameras.count(camera) for camera in set(cameras)), default=0)


def _up_to(number: int, names: tuple[str, ...], more: str) -> str:
    return names[number] if number < len(names) else more


def _calibration(judged: Sequence[_Judged], options: Options, rng: np.random.Generator) -> Calibration | None:
    bins = _bins(judged, options)
    if not bins:
        return None
    told = [(each.link.posterior, each.is_as_told) for each in judged if each.link.posterior is not None]
    posterior, correct = np.array(told, dtype=np.float64).T
    gaps = (each.correct.samples * abs((each.correct.value or 0.0) - each.mean_posterior) for each in bins)
    return Calibration(brier=mean_of((posterior - correct) ** 2, rng), ece=sum(gaps) / len(told), bins=bins)


def _bins(judged: Sequence[_Judged], options: Options) -> tuple[CalibrationBin, ...]:
    """Return the bins that are not empty, of the decisions that have a posterior."""
    told = [(each.link.posterior, each.is_as_told) for each in judged if each.link.posterior is not None]
    posterior, correct = np.array(told, dtype=np.float64).reshape(-1, 2).T
    place = np.minimum((posterior * options.bins).astype(np.int64), options.bins - 1)
    return tuple(
        CalibrationBin(
            low=index / options.bins,
            high=(index + 1) / options.bins,
            mean_posterior=float(posterior[place == index].mean()),
            correct=share_of(int(correct[place == index].sum()), int((place == index).sum())),
        )
        for index in np.unique(place).tolist()
    )
