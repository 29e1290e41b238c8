"""What decides which segments are one visit. Pure."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

RULE_VERSION = "stitch-7"
"""Names the rule that joins segments, and stays. A rule that joins otherwise gets another name."""

_MOST_MS = 120_000.0

Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]


class StitchRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When segments are joined. Weights are natural logarithms of likelihood ratios.

    Attributes:
        enabled: Whether segments of several cameras are joined at all; else each is a visit of its own. `auto`: on
            trading days after one on which cameras sent signatures.
        signed_share: For that, such a share of the day's segments must be of cameras that sent some.
        position_error_m: Standard deviation of each coordinate where a segment does not tell its own.
        calibration_error_m: How far two cameras may disagree about one place for good, each coordinate.
        companion_m: How far apart two people stand who walk together.
        evidence_s: A segment is judged by its first seconds and by looks taken until then; what comes later changes no
            decision.
        window_s: Segments of one camera that begin within this time are assigned jointly.
        gap_s: Who is not seen for longer is joined by appearance alone.
        reentry_s: Who went out and comes back within this time may be joined, by appearance alone.
        walking_mps: Nobody goes faster than this.
        new_inside: Weight of somebody beginning where nobody comes in.
        new_prior_segments: As so many segments that is believed of a place before any began there.
        new_at_entrance: Weight of somebody beginning at an entrance.
        left_at_exit: What speaks against going on after leaving through an entrance.
        unclear_margin: By how much the best must beat all others together, so that it is clear whose a segment is.
        look_noise_sd: Spread of appearance signatures about what a camera sees of a person; that of all people is 1.
        look_camera_sd: Spread of what each camera adds.
        look_dimensions: In how many directions looks differ evenly: 1 / variance of the cosine of strangers. The
            default is that of the bundled encoder's signatures on pictures of 316 people (VIPeR).
        alike_most: The most that appearance may say.
        reentry_least: What appearance must say at least of who comes back.
        party_s: People of one party come in within this time of each other.
        party_m: How far apart they are on average at first.
        fitting_unseen_s: Who is seen to go into a fitting room and is next seen to come out of it was there, if unseen
            for at most this time.
        keep_s: Segments that ended longer ago are forgotten.
        settle_s: Visits are told at most this often.
        settle_share: Telling visits takes at most this share of the time: where it takes longer they are told less
            often, up to every two minutes.
    """

    enabled: bool | Literal["auto"] = "auto"
    signed_share: Annotated[float, Meta(gt=0, le=1)] = 0.9
    position_error_m: Positive = 0.25
    calibration_error_m: NotNegative = 0.12
    companion_m: Positive = 1.2
    evidence_s: Positive = 20.0
    window_s: Positive = 1.0
    gap_s: NotNegative = 600.0
    reentry_s: NotNegative = 900.0
    walking_mps: Positive = 2.5
    new_inside: float = -4.0
    new_prior_segments: Positive = 10.0
    new_at_entrance: float = 2.0
    left_at_exit: float = 5.0
    unclear_margin: NotNegative = 2.0
    look_noise_sd: NotNegative = 1.15
    look_camera_sd: NotNegative = 0.8
    look_dimensions: Positive = 60.0
    alike_most: NotNegative = 6.0
    reentry_least: NotNegative = 3.0
    party_s: NotNegative = 8.0
    party_m: Positive = 2.5
    fitting_unseen_s: NotNegative = 600.0
    keep_s: Positive = 86_400.0
    settle_s: NotNegative = 10.0
    settle_share: Annotated[float, Meta(gt=0, le=1)] = 0.15

    def interval_ms(self, took_s: float) -> float:
        """Return after how long visits are told again where telling them took so long, s.

        Each time the decisions of about the last 35 s are made anew, whatever the interval. So a longer one costs less
        of the time; beyond two minutes there is little more to be saved.
        """
        return max(self.settle_s * 1000, min(took_s * 1000 / self.settle_share, _MOST_MS))
