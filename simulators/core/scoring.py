"""How well measured figures agree with the ground truth."""

from collections import Counter
from collections.abc import Iterable, Mapping
from math import sqrt

from msgspec import Struct

from simulators.core.truth import TrueTouch, Truth

_Z_95_ONE_SIDED = 1.6448536269514722


def wilson_lower_bound(hits: int, trials: int, z: float = _Z_95_ONE_SIDED) -> float:
    """Return the lower bound of a share: with 95% confidence the true share is not below it.

    The score interval of Wilson (1927), "Probable inference, the law of succession, and statistical inference", JASA
    22:209-212; Brown, Cai and DasGupta (2001), "Interval estimation for a binomial proportion", Statistical Science
    16:101-133, recommend it for small numbers of trials.

    Args:
        hits: Successes, 0 to `trials`.
        trials: All attempts; without any the bound is 0.
        z: Normal quantile of the confidence, 1.645 for 95% on one side.

    Raises:
        ValueError: `hits` is not 0 to `trials`.
    """
    if not 0 <= hits <= trials:
        msg = f"hits must be 0 to trials, got {hits} of {trials}"
        raise ValueError(msg)
    if trials == 0:
        return 0.0
    share = hits / trials
    centre = share + z * z / (2 * trials)
    spread = z * sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return max(0.0, (centre - spread) / (1 + z * z / trials))


class MeasuredCrossings(Struct, frozen=True, kw_only=True):
    """What was counted at one tripwire."""

    crossed_in: int
    crossed_out: int


class TripwireScore(Struct, frozen=True, kw_only=True):
    """One tripwire's counts against the truth. Errors are measured minus true; shares are of the true count."""

    tripwire_id: str
    true_in: int
    true_out: int
    error_in: int
    error_out: int
    error_in_share: float
    error_out_share: float


def score_footfall(measured: Mapping[str, MeasuredCrossings], truth: Truth) -> tuple[TripwireScore, ...]:
    """Return each tripwire's score, in the truth's order. A tripwire that nobody measured counts as nothing counted.

    Args:
        measured: Counts by tripwire id over the whole of the truth's time.
        truth: What really happened.

    Raises:
        ValueError: A measured tripwire is unknown to the truth.
    """
    known = [total.tripwire_id for total in truth.totals.tripwires]
    if unknown := sorted(set(measured) - set(known)):
        msg = f"unknown tripwire {unknown[0]!r}; the truth knows {', '.join(known)}"
        raise ValueError(msg)
    scores = []
    for total in truth.totals.tripwires:
        counts = measured.get(total.tripwire_id, MeasuredCrossings(crossed_in=0, crossed_out=0))
        error_in, error_out = counts.crossed_in - total.crossed_in, counts.crossed_out - total.crossed_out
        scores.append(
            TripwireScore(
                tripwire_id=total.tripwire_id,
                true_in=total.crossed_in,
                true_out=total.crossed_out,
                error_in=error_in,
                error_out=error_out,
                error_in_share=abs(error_in) / max(1, total.crossed_in),
                error_out_share=abs(error_out) / max(1, total.crossed_out),
            )
        )
    return tuple(scores)


class TrackRef(Struct, frozen=True, kw_only=True):
    """A track as a camera named it."""

    camera_id: str
    track_id: str


class MeasuredLink(Struct, frozen=True, kw_only=True):
    """What a linker decided about one touch.

    Attributes:
        device_id: The terminal or till.
        t_ms: When it was touched; with the device this names the touch.
        visit: The tracks of the visit that was linked, empty where the linker abstained.
    """

    device_id: str
    t_ms: int
    visit: tuple[TrackRef, ...] = ()


class LinkScore(Struct, frozen=True, kw_only=True):
    """Links against the truth.

    Attributes:
        touches: Touches at which a member was shown who agreed to visit linking.
        linked: Touches that were linked, whatever the truth says of them.
        correct: Links of a consenting member to the visit of the person, or the party, that made the touch.
        without_consent: Links of members who did not agree, or of touches at which no member was shown. Never correct.
        unknown: Links of touches that never happened. Never correct.
        precision: `correct / linked`, None without links.
        precision_lower: Wilson lower bound of the precision at 95%.
        recall: Of the touches that only one person could have made, the share that was linked correctly.
        abstention: Of `touches`, the share that was not linked.
    """

    touches: int
    linked: int
    correct: int
    without_consent: int
    unknown: int
    precision: float | None
    precision_lower: float
    recall: float | None
    abstention: float | None


def score_links(measured: Iterable[MeasuredLink], truth: Truth) -> LinkScore:
    """Return how good links are. A touch that is not among the measured ones counts as an abstention."""
    owner = {(t.camera_id, t.track_id): person for person in truth.people for t in person.tracks}
    touches = {(touch.device_id, touch.t_ms): touch for touch in truth.touches}
    linked = {(link.device_id, link.t_ms): link for link in measured if link.visit}
    verdicts: dict[tuple[str, int], str] = {}
    for key, link in linked.items():
        parties = {
            owner[track.camera_id, track.track_id].party_id if (track.camera_id, track.track_id) in owner else None
            for track in link.visit
        }
        verdicts[key] = _verdict(touches.get(key), parties)
    count = Counter(verdicts.values())
    consented = [key for key, touch in touches.items() if touch.expected in ("link", "abstain")]
    clear = [key for key in consented if touches[key].expected == "link"]
    return LinkScore(
        touches=len(consented),
        linked=len(linked),
        correct=count["correct"],
        without_consent=count["without_consent"],
        unknown=count["unknown"],
        precision=count["correct"] / len(linked) if linked else None,
        precision_lower=wilson_lower_bound(count["correct"], len(linked)),
        recall=sum(verdicts.get(key) == "correct" for key in clear) / len(clear) if clear else None,
        abstention=sum(key not in linked for key in consented) / len(consented) if consented else None,
    )


def _verdict(touch: TrueTouch | None, parties: set[str | None]) -> str:
    if touch is None:
        return "unknown"
    if touch.expected not in ("link", "abstain"):
        return "without_consent"
    return "correct" if parties == {touch.party_id} else "wrong"
