"""The stitching of a store's file: how far the file has been read, and what visits its segments make."""

from collections.abc import Iterable

from contracts.events import EventDraft, Source, decode_event
from contracts.payloads import VisitRevised, VisitSegment
from gateway.core.staff import StaffRules
from gateway.core.stitching import Returning, StitchRules, Visits, revise

_FORGET_MS = 3_600_000


class Stitching:
    """What visits the events in the file make, and how far the file has been read."""

    def __init__(self, gateway: Source, rules: StitchRules, staff: StaffRules) -> None:
        self._gateway, self._rules, self._staff = gateway, rules, staff
        self.restart()

    def restart(self) -> None:
        """Forget everything: what is in memory may be ahead of the file, which then must be read again."""
        self.visits = Visits(self._gateway, self._rules, self._staff)
        self._returning = Returning(self._gateway, self._staff)
        self.knows_returning = False
        self.position = 0
        self._settled_ms: int | None = None
        self._forgot_ms = 0

    def is_due(self, now_ms: int) -> bool:
        """Return whether it is time to tell visits again; a clock that went back makes it so."""
        passed_ms = None if self._settled_ms is None else now_ms - self._settled_ms
        return passed_ms is None or passed_ms < 0 or passed_ms >= self._rules.settle_s * 1000

    def read(self, position: int, body: bytes) -> None:
        """Take in an event of the file: a segment, or what the gateway told of a visit."""
        self.position = position
        event = decode_event(body)
        if isinstance(event.data, VisitSegment):
            self.visits.take(event.origin, event.data)
        elif isinstance(event.data, VisitRevised) and event.origin == self._gateway:
            self.visits.resume(event.data)

    def settle(self, now_ms: int) -> list[EventDraft[VisitRevised]]:
        """Return what changed of visits; every hour, forget those that ended long ago."""
        drafts = self.visits.settle()
        self._settled_ms = now_ms
        if now_ms - self._forgot_ms >= _FORGET_MS:
            self._forgot_ms = now_ms
            self.visits.forget(now_ms - round(self._rules.keep_s * 1000))
        return drafts

    def recall(self, bodies: Iterable[bytes]) -> None:
        """Take in, once after a restart, what the file says of those whom a camera may know again."""
        for body in bodies:
            event = decode_event(body)
            if isinstance(event.data, VisitSegment) or (
                isinstance(event.data, VisitRevised) and event.origin == self._gateway
            ):
                self._returning.resume(event.origin, event.data)
        self.knows_returning = True

    def revise(self, device: Source, segment: VisitSegment, now_ms: int) -> list[EventDraft[VisitRevised]]:
        """Return what visits a segment makes where cameras are not joined; call `recall` first where it has a hint."""
        if segment.reentry_hint is None:
            alone = revise(self._gateway, device, segment, self._staff)
            return [] if alone is None else [alone]
        if now_ms - self._forgot_ms >= _FORGET_MS:
            self._forgot_ms = now_ms
            self._returning.forget(now_ms - round(self._rules.keep_s * 1000))
        return self._returning.take(device, segment)
