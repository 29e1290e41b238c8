"""What Frigate tells of people, as changes of their tracks."""

from collections.abc import Sequence

from contracts.events import Source
from gateway.adapters.peer_rows import PeerRows
from gateway.core.interop.frigate import RULE_VERSION, read_frigate
from gateway.core.interop.rules import FrigateRules
from gateway.core.interop.tracks import Change, Observation, PeerTrack, give_up, is_told, observe, segment


class Frigate:
    """Reads Frigate's events; see `Peer`.

    Args:
        gateway: The gateway as its own events name it.
        rules: What is taken.
        rows: What Frigate told.
    """

    name = "Frigate"

    def __init__(self, gateway: Source, rules: FrigateRules, rows: PeerRows) -> None:
        self._gateway, self._rules, self._rows = gateway, rules, rows

    @property
    def filters(self) -> Sequence[str]:
        """See `Peer.filters`."""
        return [f"{self._rules.prefix}/events"]

    def read(self, _topic: str, body: bytes) -> Observation | None:
        """See `Peer.read`."""
        return read_frigate(body, self._rules)

    def follow(self, readings: Sequence[Observation], now_ms: int) -> list[Change]:
        """See `Peer.follow`."""
        changes: list[Change] = []
        latest: dict[tuple[str, str], PeerTrack] = {}
        for seen in readings:
            key = (seen.device, seen.track)
            before = latest.get(key) or self._rows.track(*key)
            after = observe(before, seen)
            if after is not None:
                latest[key] = after
                changes.append(self._change(before, after))
        silent = self._rows.silent(now_ms - round(self._rules.silent_after_s * 1000))
        changes += [self._change(each, give_up(each)) for each in silent if (each.device, each.track) not in latest]
        return changes

    def _change(self, before: PeerTrack | None, after: PeerTrack) -> Change:
        return Change(after, (segment(self._gateway, after, RULE_VERSION),) if is_told(before, after) else ())
