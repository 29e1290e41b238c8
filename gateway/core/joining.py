"""On which trading days the gateway joins what cameras see. Pure: time is passed in, and nothing is written here.

Without signatures joins are guesses, so a day is joined only where the cameras of the day before sent them. It is
decided when the store closes, and holds for whoever is seen first after that, to the next closing: no visit changes its
id within a day, nor after a restart, since what was decided is kept in the gateway's file.
"""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from gateway.core.occupancy import Hours
from gateway.core.stitching import StitchRules

_KEPT_DECISIONS = 400
"""Decisions of more than a year: nothing older comes in late."""


class Decision(Struct, frozen=True):
    """Whether people who are seen first from a time on are joined.

    Attributes:
        from_ms: From when on, Unix milliseconds.
        joins: Whether they are.
        segments: How many segments of the day before began, on all devices.
        signed: How many of them on devices that sent signatures.
    """

    from_ms: int
    joins: bool
    segments: int
    signed: int


class DeviceDay(Struct, kw_only=True):
    """What one device sent on a trading day.

    Attributes:
        segments: How many segments came for the first time.
        is_signing: Whether signatures came.
        newest_ms: When the newest of the segments began, by the device's clock.
    """

    segments: int = 0
    is_signing: bool = False
    newest_ms: int = 0


DayKey = tuple[int, str]
"""When a trading day began, Unix milliseconds, and a device."""


class JoiningState(Struct, frozen=True):
    """What is shown of it.

    Attributes:
        setting: `stitching.enabled`.
        joins: Whether who comes now is joined.
        decision: What was decided last, None where nothing was, or where nothing is to be decided.
    """

    setting: bool | Literal["auto"]
    joins: bool
    decision: Decision | None

    @property
    def line(self) -> str:
        """Return it as one line for people."""
        said = "joined" if self.joins else "not joined"
        if self.setting != "auto":
            return f"cameras: {said}, as stitching.enabled says"
        if self.decision is None:
            return f"cameras: {said} until the store has closed once; then as many as send signatures decide"
        of = f"{self.decision.signed} of {self.decision.segments} segments"
        return f"cameras: {said}; on the day that decided, {of} came from cameras that send signatures"


class Joining:
    """What was decided, and what the day's devices send.

    Args:
        rules: `enabled`, and how many segments must be of cameras with signatures.
        hours: When the store closes.
        decisions: What was decided, in any order.
        days: What devices sent on the last days.
    """

    def __init__(
        self,
        rules: StitchRules,
        hours: Hours,
        decisions: Iterable[Decision] = (),
        days: Iterable[tuple[DayKey, DeviceDay]] = (),
    ) -> None:
        self._setting, self._least, self._hours = rules.enabled, rules.signed_share, hours
        self._decisions = sorted(decisions, key=lambda each: each.from_ms)
        self._days = dict(days)
        self._ends_ms: int | None = None
        self._began_ms = 0

    @property
    def is_open(self) -> bool:
        """Return whether there is anything to decide: cameras are asked, no setting."""
        return self._setting == "auto"

    @property
    def ever_joins(self) -> bool:
        """Return whether anybody who may still come in is joined."""
        return any(each.joins for each in self._decisions) if self.is_open else self._setting is True

    def joins_at(self, t_ms: int) -> bool:
        """Return whether somebody is joined who is seen first at a time."""
        if not self.is_open:
            return self._setting is True
        return next((each.joins for each in reversed(self._decisions) if each.from_ms <= t_ms), False)

    def take_segment(
        self, device: str, opened_ms: int, now_ms: int, *, is_first: bool
    ) -> tuple[DayKey, DeviceDay] | None:
        """Note that a segment came. Return what its device sent today, None if that is known.

        Args:
            device: Who saw it.
            opened_ms: When it began, by the device's clock.
            now_ms: When it came.
            is_first: Whether it is the segment's first revision.
        """
        key, day = self._today(device, now_ms)
        if not is_first and opened_ms <= day.newest_ms:
            return None
        day.segments += is_first
        day.newest_ms = max(day.newest_ms, opened_ms)
        return key, day

    def take_signature(self, device: str, now_ms: int) -> tuple[DayKey, DeviceDay] | None:
        """Note that a signature came. Return what its device sent today if it is the day's first one, else None."""
        key, day = self._today(device, now_ms)
        if day.is_signing:
            return None
        day.is_signing = True
        return key, day

    def _today(self, device: str, now_ms: int) -> tuple[DayKey, DeviceDay]:
        key = (self._day(now_ms), device)
        return key, self._days.setdefault(key, DeviceDay())

    def _day(self, now_ms: int) -> int:
        """Return when the trading day of a time began."""
        if self._ends_ms is None or not self._began_ms <= now_ms < self._ends_ms:
            self._began_ms, self._ends_ms = self._hours.last_closing_ms(now_ms), self._hours.next_closing_ms(now_ms)
        return self._began_ms

    def is_due(self, now_ms: int) -> bool:
        """Return whether a trading day with segments has ended of which nothing was decided yet."""
        return self.is_open and any(began_ms < self._day(now_ms) for began_ms, _ in self._days)

    def decide(self, now_ms: int) -> Decision | None:
        """Decide by the last trading day that has ended and had segments; None where there is none.

        It holds from the closing on, but never for somebody whom a device told of before it was taken.
        """
        if not self.is_due(now_ms):
            return None
        today_ms = self._day(now_ms)
        over = {key: day for key, day in self._days.items() if key[0] < today_ms}
        newest_ms = max(day.newest_ms for day in self._days.values())
        self._days = {key: day for key, day in self._days.items() if key not in over}
        last_ms = max((key[0] for key, day in over.items() if day.segments), default=None)
        if last_ms is None:
            return None
        told = [day for key, day in over.items() if key[0] == last_ms]
        segments = sum(day.segments for day in told)
        signed = sum(day.segments for day in told if day.is_signing)
        from_ms = max(today_ms, newest_ms + 1)
        decision = Decision(from_ms, signed >= self._least * segments, segments, signed)
        self._decisions = [*self._decisions, decision][-_KEPT_DECISIONS:]
        return decision

    def state(self, now_ms: int) -> JoiningState:
        """Return what is shown of it."""
        last = self._decisions[-1] if self.is_open and self._decisions else None
        return JoiningState(self._setting, self.joins_at(now_ms), last)
