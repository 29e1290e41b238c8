"""Which messages a gateway takes in from a device: not too many at once, none of an impossible time. Pure."""

from datetime import date
from typing import Annotated

from msgspec import UNSET, Meta, Struct
from msgspec.structs import replace

from contracts.errors import EventRejectedError, RejectReason
from contracts.events import Event
from contracts.privacy import UplinkPayload
from contracts.timestamps import format_time, parse_time
from gateway.core.judging import Delivery

_MS_PER_S = 1000
_MOST_DEVICES = 4096


class IntakeRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a device may send.

    Attributes:
        events_per_s: Messages a second that are taken in from one device, in the long run.
        burst_events: Messages that it may send at once beyond that, as after a time without a line.
        max_ahead_s: How far in the future an event may lie, seconds by the gateway's clock.
        not_before: The day before which no event can have happened, UTC.
    """

    events_per_s: Annotated[float, Meta(gt=0)] = 1000.0
    burst_events: Annotated[int, Meta(ge=1)] = 20_000
    max_ahead_s: Annotated[float, Meta(ge=0)] = 86_400.0
    not_before: date = date(2020, 1, 1)

    @property
    def earliest_ms(self) -> int:
        """Return the beginning of `not_before`, Unix milliseconds."""
        return parse_time(f"{self.not_before.isoformat()}T00:00:00.000Z")

    def why_not_now(self, now_ms: int) -> str | None:
        """Return why the gateway's own clock cannot be right, None where it can.

        Args:
            now_ms: What it shows, Unix milliseconds.
        """
        if now_ms >= self.earliest_ms:
            return None
        return (
            f"the gateway's clock shows {format_time(now_ms)}, which is before {self.not_before} (intake.not_before); "
            "nothing is taken in until it is set, and devices keep their events"
        )


class RateLimit:
    """A token bucket for each device: whoever sends too much is held back, the others are not.

    What is refused is not acknowledged, so the device sends it again later.

    Args:
        rules: How much is allowed.
    """

    def __init__(self, rules: IntakeRules) -> None:
        self._rules = rules
        self._buckets: dict[str, tuple[float, int]] = {}

    def admits(self, device: str, now_ms: int) -> bool:
        """Return whether a message may be taken in now, and note it if so. A clock that goes back fills no bucket."""
        tokens, at_ms = self._buckets.get(device, (float(self._rules.burst_events), now_ms))
        filled = tokens + max(0, now_ms - at_ms) * self._rules.events_per_s / _MS_PER_S
        tokens = min(float(self._rules.burst_events), filled)
        is_admitted = tokens >= 1
        if device not in self._buckets and len(self._buckets) >= _MOST_DEVICES:
            del self._buckets[next(iter(self._buckets))]  # Names that nobody uses must not fill the memory.
        self._buckets[device] = (tokens - is_admitted, now_ms)
        return is_admitted


def check_time(event: Event[UplinkPayload], rules: IntakeRules, now_ms: int) -> None:
    """Refuse an event that cannot have happened when it says, by the time put right where its clock is known.

    Args:
        event: The event.
        rules: What is possible.
        now_ms: The gateway's clock, Unix milliseconds.

    Raises:
        EventRejectedError: It is from before the earliest time, or too far in the future.
    """
    time_ms = event.time_ms if event.correctedtime is UNSET else parse_time(event.correctedtime)
    if time_ms < rules.earliest_ms:
        detail = f"{event.time} is before {rules.not_before} (intake.not_before); is the device's clock set?"
        raise EventRejectedError(RejectReason.IMPOSSIBLE_TIME, detail, event.id)
    if time_ms > now_ms + rules.max_ahead_s * _MS_PER_S:
        ahead_s = (time_ms - now_ms) / _MS_PER_S
        detail = f"{event.time} is {ahead_s:.0f} s in the future, more than {rules.max_ahead_s:g} (intake.max_ahead_s)"
        raise EventRejectedError(RejectReason.IMPOSSIBLE_TIME, detail, event.id)


def check_delivery(delivery: Delivery, rules: IntakeRules) -> Delivery:
    """Return a judged message, refused where its event cannot have happened when it says."""
    if delivery.event is None:
        return delivery
    try:
        check_time(delivery.event, rules, delivery.received_ms)
    except EventRejectedError as error:
        return replace(delivery, event=None, refusal=error)
    return delivery
