"""The store's clock on the wall."""

from math import floor

from simulators.core.scenario import DAYS_PER_WEEK, HOURS_PER_DAY

MS_PER_HOUR = 3_600_000
_THURSDAY = 3  # 1970-01-01 was one; Monday is 0.


def local_ms(t_ms: int, utc_offset_h: float) -> int:
    """Return milliseconds since 1970-01-01T00:00 as the clock on the store's wall counts them."""
    return t_ms + round(utc_offset_h * MS_PER_HOUR)


def local_hour(t_ms: int, utc_offset_h: float) -> float:
    """Return the local hour of the day, 0 to 24."""
    return local_ms(t_ms, utc_offset_h) / MS_PER_HOUR % HOURS_PER_DAY


def weekday_of_hour(hour: int) -> int:
    """Return the day of the week, Monday 0, of an hour that is counted in local time since 1970."""
    return (floor(hour / HOURS_PER_DAY) + _THURSDAY) % DAYS_PER_WEEK


def is_between(hour: float, bounds: tuple[float, float]) -> bool:
    """Return whether an hour of the day lies in a span of the day, before or past midnight; a day long: always."""
    begin, end = bounds
    if end - begin >= HOURS_PER_DAY:
        return True
    return begin <= hour < end if begin <= end else hour >= begin or hour < end


def hours_until(hour: float, goal: float) -> float:
    """Return the hours from one hour of the day to the next time that the clock shows another, 0 to 24."""
    return (goal - hour) % HOURS_PER_DAY
