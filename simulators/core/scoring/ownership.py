"""Whose a track truly was, at any instant."""

from collections import defaultdict

import numpy as np

from simulators.core.scoring.intervals import Ints
from simulators.core.scoring.measured import EVERYWHERE, TrackRef
from simulators.core.truth import TruePerson, Truth

NOBODY = -1
_SLACK_MS = 1_000
"""Between two spans of one track, the earlier one's person keeps it for this long."""


class Ownership:
    """Knows which person each track stood with.

    Where spans of one track overlap, the track is with whom it came to last.
    """

    def __init__(self, truth: Truth) -> None:
        self.people: tuple[TruePerson, ...] = truth.people
        spans: dict[tuple[str, str], list[tuple[int, int, int]]] = defaultdict(list)
        for index, person in enumerate(truth.people):
            last_ms = truth.until_ms if person.last_seen_ms is None else person.last_seen_ms
            spans[EVERYWHERE, person.person_id].append((person.first_seen_ms, last_ms, index))
            for track in person.tracks:
                spans[track.camera_id, track.track_id].append((track.from_ms, track.to_ms, index))
        self._spans = {key: sorted(each) for key, each in spans.items()}

    def owners_at(self, camera_id: str, track_id: str, at_ms: Ints) -> Ints:
        """Return the index of the person behind a track at each time, `NOBODY` where none is, shape (T,)."""
        owner = np.full(at_ms.size, NOBODY)
        spans = self._spans.get((camera_id, track_id), [])
        for slack_ms in (_SLACK_MS, 0):
            for from_ms, to_ms, person in spans:
                owner[(at_ms >= from_ms) & (at_ms <= to_ms + slack_ms)] = person
        return owner

    def parties(self, tracks: tuple[TrackRef, ...], at_ms: int) -> tuple[set[str], set[str]]:
        """Return the people and the parties that tracks stood with at a time, or ever where none was seen then.

        A track of nobody gives the person and party `""`.
        """
        now = np.array([at_ms], dtype=np.int64)
        owners = {int(self.owners_at(track.camera_id, track.track_id, now)[0]) for track in tracks} - {NOBODY}
        if not owners:
            ever = [self._spans.get((track.camera_id, track.track_id), [(0, 0, NOBODY)]) for track in tracks]
            owners = {person for spans in ever for _, _, person in spans}
        people = [self.people[owner] for owner in owners if owner != NOBODY]
        nobody = {""} if NOBODY in owners else set()
        return {each.person_id for each in people} | nobody, {each.party_id for each in people} | nobody
