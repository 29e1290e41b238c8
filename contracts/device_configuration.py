"""What the gateway wants a device to be configured like, and what the device says of it. Both are retained.

The document is TOML in the terms of the device's own file: a camera's tripwires, zones and models, a terminal's zone
and prefixes, a till's zone. Versions are the gateway's, rising; a device that cannot use one says why and keeps the
last that it could.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from contracts.decoding import decode_message
from contracts.events import Source
from contracts.fields import Text
from contracts.topics import build_topic

CONFIG_DESIRED_NAME = "config-desired"
CONFIG_REPORTED_NAME = "config-reported"
MAX_DOCUMENT_CHARACTERS = 200_000

Version = Annotated[int, Meta(ge=1)]


class DesiredConfiguration(Struct, frozen=True, kw_only=True):
    """What the gateway wants.

    Attributes:
        version: Higher than every one before for this device.
        document: TOML.
    """

    version: Version
    document: Annotated[str, Meta(max_length=MAX_DOCUMENT_CHARACTERS)]


class ReportedConfiguration(Struct, frozen=True, kw_only=True):
    """What the device says.

    Attributes:
        version: In force, or in force from the next start; None: only the device's own file is.
        refused: The version that it could not use; None: it could use the last one.
        error: Why it could not.
        restart_needed: Keys that differ from what runs and need a restart.
    """

    version: Version | None = None
    refused: Version | None = None
    error: Text | None = None
    restart_needed: tuple[str, ...] = ()


def config_desired_topic(device: Source) -> str:
    """Return the retained topic of what the gateway wants of a device."""
    return build_topic(device, "cmd", CONFIG_DESIRED_NAME)


def config_reported_topic(device: Source) -> str:
    """Return the retained topic of what the device says of it."""
    return build_topic(device, "state", CONFIG_REPORTED_NAME)


def encode_configuration(message: DesiredConfiguration | ReportedConfiguration) -> bytes:
    """Return either as JSON."""
    return msgspec.json.encode(message)


def decode_desired(raw: bytes) -> DesiredConfiguration:
    """Return what `raw` wants.

    Raises:
        ContractError: It wants nothing that could be understood.
    """
    return decode_message(raw, DesiredConfiguration, "a desired configuration")


def decode_reported(raw: bytes) -> ReportedConfiguration:
    """Return what `raw` reports.

    Raises:
        ContractError: It reports nothing that could be understood.
    """
    return decode_message(raw, ReportedConfiguration, "a report of a configuration")
