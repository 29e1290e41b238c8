"""Whose a staff card was: who stood at the terminal when it was shown. Pure.

The card's holder is one of those near the terminal, or somebody whom no camera saw. Each one's share follows from how
near he or she stood. What that says of staff is the likelihood ratio `1 + p / ((1 - p) * prior)` for a share of p: the
holder is staff, and everybody else who stood there is what he or she was before.
"""

from collections.abc import Callable, Iterable
from math import exp, hypot, log

from contracts.events import Source
from contracts.payloads import VisitSegment
from contracts.staff import PRIOR, bounded
from gateway.core.staff import StaffRules
from gateway.core.stitching.tracklets import Tracklet

_UNSEEN = 0.05  # The weight of a holder whom no camera saw, where somebody at the very spot has 1.
_LEAST = 0.01  # Who weighs less was not there.
_MOST_SHARE = 0.999
_REMEMBER_MS = 600_000
"""A card may arrive so much later than the segments that it speaks of."""

PersonOf = Callable[[str], str]


class _Card:
    """One showing of a card, and how near each segment's person was: a weight of 0 to 1."""

    def __init__(self, device: str, zone_id: str | None, t_ms: int) -> None:
        self.device, self.zone_id, self.t_ms = device, zone_id, t_ms
        self.weights: dict[str, float] = {}


class StaffCards:
    """The staff cards that were shown in a store, and whose they may have been.

    What it says is a function of the set of cards and segments, whatever the order in which they come.

    Args:
        rules: How far from a terminal its user stands, and where terminals are.
    """

    def __init__(self, rules: StaffRules) -> None:
        self._rules = rules
        self._cards: dict[tuple[str, int], _Card] = {}
        self._recent: dict[str, VisitSegment] = {}
        self._device_of: dict[str, Source] = {}
        self._newest_ms = 0

    def show(self, device: Source, zone_id: str | None, t_ms: int) -> set[str]:
        """Take a card in. Return the segments of which it says something new."""
        key = (device.device, t_ms)
        if key in self._cards:
            return set()
        card = self._cards[key] = _Card(device.device, zone_id, t_ms)
        for segment in self._recent.values():
            self._weigh(card, segment)
        return set(card.weights)

    def take(self, device: Source, segment: VisitSegment) -> None:
        """Take a revision of a segment in."""
        known = self._recent.get(segment.segment_id)
        if known is not None and known.ordinal >= segment.ordinal:
            return
        self._recent[segment.segment_id], self._device_of[segment.segment_id] = segment, device
        for card in self._cards.values():
            self._weigh(card, segment)
        if segment.updated_ms > self._newest_ms + _REMEMBER_MS:
            self._newest_ms = segment.updated_ms
            self._forget_segments()

    def segment(self, segment_id: str) -> tuple[Source, VisitSegment]:
        """Return the latest revision of a segment that `show` named, and who saw it."""
        return self._device_of[segment_id], self._recent[segment_id]

    def rivals(self, segment_ids: Iterable[str]) -> set[str]:
        """Return all segments of which cards speak that speak of one of these."""
        named = set(segment_ids)
        return {each for card in self._cards.values() if named & card.weights.keys() for each in card.weights}

    def evidence(self, segment_ids: Iterable[str], person_of: PersonOf) -> list[float]:
        """Return what each card says of somebody being staff, log-odds; none where it does not speak of them.

        Args:
            segment_ids: The person's segments.
            person_of: Tells for any segment whose it is; all segments of one person give the same.
        """
        named = set(segment_ids)
        found = []
        for card in self._cards.values():
            mine = max((card.weights[each] for each in named & card.weights.keys()), default=0.0)
            if mine:
                share = min(_MOST_SHARE, mine / (_UNSEEN + mine + self._others(card, named, person_of)))
                found.append(bounded(log(1 + share / ((1 - share) * PRIOR))))
        return found

    def forget(self, before_ms: int) -> None:
        """Forget cards that were shown before a time."""
        self._cards = {key: card for key, card in self._cards.items() if card.t_ms >= before_ms}

    @staticmethod
    def _others(card: _Card, named: set[str], person_of: PersonOf) -> float:
        most: dict[str, float] = {}
        for segment_id in sorted(card.weights.keys() - named):
            person = person_of(segment_id)
            most[person] = max(most.get(person, 0.0), card.weights[segment_id])
        return sum(most.values())

    def _weigh(self, card: _Card, segment: VisitSegment) -> None:
        weight = self._weight(card, segment)
        if weight >= _LEAST:
            card.weights[segment.segment_id] = weight
        else:
            card.weights.pop(segment.segment_id, None)

    def _weight(self, card: _Card, segment: VisitSegment) -> float:
        slack_ms = round(self._rules.card_within_s * 1000)
        if not segment.opened_ms - slack_ms <= card.t_ms <= segment.updated_ms + slack_ms:
            return 0.0
        spot = self._rules.terminals.get(card.device)
        if spot is not None and segment.path:
            x_m, y_m = Tracklet(self._device_of[segment.segment_id], segment).position(card.t_ms)
            away = hypot(x_m - spot[0], y_m - spot[1]) / self._rules.card_reach_m
            return exp(-(away**2) / 2)
        return float(
            any(
                stay.zone_id == card.zone_id
                and stay.entered_ms - slack_ms <= card.t_ms
                and (stay.left_ms is None or card.t_ms <= stay.left_ms + slack_ms)
                for stay in segment.stays
            )
        )

    def _forget_segments(self) -> None:
        """Forget segments that ended long ago; what cards say of them stays."""
        oldest_ms = self._newest_ms - _REMEMBER_MS
        self._recent = {key: each for key, each in self._recent.items() if each.updated_ms >= oldest_ms}
        self._device_of = {key: self._device_of[key] for key in self._recent}
