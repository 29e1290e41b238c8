"""What a fleet has done so far, counted by its connections."""

from enum import Enum, auto

from msgspec import Struct


class Trust(Enum):
    """Whose word lets a device drop an event."""

    GATEWAY = auto()
    """The gateway's acknowledgement, after its commit: what the agents wait for."""
    BROKER = auto()
    """The broker's PUBACK; there is no gateway."""
    OPEN = auto()
    """The gateway's, if one speaks up soon; else the broker's."""


class Tally(Struct, kw_only=True):
    """Counts and the state that all connections of a fleet share.

    Attributes:
        trust: Whose word lets a device drop an event.
        begun: Events that were published at least once.
        published: Messages with events, repetitions among them.
        again: Those that a device published again for want of an acknowledgement.
        presences: Presences that the broker confirmed.
        confirmed: Events that the broker confirmed.
        acknowledged: Events that devices dropped, on the word of the one whom they trust.
        in_flight: Events published and not dropped.
        connects: Connections that came up.
        losses: Connections that went down.
        refusal: Why the broker refused an event, once it did.
    """

    trust: Trust
    begun: int = 0
    published: int = 0
    again: int = 0
    presences: int = 0
    confirmed: int = 0
    acknowledged: int = 0
    in_flight: int = 0
    connects: int = 0
    losses: int = 0
    refusal: str = ""
