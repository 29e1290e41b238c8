"""How detections become tracks: what the tracker can be told. Pure."""

import msgspec


class TrackerRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How detections become tracks.

    Attributes:
        sure_score: Detections from here up are associated first and make a track count, 0 to 1.
        doubtful_score: Detections from here up may continue a track, 0 to 1.
        sure_similarity: Least likeness of a sure detection to the expected box, 0 to 1.
        doubtful_similarity: The same for a doubtful one, 0 to 1.
        duplicate_iou: A detection that overlaps a box just seen by more starts no track, 0 to 1.
        detector_nms_iou: Two boxes of the detector that overlap less may be two people, 0 to 1. More than
            a lone detector would allow, as the tracker drops duplicates by itself.
        covered_share: A detection of which another one covers more does not show one person's
            colours alone, 0 to 1.
        confirm_sightings: Sure sightings after which a track may count.
        standing_score: Who has not walked yet counts from this mean score up, 0 to 1. Things that
            look like people (cones, posters, mannequins far away) stay below it.
        moved_heights: Who has come so far from the first place, in box heights, has walked.
        colour_weight: Weight of colours beside likeness of boxes.
        reunion_colour_weight: Weight of colours where a track is found again after a gap.
        reunion_heights: How far from the expected place a track is found again at once, in box heights.
        reunion_heights_per_s: How much farther for each second of the gap.
        unconfirmed_lost_s: An unconfirmed track not seen for longer ends.
        fixture_after_s: An unconfirmed track older than this is taken for a thing that stands there.
        fixture_lost_s: Such a thing is forgotten when not seen for longer.
        lost_after_s: A confirmed track not seen for longer ends.
        foretold_s: So long after its last sighting a track's expected box is told.
    """

    sure_score: float = 0.42
    doubtful_score: float = 0.3
    sure_similarity: float = 0.2
    doubtful_similarity: float = 0.4
    duplicate_iou: float = 0.5
    detector_nms_iou: float = 0.6
    covered_share: float = 0.25
    confirm_sightings: int = 3
    standing_score: float = 0.55
    moved_heights: float = 0.5
    colour_weight: float = 0.25
    reunion_colour_weight: float = 0.5
    reunion_heights: float = 0.5
    reunion_heights_per_s: float = 0.3
    unconfirmed_lost_s: float = 0.25
    fixture_after_s: float = 3.0
    fixture_lost_s: float = 10.0
    lost_after_s: float = 2.0
    foretold_s: float = 0.3
