"""Whom SceneScape sees, followed from message to message: segments with paths and stays, and crossings. Pure."""

from collections.abc import Iterable, Mapping

from contracts.events import EventDraft, Source, draft_event
from contracts.payloads import FootfallCrossing
from contracts.privacy import UplinkPayload
from gateway.core.interop.rules import PeerZone, SceneScapeRules
from gateway.core.interop.scenescape import Look, Passing, Someone
from gateway.core.interop.tracks import Change, Observation, PeerTrack, give_up, is_told, observe, opaque_track, segment

RULE_VERSION = "scenescape-1"
MOST_TRACKS = 2000
"""More people at once in one scene are none."""


class Follower:
    """What follows from messages.

    Args:
        gateway: The gateway as its own events name it.
        rules: What is taken.
    """

    def __init__(self, gateway: Source, rules: SceneScapeRules) -> None:
        self._gateway, self._rules = gateway, rules
        self._gone_ms, self._update_ms = round(rules.gone_after_s * 1000), round(rules.update_s * 1000)

    def follow(
        self, tracks: Mapping[str, PeerTrack], ended_ms: Mapping[str, int], look: Look
    ) -> tuple[dict[str, PeerTrack], list[Change]]:
        """Return a scene's tracks after a message, by their keys, and what is to be told.

        Args:
            tracks: Those that go on, by key.
            ended_ms: When those ended that did lately, by key; what is told of them until then is late.
            look: The message. Of who was seen after it, only the crossing is new.
        """
        after, told = dict(tracks), list[Change]()
        for person in look.people:
            before = after.get(person.key)
            last_ms = ended_ms.get(person.key, -1)
            if before is None and (len(after) >= MOST_TRACKS or look.t_ms <= last_ms):
                continue
            opened_ms = self._opened_ms(person, look, last_ms) if before is None else before.opened_ms
            seen = observe(before, _observation(before, person, look, opened_ms), self._update_ms)
            if seen is not None:
                after[person.key] = seen
            now = after[person.key]
            drafts = (*self._segment(before, now), *self._crossing(now, person.passing, look.t_ms))
            if drafts:
                told.append(Change(now, drafts))
        if look.is_whole:
            told += self._end(after, [key for key, it in after.items() if look.t_ms - it.seen_ms > self._gone_ms])
        return after, told

    def end(self, tracks: Mapping[str, PeerTrack], keys: Iterable[str]) -> tuple[dict[str, PeerTrack], list[Change]]:
        """Return a scene's tracks without some, and that these ended when they were last seen."""
        after = dict(tracks)
        return after, self._end(after, keys)

    def _end(self, tracks: dict[str, PeerTrack], keys: Iterable[str]) -> list[Change]:
        told = []
        for key in sorted(keys):
            before = tracks.pop(key)
            ended = give_up(before)
            told.append(Change(ended, tuple(self._segment(before, ended))))
        return told

    def _opened_ms(self, person: Someone, look: Look, last_ms: int) -> int:
        """Return when somebody began to be seen, at most as long ago as who is not told of any more is waited for."""
        first_ms = person.first_ms
        if first_ms is None or first_ms <= last_ms or not 0 <= look.t_ms - first_ms <= self._gone_ms:
            return look.t_ms
        return first_ms

    def _segment(self, before: PeerTrack | None, after: PeerTrack) -> Iterable[EventDraft[UplinkPayload]]:
        if is_told(before, after):
            yield segment(self._gateway, after, RULE_VERSION, self._rules.position_error_m)

    def _crossing(self, track: PeerTrack, passing: Passing | None, t_ms: int) -> Iterable[EventDraft[UplinkPayload]]:
        if passing is None:
            return
        data = FootfallCrossing(
            tripwire_id=passing.tripwire.id,
            tripwire_kind=passing.tripwire.kind,
            direction=passing.direction,
            track_id=track.track,
            confidence=passing.confidence,
            rule_version=RULE_VERSION,
        )
        source = Source(self._gateway.tenant, self._gateway.store, track.device)
        yield draft_event(source, data, t_ms, track.track, data.tripwire_id)


def _observation(before: PeerTrack | None, person: Someone, look: Look, opened_ms: int) -> Observation:
    inside = person.inside or {}
    return Observation(
        device=look.device,
        track=opaque_track("scenescape", f"{person.key}/{opened_ms}"),
        opened_ms=opened_ms,
        seen_ms=look.t_ms,
        zones=_zones(before, person),
        is_last=False,
        floor_m=person.floor_m,
        entered_ms={name: since_ms for name, (_, since_ms) in inside.items() if since_ms is not None},
        key=person.key,
    )


def _zones(before: PeerTrack | None, person: Someone) -> tuple[PeerZone, ...]:
    """Return where a person is now."""
    if person.inside is not None:
        return tuple(zone for zone, _ in person.inside.values())
    stays = () if before is None else before.stays
    known = {it.zone_id: PeerZone(id=it.zone_id, kind=it.zone_kind) for it in stays if it.left_ms is None}
    if person.went is not None:
        known.pop(person.went.id, None)
    if person.came is not None:
        known[person.came.id] = person.came
    return tuple(known.values())
