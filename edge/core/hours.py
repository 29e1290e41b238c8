"""When a store is open, by its own clocks on the wall. Pure: the time zone is passed in."""

from datetime import UTC, datetime, time, timedelta, tzinfo

from msgspec import Struct

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class OpeningHours(Struct, frozen=True, kw_only=True):
    """The hours of each day in which customers may be inside.

    Attributes:
        opens: Local time from which on they may; later than `closes`: open over midnight.
        closes: Local time from which on the doors are shut.
        zone: The store's time zone. Where its clocks change, the hours follow them.
        linger_s: Who came before the doors were shut may stay for so long.
    """

    opens: time
    closes: time
    zone: tzinfo
    linger_s: float = 1800.0

    def is_closed(self, now_ms: int) -> bool:
        """Return whether no customer can be inside.

        Args:
            now_ms: Unix milliseconds.
        """
        now = _EPOCH + timedelta(milliseconds=now_ms)
        came = now - timedelta(seconds=self.linger_s)
        return not (self._is_open(now) or self._is_open(came))

    def _is_open(self, instant: datetime) -> bool:
        local = instant.astimezone(self.zone).time()
        if self.opens <= self.closes:
            return self.opens <= local < self.closes
        return local >= self.opens or local < self.closes
