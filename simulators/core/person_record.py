"""What is known of one person so far."""

from msgspec.structs import replace

from simulators.core.layout import Till, Tripwire
from simulators.core.members import Member
from simulators.core.people import Person
from simulators.core.truth import (
    Direction,
    TrueCrossing,
    TruePerson,
    TruePresence,
    TrueStay,
    TrueTrack,
    TrueWait,
    WaitEnd,
)

THRESHOLD_MS = 3_000
"""Who is back inside within this time has only made room for somebody in the door."""


class PersonRecord:
    """One person's times, zones, lines and tracks.

    Attributes:
        zones: The zones that the person is in now.
    """

    def __init__(self, person: Person, purpose: str | None, member: Member | None, now_ms: int) -> None:
        self.person = person
        self.zones: tuple[str, ...] = ()
        self._purpose = purpose
        self._member = member
        self._first_seen_ms = now_ms
        self._last_seen_ms: int | None = None
        self._crossings: list[TrueCrossing] = []
        self._presences: list[TruePresence] = []
        self._inside: tuple[int, str] | None = None
        self._stays: list[TrueStay] = []
        self._entered_zones: dict[str, int] = {}
        self._waits: list[TrueWait] = []
        self._tracks: dict[tuple[str, str, int], TrueTrack] = {}

    def come_back(self) -> None:
        """The person is in sight again."""
        self._last_seen_ms = None

    def vanish(self, now_ms: int) -> None:
        """The person went out of sight."""
        self._last_seen_ms = now_ms

    def cross(self, wire: Tripwire, direction: Direction, t_ms: int) -> None:
        """The person crossed a tripwire."""
        self._crossings.append(
            TrueCrossing(tripwire_id=wire.id, tripwire_kind=wire.kind, direction=direction, t_ms=t_ms)
        )

    def pass_door(self, door_id: str, direction: Direction, t_ms: int) -> None:
        """The person went through a door. Only the first of several lines of one door counts.

        Who steps back on the threshold and is in again at once has not been away.
        """
        if direction == "in" and self._inside is None:
            last = self._presences[-1] if self._presences else None
            if last is not None and last.left_ms is not None and t_ms - last.left_ms < THRESHOLD_MS:
                self._presences.pop()
                self._inside = (last.entered_ms, last.entered_by)
            else:
                self._inside = (t_ms, door_id)
        elif direction == "out" and self._inside is not None:
            entered_ms, entered_by = self._inside
            self._inside = None
            self._presences.append(
                TruePresence(entered_ms=entered_ms, left_ms=t_ms, entered_by=entered_by, left_by=door_id)
            )

    def enter_zone(self, zone_id: str, now_ms: int) -> None:
        """The person came into a zone."""
        self._entered_zones[zone_id] = now_ms

    def leave_zone(self, zone_id: str, now_ms: int) -> None:
        """The person went out of a zone."""
        entered_ms = self._entered_zones.pop(zone_id)
        self._stays.append(TrueStay(zone_id=zone_id, entered_ms=entered_ms, left_ms=now_ms))

    def join_line(self, till: Till, now_ms: int) -> None:
        """The person stands in line."""
        self._waits.append(
            TrueWait(till_id=till.id, queue_zone_id=till.queue_zone_id, joined_ms=now_ms, ended_ms=None, end="waiting")
        )

    def leave_line(self, end: WaitEnd, now_ms: int) -> None:
        """The person's turn came, or patience ran out."""
        self._waits[-1] = replace(self._waits[-1], ended_ms=now_ms, end=end)

    def see(self, track: TrueTrack) -> None:
        """A camera knew the person under a track id; what is told again has the same beginning."""
        self._tracks[track.camera_id, track.track_id, track.from_ms] = track

    def truth(self) -> TruePerson:
        """Return what is known by now."""
        presences = self._all_presences()
        is_visitor = self.person.role != "staff" and bool(presences)
        return TruePerson(
            person_id=self.person.person_id,
            role=self.person.role,
            age=self.person.age,
            party_id=self.person.party_id,
            purpose=self._purpose,
            member_id=self._member.member_id if self._member else None,
            first_seen_ms=self._first_seen_ms,
            last_seen_ms=self._last_seen_ms,
            entered_ms=presences[0].entered_ms if is_visitor else None,
            left_ms=presences[-1].left_ms if is_visitor else None,
            presences=presences,
            crossings=tuple(self._crossings),
            stays=(
                *self._stays,
                *(TrueStay(zone_id=zone, entered_ms=t, left_ms=None) for zone, t in self._entered_zones.items()),
            ),
            waits=tuple(self._waits),
            tracks=tuple(track for _, track in sorted(self._tracks.items(), key=_by_beginning)),
        )

    def _all_presences(self) -> tuple[TruePresence, ...]:
        if self._inside is None:
            return tuple(self._presences)
        entered_ms, entered_by = self._inside
        present = TruePresence(entered_ms=entered_ms, left_ms=None, entered_by=entered_by, left_by=None)
        return (*self._presences, present)


def _by_beginning(told: tuple[tuple[str, str, int], TrueTrack]) -> tuple[int, str, str]:
    """Return the order of a track that does not depend on when it was told."""
    (camera_id, track_id, from_ms), _ = told
    return from_ms, camera_id, track_id
