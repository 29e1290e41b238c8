"""Privacy classes of what the system sends, and the base types that carry them.

The class of a payload is a fact of its type. The uplink takes `UplinkPayload` only, so a store-local payload has no
way to the cloud: the type checker refuses it, and `contracts.delivery` refuses it again while the program runs.
"""

from enum import StrEnum
from typing import ClassVar

import msgspec


class PrivacyClass(StrEnum):
    """How close a payload is to a person."""

    OPERATIONAL = "operational"
    """About devices: nothing of any person."""
    ANONYMOUS = "anonymous"
    """About a person whom nothing here names or recognizes on another day."""
    PSEUDONYMOUS = "pseudonymous"
    """May carry a member's pseudonym: personal data wherever the tenant's key is known."""
    STORE_LOCAL = "store_local"
    """Must not leave the store, nor outlive the day."""


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every event's `data`. Unknown fields are tolerated so that old readers take newer writers' events."""

    TYPE: ClassVar[str]
    PRIVACY: ClassVar[PrivacyClass]
    SUMMARY: ClassVar[str]


class UplinkPayload(Payload, frozen=True, kw_only=True):
    """A payload that may travel from the store to the cloud."""


class StoreLocalPayload(Payload, frozen=True, kw_only=True):
    """A payload that must not leave the store: topics of channel `local` only, never written to disk."""

    PRIVACY: ClassVar[PrivacyClass] = PrivacyClass.STORE_LOCAL
