"""The stitching of a store's file: how far the file has been read, and what visits its segments make."""

import time
from collections import deque
from collections.abc import Callable, Iterable

from msgspec import UNSET

from contracts.events import Event, EventDraft, Source, decode_event
from contracts.payloads import AppearanceSignature, StaffShown, VisitRevised, VisitSegment
from contracts.privacy import Payload, UplinkPayload
from gateway.core.staff import StaffRules
from gateway.core.stitching import STITCH_RULE_VERSION, Returning, StaffCards, StitchRules, Visits, revise

_FORGET_MS = 3_600_000
_MOST_SIGNATURES = 40_000


class Stitching:
    """What visits the events in the file make, and how far the file has been read.

    Args:
        gateway: The gateway as its own events name it.
        rules: What decides which segments are one visit.
        staff: What tells staff from customers.
        joins_at: Tells whether somebody is joined who is seen first at a time; the answer never changes.
        monotonic_s: A steady clock: it tells what telling visits takes, which decides nothing but when it is next done.
    """

    def __init__(
        self,
        gateway: Source,
        rules: StitchRules,
        staff: StaffRules,
        joins_at: Callable[[int], bool],
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gateway, self._rules, self._staff, self._joins_at = gateway, rules, staff, joins_at
        self._monotonic_s = monotonic_s
        self._signatures: deque[tuple[AppearanceSignature, int]] = deque(maxlen=_MOST_SIGNATURES)
        self.restart()

    def restart(self) -> None:
        """Forget what is in memory, which may be ahead of the file; the file then must be read again.

        Signatures are in no file: those of the day are taken in again.
        """
        self.visits = Visits(self._gateway, self._rules, self._staff)
        for signature, t_ms in self._signatures:
            self.visits.take_signature(signature, t_ms)
        self._cards = StaffCards(self._staff)
        self._returning = Returning(self._gateway, self._staff, self._cards)
        self._knows_returning = False
        self._has_cards: bool | None = None
        self.position = 0
        self._settled_ms: int | None = None
        self._interval_ms = self._rules.interval_ms(0)
        self._forgot_ms = 0

    def take_signature(self, signature: AppearanceSignature, t_ms: int) -> None:
        """Take a signature in; of days on which nobody is joined none is kept."""
        if not self._joins_at(t_ms):
            return
        self._signatures.append((signature, t_ms))
        self.visits.take_signature(signature, t_ms)

    def forget_signatures(self) -> None:
        """Forget all signatures; what they decided stays decided."""
        self._signatures.clear()
        self.visits.forget_signatures()

    def is_due(self, now_ms: int) -> bool:
        """Return whether it is time to tell visits again; a clock that went back makes it so.

        What telling them took the last time puts it off: see `StitchRules.interval_ms`.
        """
        passed_ms = None if self._settled_ms is None else now_ms - self._settled_ms
        return passed_ms is None or passed_ms < 0 or passed_ms >= self._interval_ms

    def read(self, position: int, body: bytes) -> None:
        """Take in an event of the file: a segment, a staff card, or what the gateway told of a visit."""
        self.position = position
        event = decode_event(body)
        ahead_ms = 0 if event.clockoffset is UNSET else event.clockoffset
        if not self.is_joined(event):
            return
        if isinstance(event.data, VisitSegment):
            self.visits.take(event.origin, event.data, ahead_ms)
        elif isinstance(event.data, StaffShown):
            self.visits.take_card(event.origin, event.data.zone_id, event.time_ms - ahead_ms)
        elif isinstance(event.data, VisitRevised) and event.origin == self._gateway:
            self.visits.resume(event.data)

    def is_joined(self, event: Event[Payload]) -> bool:
        """Return whether what an event tells is of somebody who is joined with what other cameras see."""
        if isinstance(event.data, VisitRevised):
            return event.data.rule_version == STITCH_RULE_VERSION or self._joins_at(event.data.opened_ms)
        return self._joins_at(event.data.opened_ms if isinstance(event.data, VisitSegment) else event.time_ms)

    def settle(self, now_ms: int) -> list[EventDraft[VisitRevised]]:
        """Return what changed of visits; every hour, forget those that ended long ago."""
        began_s = self._monotonic_s()
        drafts = self.visits.settle()
        took_s = self._monotonic_s() - began_s
        if self._settled_ms is not None:  # The first time, all that is in the file is decided upon.
            self._interval_ms = self._rules.interval_ms(took_s)
        self._settled_ms = now_ms
        if now_ms - self._forgot_ms >= _FORGET_MS:
            self._forgot_ms = now_ms
            self.visits.forget(now_ms - round(self._rules.keep_s * 1000))
        return drafts

    def needs_recall(self, data: Payload, has_cards: Callable[[], int]) -> bool:
        """Return whether `recall` must be called before `revise`, where cameras are not joined.

        Args:
            data: What the event says.
            has_cards: Tells whether the file holds staff cards that are not forgotten; asked once after a restart.
        """
        if self._knows_returning:
            return False
        if isinstance(data, StaffShown) or (isinstance(data, VisitSegment) and data.reentry_hint is not None):
            return True
        if self._has_cards is None:
            self._has_cards = bool(has_cards())
        return self._has_cards

    def recall(self, bodies: Iterable[bytes]) -> None:
        """Take in, once after a restart, what the file says of those whom a camera may know again, and of cards."""
        for body in bodies:
            event = decode_event(body)
            if self.is_joined(event):
                continue
            if isinstance(event.data, StaffShown):
                self._cards.show(event.origin, event.data.zone_id, event.time_ms)
            elif isinstance(event.data, VisitSegment):
                self._cards.take(event.origin, event.data)
                if event.data.reentry_hint is not None:
                    self._returning.resume(event.origin, event.data)
            elif isinstance(event.data, VisitRevised) and event.origin == self._gateway:
                self._returning.resume(event.origin, event.data)
        self._knows_returning = True

    def revise(self, event: Event[UplinkPayload], now_ms: int) -> list[EventDraft[VisitRevised]]:
        """Return what visits an event makes where cameras are not joined; call `recall` first where it is needed."""
        if now_ms - self._forgot_ms >= _FORGET_MS:
            self._forgot_ms = now_ms
            self._returning.forget(now_ms - round(self._rules.keep_s * 1000))
            self._cards.forget(now_ms - round(self._rules.keep_s * 1000))
        if isinstance(event.data, VisitSegment):
            self._cards.take(event.origin, event.data)
            if event.data.reentry_hint is not None:
                return self._returning.take(event.origin, event.data)
            return self._revise_alone(event.origin, event.data)
        if isinstance(event.data, StaffShown):
            return self._show(event.origin, event.data, event.time_ms)
        return []

    def _show(self, terminal: Source, shown: StaffShown, t_ms: int) -> list[EventDraft[VisitRevised]]:
        """Return the visits of those who stood at the terminal, anew."""
        named = sorted(self._cards.show(terminal, shown.zone_id, t_ms))
        known_again = [each for each in named if self._returning.knows(each)]
        alone = [self._cards.segment(each) for each in named if not self._returning.knows(each)]
        drafts = self._returning.retell(known_again)
        return [*drafts, *(draft for device, segment in alone for draft in self._revise_alone(device, segment))]

    def _revise_alone(self, device: Source, segment: VisitSegment) -> list[EventDraft[VisitRevised]]:
        cards = self._cards.evidence((segment.segment_id,), self._returning.person_of)
        alone = revise(self._gateway, device, segment, self._staff, cards)
        return [] if alone is None else [alone]
