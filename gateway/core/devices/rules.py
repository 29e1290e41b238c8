"""How the gateway minds its devices: the table `[devices]` of its file. Pure."""

from typing import Annotated

from msgspec import Meta, Struct


class DeviceRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How devices are minded.

    Attributes:
        clock_interval_s: Seconds between two measurements of a device's clock.
    """

    clock_interval_s: Annotated[float, Meta(ge=1, le=1024)] = 16.0
