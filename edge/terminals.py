"""Composes scan-code terminals and POS taps, and lets the gateway configure them while they run."""

import threading
from collections.abc import Callable
from typing import TypeVar

from contracts.device_configuration import CONFIG_DESIRED_NAME
from edge.adapters.line_source import line_source
from edge.config import PosConfig, ScanTerminalConfig, check_device
from edge.core.receipts import PosRules
from edge.core.scanning import ScanRules, scan_rules
from edge.desired_config import DesiredKeeper
from edge.desired_terminal import POS_KEYS, TERMINAL_KEYS, pos_with, terminal_with
from edge.health import Vitals
from edge.line_agent import LineAgent, LineReader, ReceiptReader, ScanReader
from edge.main import Device, DeviceKind, clock_ms
from edge.reconfiguration import differences

ConfigT = TypeVar("ConfigT", ScanTerminalConfig, PosConfig)


def run_scan_terminal(
    config: ScanTerminalConfig, stop: threading.Event, reload: Callable[[], ScanTerminalConfig] | None = None
) -> None:
    """Run a scan-code terminal until its input ends or `stop` is set.

    Args:
        config: As its file has it.
        stop: Ends it.
        reload: Reads its file again, for what the gateway wants to be laid over; None: it never changes.

    Raises:
        EdgeError: The configuration, the input or the outbox cannot be used.
    """
    key = config.pseudonyms.key()
    reader = ScanReader(_scan_rules(config, key))

    def reconfigure(changed: ScanTerminalConfig) -> tuple[str, ...]:
        reader.change(_scan_rules(changed, key))
        return _restart_keys(config, changed, TERMINAL_KEYS)

    keeper = DesiredKeeper(config, terminal_with, reload or (lambda: config), reconfigure)
    _run(config, "terminal", config.terminal.input, reader, keeper, reconfigure, stop)


def run_pos_tap(config: PosConfig, stop: threading.Event, reload: Callable[[], PosConfig] | None = None) -> None:
    """Run a POS tap until its input ends or `stop` is set.

    Args:
        config: As its file has it.
        stop: Ends it.
        reload: Reads its file again, for what the gateway wants to be laid over; None: it never changes.

    Raises:
        EdgeError: The configuration, the input or the outbox cannot be used.
    """
    key = config.pseudonyms.key()
    reader = ReceiptReader(_pos_rules(config, key))

    def reconfigure(changed: PosConfig) -> tuple[str, ...]:
        reader.change(_pos_rules(changed, key))
        return _restart_keys(config, changed, POS_KEYS)

    keeper = DesiredKeeper(config, pos_with, reload or (lambda: config), reconfigure)
    _run(config, "pos", config.pos.input, reader, keeper, reconfigure, stop)


def _run(
    config: ConfigT,
    kind: DeviceKind,
    input_text: str,
    reader: LineReader,
    keeper: DesiredKeeper[ConfigT],
    reconfigure: Callable[[ConfigT], tuple[str, ...]],
    stop: threading.Event,
) -> None:
    reconfigure(keeper.in_force(config))
    device = Device(config.device, config.broker, kind, Vitals, commands={CONFIG_DESIRED_NAME: keeper.take})
    agent = LineAgent(line_source(input_text), reader, device.outbox, device.wake, clock_ms)
    with device.running():
        agent.run(stop.is_set)


def _scan_rules(config: ScanTerminalConfig, key: bytes) -> ScanRules:
    terminal = config.terminal
    return scan_rules(
        check_device(config.device).source,
        key,
        terminal.member_prefixes,
        terminal.member_hold_s,
        terminal.zone_id,
        staff_prefixes=terminal.staff_prefixes,
    )


def _pos_rules(config: PosConfig, key: bytes) -> PosRules:
    return PosRules(source=check_device(config.device).source, pseudonym_key=key, zone_id=config.pos.zone_id)


def _restart_keys(running: ConfigT, changed: ConfigT, live: frozenset[str]) -> tuple[str, ...]:
    """Return the keys of the device's own file that differ from what runs and cannot come into force meanwhile."""
    return tuple(key for key in differences("", running, changed) if key not in live)
