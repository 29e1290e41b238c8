"""Who was in which zone when."""

from bisect import bisect_left, bisect_right

from simulators.core.people import Person


class ZoneLog:
    """All stays in one zone, in the order in which they began."""

    def __init__(self) -> None:
        self._entered_ms: list[int] = []
        self._left_ms: list[int | None] = []
        self._people: list[Person] = []
        self._open: dict[str, int] = {}
        self._longest_ms = 0

    def enter(self, person: Person, now_ms: int) -> None:
        """Someone comes into the zone."""
        self._open[person.person_id] = len(self._people)
        self._entered_ms.append(now_ms)
        self._left_ms.append(None)
        self._people.append(person)

    def leave(self, person: Person, now_ms: int) -> None:
        """Someone who is in the zone goes out of it."""
        index = self._open.pop(person.person_id)
        self._left_ms[index] = now_ms
        self._longest_ms = max(self._longest_ms, now_ms - self._entered_ms[index])

    def who_was_in(self, from_ms: int, to_ms: int) -> list[Person]:
        """Return everyone who was in the zone at any time from `from_ms` to `to_ms`, the longest ago first."""
        begin = bisect_left(self._entered_ms, from_ms - self._longest_ms)
        end = bisect_right(self._entered_ms, to_ms)
        lasting = sorted(index for index in self._open.values() if index < begin)
        found = dict.fromkeys(self._people[index] for index in lasting)
        for index in range(begin, end):
            left_ms = self._left_ms[index]
            if left_ms is None or left_ms >= from_ms:
                found[self._people[index]] = None
        return list(found)
