"""Adds up what an agent's events tell, for people who watch: counts, people in zones, dwell. Pure."""

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

from contracts.events import EventDraft
from contracts.payloads import FootfallCrossing, VisitSegment, ZoneOccupancy
from contracts.privacy import UplinkPayload


class LineCounts(Struct, frozen=True, kw_only=True):
    """How often a line was crossed since the agent began."""

    id: str
    kind: str
    crossed_in: int
    crossed_out: int


class ZoneFigures(Struct, frozen=True, kw_only=True):
    """What happened in a zone since the agent began.

    Attributes:
        id: Its name.
        kind: What happens there.
        people: How many people are in it, None before the first sample.
        stays: Stays that have ended, of people who have left the picture.
        mean_dwell_s: Their mean length, None without any.
    """

    id: str
    kind: str
    people: int | None
    stays: int
    mean_dwell_s: float | None


class Tally:
    """The sums.

    Args:
        lines: Names and kinds of the tripwires.
        zones: Names and kinds of the zones.
    """

    def __init__(self, lines: Iterable[tuple[str, str]], zones: Iterable[tuple[str, str]]) -> None:
        self._lines, self._zones = tuple(lines), tuple(zones)
        self._crossings: Counter[tuple[str, str]] = Counter()
        self._people: dict[str, int] = {}
        self._stays: Counter[str] = Counter()
        self._dwell_ms: Counter[str] = Counter()
        self.visits = 0

    def take(self, drafts: Iterable[EventDraft[UplinkPayload]]) -> None:
        """Take events into account."""
        for draft in drafts:
            data = draft.data
            if isinstance(data, FootfallCrossing):
                self._crossings[data.tripwire_id, data.direction] += 1
            elif isinstance(data, ZoneOccupancy):
                self._people = {zone.zone_id: zone.people for zone in data.zones}
            elif isinstance(data, VisitSegment) and data.phase == "closed":
                self.visits += 1
                for stay in data.stays:
                    self._stays[stay.zone_id] += 1
                    self._dwell_ms[stay.zone_id] += (stay.left_ms or data.updated_ms) - stay.entered_ms

    def lines(self) -> tuple[LineCounts, ...]:
        """Return the lines' counts, in the configuration's order."""
        return tuple(
            LineCounts(
                id=name, kind=kind, crossed_in=self._crossings[name, "in"], crossed_out=self._crossings[name, "out"]
            )
            for name, kind in self._lines
        )

    def zones(self) -> tuple[ZoneFigures, ...]:
        """Return the zones' figures, in the configuration's order."""
        return tuple(
            ZoneFigures(
                id=name,
                kind=kind,
                people=self._people.get(name),
                stays=self._stays[name],
                mean_dwell_s=round(self._dwell_ms[name] / self._stays[name] / 1000, 1) if self._stays[name] else None,
            )
            for name, kind in self._zones
        )
