"""How many people are in the store by all its entrances, counted so that nobody is lost between resets. Pure.

People = went in - went out since the last reset, over every camera's entrance tripwires. It is a sum over a set of
crossings, each known by its event's id: any order of arrival and any repetition give the same figure. Counts err, so
the sum drifts; when the store closes it is empty, and what the sum says then is the day's error. It is told with the
reset, and it is the evidence for the drift: the mean error per crossing, shrunk as if `PRIOR_CROSSINGS` crossings
without any had been seen first (the posterior mean under a normal prior about zero: Efron and Morris, JASA 70, 1975).
"""

from collections.abc import Iterable
from datetime import time, tzinfo
from typing import Annotated, Literal

from msgspec import Meta, Struct

from contracts.events import EventDraft, Source, draft_event
from contracts.fields import Direction
from contracts.payloads import StoreOccupancy
from gateway.core.key_schedule import next_closing_ms

OCCUPANCY_RULE = "occupancy-1"
"""Names the rule that counts people in the store. A rule that counts otherwise gets another name."""

PRIOR_CROSSINGS = 200
"""Of so many crossings without error the drift knows before the first closing: about as much as a quiet day tells."""

DAY_MS = 24 * 3600 * 1000

Reason = Literal["closing", "manual"]


class OccupancyRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the people in the store are counted.

    Attributes:
        enabled: Whether they are.
        tell_s: A change is told at most this often, seconds.
        late_s: A closing is told so long after it, so that cameras which report late are in it.
        drift_days: Closings of so many days tell the drift. The gateway keeps crossings for two days more.
    """

    enabled: bool = False
    tell_s: Annotated[float, Meta(ge=1)] = 10.0
    late_s: Annotated[float, Meta(ge=0)] = 60.0
    drift_days: Annotated[int, Meta(ge=1, le=90)] = 7

    @property
    def keep_ms(self) -> int:
        """Return for how long crossings are needed, milliseconds."""
        return (self.drift_days + 2) * DAY_MS


class Tally(Struct, frozen=True):
    """Who went in and out between two resets."""

    went_in: int = 0
    went_out: int = 0

    @property
    def people(self) -> int:
        """Return in minus out; below 0 where more were seen to leave than to come."""
        return self.went_in - self.went_out

    @property
    def crossings(self) -> int:
        """Return how many there were."""
        return self.went_in + self.went_out


class Hours(Struct, frozen=True):
    """When the store closes: the hour as its clocks show it, and its time zone."""

    closes: time
    zone: tzinfo

    def last_closing_ms(self, t_ms: int) -> int:
        """Return the last closing until a time, Unix milliseconds."""
        before_ms = t_ms - 2 * DAY_MS  # no day is so long that none falls in between
        found = next_closing_ms(self.closes, self.zone, before_ms)
        while (following := next_closing_ms(self.closes, self.zone, found)) <= t_ms:
            found = following
        return found

    def next_closing_ms(self, t_ms: int) -> int:
        """Return the first closing after a time, Unix milliseconds."""
        return next_closing_ms(self.closes, self.zone, t_ms)


def drift_per_100(closed: Iterable[Tally]) -> float | None:
    """Return by how many people the count is off after 100 crossings; None before the first closing.

    Above 0 more are counted in than out.

    Args:
        closed: What was counted on days that ended with an empty store.
    """
    days = list(closed)
    if not days:
        return None
    return round(100 * sum(day.people for day in days) / (sum(day.crossings for day in days) + PRIOR_CROSSINGS), 2)


class Occupancy:
    """The store's crossings of the last days, and what was told of them.

    Args:
        gateway: The gateway as its own events name it.
        rules: How people are counted.
        hours: When the store closes.
    """

    def __init__(self, gateway: Source, rules: OccupancyRules, hours: Hours) -> None:
        self._gateway, self._rules, self._hours = gateway, rules, hours
        self._crossings: dict[str, tuple[int, Direction]] = {}
        self._withdrawn: set[str] = set()
        self._by_hand: set[int] = set()
        self._told: dict[int, Tally] = {}
        self._told_closings: dict[int, int] = {}
        self._tallies: dict[int, Tally] | None = {}
        self._last_ms: dict[int, int] = {}
        self._day_ms = (0, 0)

    def take(self, event_id: str, t_ms: int, direction: Direction) -> None:
        """Take a crossing of an entrance in. One that is known already changes nothing."""
        if event_id not in self._crossings:
            self._crossings[event_id] = (t_ms, direction)
            if self._tallies is not None and event_id not in self._withdrawn:
                self._add(self._tallies, t_ms, direction)

    def withdraw(self, event_ids: Iterable[str]) -> None:
        """Take crossings back that did not occur; they may come later than this."""
        self._withdrawn.update(event_ids)
        self._tallies = None

    def resume(self, t_ms: int, told: StoreOccupancy) -> None:
        """Take in what was told before: a reset by hand counts, the rest need not be told again."""
        if told.reset_reason == "manual":
            self._by_hand.add(t_ms)
            self._tallies = None
        elif told.reset_from is not None:
            self._told_closings[t_ms] = told.reset_from
        else:
            self._told[told.since_ms] = Tally(told.went_in, told.went_out)

    def now(self, now_ms: int) -> Tally:
        """Return who went in and out since the last reset."""
        return self.periods().get(self._since(now_ms), Tally())

    def periods(self) -> dict[int, Tally]:
        """Return who went in and out since each reset, by its time."""
        if self._tallies is None:
            self._last_ms.clear()
            tallies: dict[int, Tally] = {}
            for event_id, (t_ms, direction) in self._crossings.items():
                if event_id not in self._withdrawn:
                    self._add(tallies, t_ms, direction)
            self._tallies = tallies
        return self._tallies

    def tell(self, now_ms: int) -> list[EventDraft[StoreOccupancy]]:
        """Return what changed since the last time: closings that are over, and the people in the store now."""
        drafts = [
            self._closing(closing_ms, tally)
            for closing_ms, tally in self._closings(now_ms).items()
            if self._told_closings.get(closing_ms) != tally.people
        ]
        since_ms, tally = self._since(now_ms), self.now(now_ms)
        if tally != self._told.get(since_ms, Tally()):
            told = StoreOccupancy(
                people=tally.people,
                went_in=tally.went_in,
                went_out=tally.went_out,
                since_ms=since_ms,
                drift_per_100=self.drift(now_ms),
                rule_version=OCCUPANCY_RULE,
            )
            parts = (since_ms, tally.went_in, tally.went_out)
            drafts.append(draft_event(self._gateway, told, self._last_ms.get(since_ms, since_ms), *parts))
        for draft in drafts:
            self.resume(draft.time_ms, draft.data)
        return drafts

    def reset(self, now_ms: int, note: str) -> EventDraft[StoreOccupancy]:
        """Begin anew by hand: whoever is in the store now is not counted any more.

        Args:
            now_ms: When, Unix milliseconds.
            note: Why, for whoever audits the figures.
        """
        draft = draft_event(
            self._gateway, self._anew(now_ms, self.now(now_ms), now_ms, "manual", note), now_ms, "manual"
        )
        self.resume(now_ms, draft.data)
        return draft

    def drift(self, now_ms: int) -> float | None:
        """Return the drift of the last days: see `drift_per_100`."""
        closings = self._closings(now_ms)
        return drift_per_100(tally for closing_ms, tally in closings.items() if self._is_whole_day(closing_ms))

    def forget(self, before_ms: int) -> None:
        """Forget crossings from before a time."""
        self._crossings = {name: each for name, each in self._crossings.items() if each[0] >= before_ms}
        self._by_hand = {t_ms for t_ms in self._by_hand if t_ms >= before_ms}
        self._withdrawn &= self._crossings.keys()
        self._told = {t_ms: each for t_ms, each in self._told.items() if t_ms >= before_ms}
        self._told_closings = {t_ms: each for t_ms, each in self._told_closings.items() if t_ms >= before_ms}
        self._tallies = None

    def _add(self, tallies: dict[int, Tally], t_ms: int, direction: Direction) -> None:
        since_ms = self._since(t_ms)
        before = tallies.get(since_ms, Tally())
        tallies[since_ms] = Tally(before.went_in + (direction == "in"), before.went_out + (direction == "out"))
        self._last_ms[since_ms] = max(t_ms, self._last_ms.get(since_ms, t_ms))

    def _since(self, t_ms: int) -> int:
        """Return the last reset until a time: a closing, or one by hand."""
        if not self._day_ms[0] <= t_ms < self._day_ms[1]:
            closing_ms = self._hours.last_closing_ms(t_ms)
            self._day_ms = closing_ms, self._hours.next_closing_ms(closing_ms)
        return max([self._day_ms[0], *(at_ms for at_ms in self._by_hand if at_ms <= t_ms)])

    def _closings(self, now_ms: int) -> dict[int, Tally]:
        """Return the closings of the last days that are over, and what was counted until then since the last reset."""
        from_ms = now_ms - self._rules.drift_days * DAY_MS
        until_ms = now_ms - round(self._rules.late_s * 1000)
        found: dict[int, Tally] = {}
        for since_ms, tally in sorted(self.periods().items()):
            closing_ms = self._hours.next_closing_ms(since_ms)
            if from_ms < closing_ms <= until_ms and self._since(closing_ms - 1) == since_ms:
                found[closing_ms] = tally
        return found

    def _is_whole_day(self, closing_ms: int) -> bool:
        """Return whether nobody reset the count on a day: else people may have been inside when it began anew."""
        return self._since(closing_ms - 1) not in self._by_hand

    def _closing(self, closing_ms: int, tally: Tally) -> EventDraft[StoreOccupancy]:
        told = self._anew(closing_ms, tally, closing_ms + 1 + round(self._rules.late_s * 1000), "closing", None)
        return draft_event(self._gateway, told, closing_ms, "closing", tally.went_in, tally.went_out)

    def _anew(self, t_ms: int, before: Tally, now_ms: int, reason: Reason, note: str | None) -> StoreOccupancy:
        return StoreOccupancy(
            people=0,
            went_in=0,
            went_out=0,
            since_ms=t_ms,
            drift_per_100=self.drift(now_ms),
            reset_from=before.people,
            reset_reason=reason,
            reset_note=note,
            rule_version=OCCUPANCY_RULE,
        )
