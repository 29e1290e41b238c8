"""One person's segments as joined so far. Pure."""

from gateway.core.stitching.tracklets import Tracklet

Rival = tuple["Cluster", float]
"""Somebody who may be somebody else, and what place and time say of it."""
ENTRANCE_MS = 8000
"""Who is in an entrance within this time of beginning came in there; of ending, went out."""
_AT_ONCE_MS = 400


class Cluster:
    """Segments of one person, in the order in which they began.

    Attributes:
        tracklets: The segments; the first one is the anchor, from which the visit's id follows.
        rivals: Whose these segments may be, while nobody can say whose they are.
        into: Whose part it has become.
    """

    def __init__(self, anchor: Tracklet, *, is_set_aside: bool = False) -> None:
        self._aside = [anchor] if is_set_aside else []
        self.tracklets = [anchor]
        self._last: Tracklet | None = None
        self._went_out: bool | None = None
        self._looks: tuple[tuple[str, str], ...] | None = None
        self._live = [anchor] if anchor.has_path else []
        self.rivals: list[Rival] = []
        self.into: Cluster | None = None

    def person(self) -> "Cluster":
        """Return whose part it has become, or itself."""
        return self if self.into is None else self.into.person()

    def absorb(self, part: "Cluster") -> None:
        """Take the segments of somebody in who has turned out to be the same person."""
        part.into = self
        self.tracklets = sorted((*self.tracklets, *part.tracklets), key=lambda each: each.key)
        self.refresh()

    def release(self, part: "Cluster", tracklets: list[Tracklet]) -> None:
        """Let these segments go again as somebody of their own."""
        part.into, part.tracklets = None, tracklets
        gone = {each.segment.segment_id for each in tracklets}
        self.shorten(gone)
        part.refresh()

    @property
    def anchor(self) -> Tracklet:
        """Return the earliest segment."""
        return self.tracklets[0]

    @property
    def is_set_aside(self) -> bool:
        """Return whether nobody can say whose it is; nothing joins it then, unless a camera knows better."""
        return len(self._aside) == len(self.tracklets)

    def join(self, tracklet: Tracklet, *, is_set_aside: bool = False) -> None:
        """Take a segment in that began after all others."""
        if is_set_aside:
            self._aside.append(tracklet)
        self.tracklets.append(tracklet)
        if tracklet.has_path:
            self._live.append(tracklet)
        self._last = self._went_out = self._looks = None

    def shorten(self, undone: set[str]) -> None:
        """Let segments go."""
        self.tracklets = [each for each in self.tracklets if each.segment.segment_id not in undone]
        self._aside = [each for each in self._aside if each.segment.segment_id not in undone]
        self.refresh()

    def refresh(self) -> None:
        """Take note that segments may have become longer."""
        self._last = self._went_out = self._looks = None
        self._live = [each for each in self.tracklets if each.has_path]

    def last(self) -> Tracklet:
        """Return the segment that is known longest; where any has a path, one of those."""
        if self._last is None:
            self._last = max(self.tracklets, key=lambda each: (each.has_path, each.ended_ms, each.key))
        return self._last

    def live(self, from_ms: int) -> list[Tracklet]:
        """Return the segments with a path that go on at a time, which never goes back but after `refresh`."""
        self._live = [each for each in self._live if each.ended_ms >= from_ms]
        return self._live

    def looks(self) -> tuple[tuple[str, str], ...]:
        """Return (camera, segment id) of the newest segments, for comparing appearance."""
        if self._looks is None:
            self._looks = tuple((each.device.device, each.segment.segment_id) for each in self.tracklets[-_NEWEST:])
        return self._looks

    def went_out(self) -> bool:
        """Return whether it ended after a stay in an entrance that the camera saw end, not that of coming in."""
        if self._went_out is None:
            self._went_out = self._leaves()
        return self._went_out

    def _leaves(self) -> bool:
        last, came_ms = self.last(), self.anchor.opened_ms
        return any(
            stay.zone_kind == "entrance"
            and stay.left_ms is not None
            and 0 <= last.ended_ms - stay.left_ms <= ENTRANCE_MS
            and each.ended_ms - stay.left_ms >= _AT_ONCE_MS
            and stay.entered_ms - came_ms > ENTRANCE_MS
            for each in self.tracklets[-_NEWEST:]
            for stay in each.segment.stays
        )


_NEWEST = 6


def begins_at_entrance(tracklet: Tracklet) -> bool:
    """Return whether a segment begins in an entrance, or before one: after somebody went out it is another one's."""
    return any(
        stay.zone_kind == "entrance" and 0 <= stay.entered_ms - tracklet.opened_ms <= ENTRANCE_MS
        for stay in tracklet.segment.stays
    )


def came_in(tracklet: Tracklet) -> bool:
    """Return whether a segment began before a stay in an entrance: whoever it is was outside."""
    return any(
        stay.zone_kind == "entrance" and _AT_ONCE_MS <= stay.entered_ms - tracklet.opened_ms <= ENTRANCE_MS
        for stay in tracklet.segment.stays
    )
