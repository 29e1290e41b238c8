"""What the gateway may want a scan-code terminal or a POS tap to be configured like."""

from pathlib import Path
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from contracts.device_configuration import DesiredConfiguration
from contracts.fields import Name
from edge.config import PosConfig, ScanTerminalConfig, parse_toml
from edge.core.scanning import check_prefixes
from edge.desired_config import with_set


class DesiredTerminal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys of `[terminal]` that can be handed out; those that are not there stay as the own file has them."""

    zone_id: Name | UnsetType = UNSET
    member_prefixes: dict[str, str] | UnsetType = UNSET
    member_hold_s: Annotated[float, Meta(ge=0)] | UnsetType = UNSET
    staff_prefixes: tuple[str, ...] | UnsetType = UNSET


class DesiredTerminalDocument(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be handed out to a terminal."""

    terminal: DesiredTerminal = DesiredTerminal()


class DesiredPos(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys of `[pos]` that can be handed out; those that are not there stay as the own file has them."""

    zone_id: Name | UnsetType = UNSET


class DesiredPosDocument(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be handed out to a POS tap."""

    pos: DesiredPos = DesiredPos()


TERMINAL_KEYS = frozenset(f"terminal.{name}" for name in DesiredTerminal.__struct_fields__)
POS_KEYS = frozenset(f"pos.{name}" for name in DesiredPos.__struct_fields__)


def terminal_with(config: ScanTerminalConfig, desired: DesiredConfiguration) -> ScanTerminalConfig:
    """Return a terminal's configuration with what the gateway wants in place of its own.

    Raises:
        ConfigurationError: The document is none, names a key that cannot be handed out, or has prefixes that cannot be.
    """
    document = parse_toml(desired.document.encode(), DesiredTerminalDocument, _name(desired))
    terminal = with_set(config.terminal, document.terminal)
    check_prefixes(terminal.member_prefixes, terminal.staff_prefixes)
    return replace(config, terminal=terminal)


def pos_with(config: PosConfig, desired: DesiredConfiguration) -> PosConfig:
    """Return a POS tap's configuration with what the gateway wants in place of its own.

    Raises:
        ConfigurationError: The document is none, or names a key that cannot be handed out.
    """
    document = parse_toml(desired.document.encode(), DesiredPosDocument, _name(desired))
    return replace(config, pos=with_set(config.pos, document.pos))


def _name(desired: DesiredConfiguration) -> Path:
    return Path(f"version {desired.version}")
