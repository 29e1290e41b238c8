"""Measures devices' clocks, and puts the times of their events right."""

import threading
from collections.abc import Callable

from msgspec import UNSET
from msgspec.structs import replace

from contracts.clock import ClockRequest, decode_clock_answer, encode_clock
from contracts.events import MAX_EVENT_BYTES, Event, encode_event
from contracts.operations import DeviceClock
from contracts.privacy import UplinkPayload
from contracts.timestamps import format_time
from gateway.adapters.clock_rows import ClockRows
from gateway.core.devices import clock_history, clock_offset
from gateway.core.devices.clock_history import ClockSpan
from gateway.core.devices.clock_offset import ClockEstimate, ClockState, Exchange
from gateway.core.judging import Delivery

_MOST_ASKED = 16


class DeviceClocks:
    """What is known of every device's clock. Safe for several threads.

    Args:
        rows: Where it is kept.
        clock_us: The gateway's wall clock, Unix microseconds.
        monotonic_us: A clock that is never set, microseconds.
        interval_s: Seconds between two exchanges with a device; the first ones come eight times as fast.
        earliest_ms: Before this time, Unix milliseconds, the gateway's own clock is not set and measures nothing.
    """

    def __init__(
        self,
        rows: ClockRows,
        clock_us: Callable[[], int],
        monotonic_us: Callable[[], int],
        interval_s: float = 16.0,
        earliest_ms: int = 0,
    ) -> None:
        self._rows, self._clock_us, self._monotonic_us = rows, clock_us, monotonic_us
        self._earliest_us = earliest_ms * 1000
        self._interval_us = interval_s * 1e6
        self._lock = threading.Lock()
        self._states: dict[str, ClockState] = {}
        self._asked: dict[str, dict[int, int]] = {}
        self._due_us: dict[str, float] = {}
        self._spans, self._before = rows.spans(), rows.estimates()

    def ask(self, device: str) -> bytes | None:
        """Return the request to send to a device now; None where it is not time for one."""
        with self._lock:
            now_us, wall_us = self._monotonic_us(), self._clock_us()
            if now_us < self._due_us.get(device, 0) or wall_us < self._earliest_us:
                return None
            is_new = len(self._states.get(device, ClockState()).window) < clock_offset.WINDOW
            self._due_us[device] = now_us + self._interval_us / (clock_offset.WINDOW if is_new else 1)
            asked = self._asked.setdefault(device, {})
            asked[wall_us] = now_us
            while len(asked) > _MOST_ASKED:
                del asked[next(iter(asked))]
        return encode_clock(ClockRequest(asked_us=wall_us))

    def answered(self, device: str, body: bytes, returned_us: int) -> None:
        """Take a device's answer in.

        Args:
            device: Whose.
            body: What came; what answers nothing that was asked is passed over.
            returned_us: When it came, by the clock that is never set.

        Raises:
            ContractError: It is no answer.
            DeviceStoreError: It cannot be kept.
        """
        answer = decode_clock_answer(body)
        with self._lock:
            begun_us = self._asked.get(device, {}).pop(answer.asked_us, None)
            if begun_us is None:
                return
            exchange = Exchange(
                answer.asked_us, answer.received_us, answer.sent_us, answer.asked_us + returned_us - begun_us
            )
            state = clock_offset.observe(self._states.get(device, ClockState()), exchange)
            self._states[device] = state
            found, before = clock_offset.estimate(state), self._before.get(device)
            if found is None:
                return
            if before is not None:
                found = replace(found, steps=found.steps + before.steps)
            spans = self._spans.get(device, ())
            if answer.events_ahead_ms is not None:
                spans = clock_history.remember(spans, found, answer.events_ahead_ms)
                self._spans[device] = spans
            self._rows.keep(device, found, spans)

    def estimates(self) -> dict[str, ClockEstimate]:
        """Return the last measurement of each device."""
        return self._rows.estimates()

    def told(self) -> tuple[DeviceClock, ...]:
        """Return the last measurements as a health report tells them."""
        return tuple(
            DeviceClock(
                device=device,
                offset_ms=found.offset_ms,
                error_ms=found.error_ms,
                drift_ppm=found.drift_ppm,
                steps=found.steps,
                measured_ms=found.at_ms,
            )
            for device, found in sorted(self.estimates().items())
        )

    def correct(self, delivery: Delivery) -> Delivery:
        """Return a message with the time of its event put right, if the device's clock is known to have been wrong."""
        event, source = delivery.event, delivery.source
        if event is None or source is None:
            return delivery
        with self._lock:
            spans = self._spans.get(source.device, ())
        event, body = _corrected(event, delivery.body, spans, delivery.received_ms)
        return replace(delivery, event=event, body=body)


def _corrected(
    event: Event[UplinkPayload], body: bytes, spans: tuple[ClockSpan, ...], received_ms: int
) -> tuple[Event[UplinkPayload], bytes]:
    """Return an event and its bytes with the two extensions; what a device itself claims of them is dropped."""
    if event.correctedtime is not UNSET or event.clockoffset is not UNSET:
        event = replace(event, correctedtime=UNSET, clockoffset=UNSET)
        body = encode_event(event)
    found = clock_history.correct(spans, event.time_ms, received_ms)
    if found is None or found.offset_ms == 0 or found.time_ms < 0:
        return event, body
    told = format_time(found.time_ms)
    # Spliced in, not encoded anew: a later version's fields in `data` stay as they came.
    spliced = b'{"correctedtime":"%s","clockoffset":%d,' % (told.encode(), found.offset_ms) + body.lstrip()[1:]
    if len(spliced) > MAX_EVENT_BYTES:
        return event, body
    return replace(event, correctedtime=told, clockoffset=found.offset_ms), spliced
