"""Composes scan-code terminals and POS taps; the gateway configures them while they run, and starts them again."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from contracts.device_configuration import CONFIG_DESIRED_NAME
from contracts.device_restart import RESTART_NAME
from edge.adapters.line_source import line_source
from edge.config import PosConfig, ScanTerminalConfig, check_device
from edge.core.receipts import PosRules
from edge.core.scanning import ScanRules, scan_rules
from edge.desired_config import DesiredKeeper
from edge.desired_terminal import POS_KEYS, TERMINAL_KEYS, pos_with, terminal_with
from edge.errors import ConfigurationError
from edge.health import Vitals
from edge.line_agent import LineAgent, LineReader, ReceiptReader, ScanReader
from edge.main import Device, DeviceKind, clock_ms
from edge.reconfiguration import differences
from edge.restarting import RestartKeeper

logger = logging.getLogger(__name__)

ConfigT = TypeVar("ConfigT", ScanTerminalConfig, PosConfig)


@dataclass(frozen=True, slots=True)
class _Agent(Generic[ConfigT]):
    """What a configuration makes of a device."""

    kind: DeviceKind
    input_text: str
    reader: LineReader
    keeper: DesiredKeeper[ConfigT]


def run_scan_terminal(
    config: ScanTerminalConfig, stop: threading.Event, reload: Callable[[], ScanTerminalConfig] | None = None
) -> None:
    """Run a scan-code terminal until its input ends or `stop` is set; start it again where the gateway asks for that.

    Args:
        config: As its file has it.
        stop: Ends it.
        reload: Reads its file again, for what the gateway wants to be laid over; None: it never changes.

    Raises:
        EdgeError: The configuration, the input or the outbox cannot be used.
    """
    _run(config, _scan_terminal, stop, reload or (lambda: config))


def run_pos_tap(config: PosConfig, stop: threading.Event, reload: Callable[[], PosConfig] | None = None) -> None:
    """Run a POS tap until its input ends or `stop` is set; start it again where the gateway asks for that.

    Args:
        config: As its file has it.
        stop: Ends it.
        reload: Reads its file again, for what the gateway wants to be laid over; None: it never changes.

    Raises:
        EdgeError: The configuration, the input or the outbox cannot be used.
    """
    _run(config, _pos_tap, stop, reload or (lambda: config))


def _scan_terminal(config: ScanTerminalConfig, reload: Callable[[], ScanTerminalConfig]) -> _Agent[ScanTerminalConfig]:
    key = config.pseudonyms.key()
    reader = ScanReader(_scan_rules(config, key))

    def reconfigure(changed: ScanTerminalConfig) -> tuple[str, ...]:
        reader.change(_scan_rules(changed, key))
        return _restart_keys(config, changed, TERMINAL_KEYS)

    keeper = DesiredKeeper(config, terminal_with, reload, reconfigure)
    reconfigure(keeper.in_force(config))
    return _Agent("terminal", config.terminal.input, reader, keeper)


def _pos_tap(config: PosConfig, reload: Callable[[], PosConfig]) -> _Agent[PosConfig]:
    key = config.pseudonyms.key()
    reader = ReceiptReader(_pos_rules(config, key))

    def reconfigure(changed: PosConfig) -> tuple[str, ...]:
        reader.change(_pos_rules(changed, key))
        return _restart_keys(config, changed, POS_KEYS)

    keeper = DesiredKeeper(config, pos_with, reload, reconfigure)
    reconfigure(keeper.in_force(config))
    return _Agent("pos", config.pos.input, reader, keeper)


def _run(
    config: ConfigT,
    make: Callable[[ConfigT, Callable[[], ConfigT]], _Agent[ConfigT]],
    stop: threading.Event,
    reload: Callable[[], ConfigT],
) -> None:
    must_restart = threading.Event()
    restarts = RestartKeeper(config.device.data_dir, clock_ms, must_restart.set)
    while True:
        must_restart.clear()
        restarts.begin()
        _run_once(config, make(config, reload), restarts, lambda: stop.is_set() or must_restart.is_set())
        if stop.is_set() or not must_restart.is_set():
            return
        config = _read_again(config, reload)
        logger.warning("%s starts again: the gateway asks for it", config.device.source)


def _run_once(config: ConfigT, made: _Agent[ConfigT], restarts: RestartKeeper, stopped: Callable[[], bool]) -> None:
    commands = {CONFIG_DESIRED_NAME: made.keeper.take, RESTART_NAME: restarts.take}
    device = Device(config.device, config.broker, made.kind, Vitals, commands=commands, greeting=restarts.greeting)
    agent = LineAgent(line_source(made.input_text), made.reader, device.outbox, device.wake, clock_ms)
    with device.running():
        restarts.started()
        device.greet()
        agent.run(stopped)


def _read_again(config: ConfigT, reload: Callable[[], ConfigT]) -> ConfigT:
    """Return what the device's own file says now; what ran until now where it cannot be used."""
    try:
        return reload()
    except ConfigurationError as error:
        logger.error("%s: goes on as before: %s", config.device.source, error)  # noqa: TRY400 - one line for operators
        return config


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
