"""What people do with the codes under the caps of what they bought: they scan them at home, with their own phones."""

from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from itertools import count

import numpy as np
from msgspec import UNSET, Struct

from simulators.core.item_codes import Item
from simulators.core.lines import ReceiptLine, ScanLine
from simulators.core.member_base import MemberBase
from simulators.core.members import Member
from simulators.core.scenario import Scenario

_STREAM = 6
_MS_PER_S = 1000


class HomeScan(Struct, frozen=True):
    """A code under the cap was scanned; nothing proves that this was in a store.

    Attributes:
        line: What the phone sent.
        item: What was scanned.
        member: Who scanned, None for somebody who did not say.
    """

    line: ScanLine
    item: Item
    member: Member | None


class _Plan(Struct, frozen=True):
    item: Item
    inner: str
    member: Member | None


class HomeScans:
    """The scans at home that are still to come.

    Args:
        scenario: How many there are, and when.
        members: Who may scan what somebody else bought.
        seed: What everything random is drawn from.
    """

    def __init__(self, scenario: Scenario, members: MemberBase, seed: int) -> None:
        self._codes, self._shows_member = scenario.codes, scenario.behaviour.show_member
        self._members, self._seed = members, seed
        self._plans: list[tuple[int, int, _Plan]] = []  # A heap by time; the number tells equal times apart.
        self._numbers = count()

    def receipt(self, line: ReceiptLine, items: Sequence[Item], buyer: Member | None, now_ms: int) -> None:
        """Decide which of the items that a receipt sold will be scanned, when and by whom; forget what came back."""
        if line.kind != "sale":
            self._forget(items)
            return
        for item in items:
            if item.inner is not None:
                self._plan(item, item.inner, buyer, now_ms)

    def _plan(self, item: Item, inner: str, buyer: Member | None, sold_ms: int) -> None:
        rng = np.random.default_rng([self._seed, _STREAM, sold_ms, *inner.encode()])
        scanned, again, buyer_shows, other_shows = rng.random(4)
        first_ms, again_ms = (round(after_s * _MS_PER_S) for after_s in rng.uniform(*self._codes.home_after_s, size=2))
        other = self._members.pick(rng, () if buyer is None else (buyer.member_id,))
        if scanned >= self._codes.scanned_at_home:
            return
        member = buyer if buyer_shows < self._shows_member else None
        self._add(sold_ms + first_ms, _Plan(item, inner, member))
        if again < self._codes.scanned_again:
            member = other if other_shows < self._shows_member else None
            self._add(sold_ms + first_ms + again_ms, _Plan(item, inner, member))

    def _add(self, due_ms: int, plan: _Plan) -> None:
        heappush(self._plans, (due_ms, next(self._numbers), plan))

    def _forget(self, items: Sequence[Item]) -> None:
        self._plans = [entry for entry in self._plans if not any(entry[2].item is item for item in items)]
        heapify(self._plans)

    def due(self, now_ms: int) -> list[HomeScan]:
        """Return the scans that were made by now, in order of time."""
        scans = []
        while self._plans and self._plans[0][0] <= now_ms:
            due_ms, _, plan = heappop(self._plans)
            shown = UNSET if plan.member is None else plan.member.signed_in_as(due_ms)
            scans.append(HomeScan(ScanLine(t_ms=due_ms, code=plan.inner, member=shown), plan.item, plan.member))
        return scans
