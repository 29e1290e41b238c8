"""What a camera's configuration says of staff and of the store's hours, and the rules that follow."""

from datetime import UTC, time
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Meta, Struct

from contracts.patterns import END
from contracts.staff import Habit
from edge.core.hours import OpeningHours
from edge.core.staff import StaffRules
from edge.errors import ConfigurationError

Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
HourMinute = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]" + END)]
AboveZeroShare = Annotated[float, Meta(gt=0, le=1)]


class HoursSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the store is open. Who is inside before that is staff.

    Attributes:
        opens: The hour as the store's clocks show it, `HH:MM`.
        closes: Likewise; earlier than `opens`: open over midnight.
        time_zone: Its name in the IANA database, such as `Asia/Shanghai`; where its clocks change, the hours follow.
        linger_s: Who came before the doors were shut may stay for so long.
    """

    opens: HourMinute
    closes: HourMinute
    time_zone: str = "UTC"
    linger_s: NotNegative = 1800.0


class StaffSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What tells staff from customers: times are means, shares are of all tracks. docs/staff.md says how it adds up.

    Attributes:
        zone_customers: Share of customers who ever are in a zone of kind `staff`.
        zone_customer_s: For how long, those who are.
        zone_staff: Share of staff.
        zone_staff_s: For how long.
        view_customer_s: How long a customer is in this camera's view.
        view_staff_s: How long staff is.
        uniform_file: What staff wears, as `shopthread edge staff-uniform` wrote it; none: clothes say nothing.
    """

    zone_customers: AboveZeroShare = 0.02
    zone_customer_s: Positive = 5.0
    zone_staff: AboveZeroShare = 0.5
    zone_staff_s: Positive = 60.0
    view_customer_s: Positive = 900.0
    view_staff_s: Positive = 7200.0
    uniform_file: Path | None = None


def staff_rules(told: StaffSettings, hours: HoursSettings | None) -> StaffRules:
    """Return what tells staff from customers.

    Raises:
        ConfigurationError: There is no such time zone, or customers would be the ones who stay longer.
    """
    for key in ("zone", "view"):
        customer_s, staff_s = getattr(told, f"{key}_customer_s"), getattr(told, f"{key}_staff_s")
        if customer_s >= staff_s:
            msg = f"staff.{key}_customer_s must be less than staff.{key}_staff_s, got {customer_s:g} and {staff_s:g}"
            raise ConfigurationError(msg)
    return StaffRules(
        zone_customers=Habit(share=told.zone_customers, mean_s=told.zone_customer_s),
        zone_staff=Habit(share=told.zone_staff, mean_s=told.zone_staff_s),
        view_customers=Habit(mean_s=told.view_customer_s),
        view_staff=Habit(mean_s=told.view_staff_s),
        hours=None if hours is None else _opening(hours),
    )


def _opening(told: HoursSettings) -> OpeningHours:
    try:
        zone = UTC if told.time_zone == "UTC" else ZoneInfo(told.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        msg = (
            f"store_hours.time_zone: no time zone {told.time_zone!r} here; give a name such as Asia/Shanghai, "
            "and install tzdata where the system has none"
        )
        raise ConfigurationError(msg) from error
    opens, closes = time.fromisoformat(told.opens), time.fromisoformat(told.closes)
    return OpeningHours(opens=opens, closes=closes, zone=zone, linger_s=told.linger_s)
