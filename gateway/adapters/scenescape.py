"""What SceneScape tells of people, as changes of their tracks.

Messages come many times a second, so tracks that go on are in memory; each is written together with the events that
tell of it, and read again at the next start.
"""

from collections.abc import Sequence
from itertools import takewhile

from contracts.events import Source
from gateway.adapters.peer_rows import REMEMBER_MS, PeerRows
from gateway.core.interop.rules import SceneScapeRules
from gateway.core.interop.scene_tracks import Follower
from gateway.core.interop.scenescape import Look, read_scene, scene_filters
from gateway.core.interop.tracks import Change, PeerTrack


class SceneScape:
    """Reads SceneScape's scenes; see `Peer`.

    Args:
        gateway: The gateway as its own events name it.
        rules: What is taken.
        rows: What SceneScape told.

    Raises:
        DeviceStoreError: The rows cannot be read.
    """

    name = "SceneScape"

    def __init__(self, gateway: Source, rules: SceneScapeRules, rows: PeerRows) -> None:
        self._rules, self._follower = rules, Follower(gateway, rules)
        self._scenes = {device: _Scene() for device in rules.devices}
        for track, heard_ms in rows.tracks():
            self._scenes[track.device].take(track, heard_ms)

    @property
    def filters(self) -> Sequence[str]:
        """See `Peer.filters`."""
        return scene_filters(self._rules)

    def read(self, topic: str, body: bytes) -> Look | None:
        """See `Peer.read`."""
        return read_scene(topic, body, self._rules)

    def follow(self, readings: Sequence[Look], now_ms: int) -> list[Change]:
        """See `Peer.follow`."""
        told: list[Change] = []
        for look in readings:
            scene = self._scenes[look.device]
            after, more = self._follower.follow(scene.tracks, scene.ended_ms, look)
            told += scene.note(after, more, now_ms)
        for _, scene in sorted(self._scenes.items()):
            silent = scene.silent(now_ms - round(self._rules.silent_after_s * 1000))
            told += scene.note(*self._follower.end(scene.tracks, silent), now_ms)
            scene.forget(now_ms - REMEMBER_MS)
        return told


class _Scene:
    """Who is in a scene, when each was last heard of by the gateway's clock, and who ended when."""

    def __init__(self) -> None:
        self.tracks: dict[str, PeerTrack] = {}
        self.ended_ms: dict[str, int] = {}
        self._heard_ms: dict[str, int] = {}

    def take(self, track: PeerTrack, heard_ms: int) -> None:
        self._heard_ms.pop(track.key, None)  # The order is that of being heard.
        self._heard_ms[track.key] = heard_ms
        if track.is_closed:
            self.ended_ms[track.key] = max(track.seen_ms, self.ended_ms.get(track.key, 0))
        else:
            self.tracks[track.key] = track

    def note(self, after: dict[str, PeerTrack], told: list[Change], now_ms: int) -> list[Change]:
        """Take note of what became of the tracks, and return what is told of it."""
        before, self.tracks = self.tracks, after
        for key, track in after.items():
            if track is not before.get(key):
                self.take(track, now_ms)
        for each in told:
            if each.track.is_closed:
                self.take(each.track, now_ms)
        return told

    def silent(self, before_ms: int) -> list[str]:
        return [key for key in self.tracks if self._heard_ms[key] < before_ms]

    def forget(self, before_ms: int) -> None:
        """Forget who ended before a time."""
        for key in list(takewhile(lambda key: self._heard_ms[key] < before_ms, self._heard_ms)):
            del self._heard_ms[key]
            self.ended_ms.pop(key, None)
