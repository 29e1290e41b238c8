"""What the gateway wants of a device, laid over the device's own file; the last that could be used is kept on disk."""

import logging
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from msgspec import UNSET, Struct
from msgspec.structs import fields, replace

from contracts.device_configuration import (
    CONFIG_REPORTED_NAME,
    DesiredConfiguration,
    ReportedConfiguration,
    decode_desired,
    encode_configuration,
)
from contracts.errors import ContractError
from edge.adapters.device_link import Answer, Say
from edge.config import DeviceSettings
from edge.errors import ConfigurationError, EdgeError

logger = logging.getLogger(__name__)

DESIRED_FILE = "desired-config.json"
_MOST_ERROR = 2000


class Configuration(Protocol):
    """A device's configuration, whatever the device is."""

    @property
    def device(self) -> DeviceSettings:
        """Return who the device is."""
        ...


ConfigT = TypeVar("ConfigT", bound=Configuration)
StructT = TypeVar("StructT", bound=Struct)


def with_set(own: StructT, desired: Struct) -> StructT:
    """Return a table with the keys that are set in another one, whose keys are some of its own."""
    names = (each.name for each in fields(desired))
    return replace(own, **{name: value for name in names if (value := getattr(desired, name)) is not UNSET})


class DesiredKeeper(Generic[ConfigT]):
    """Keeps what the gateway wants of a device, and puts it into force.

    Args:
        config: The device's own configuration, as its file has it.
        lay_over: Returns a configuration with what is wanted in place of its own, checked as a whole; raises
            `ConfigurationError` where that cannot be used.
        reload: Reads the device's own file again.
        reconfigure: Puts a configuration into force while the device runs; returns the keys that need a restart.
    """

    def __init__(
        self,
        config: ConfigT,
        lay_over: Callable[[ConfigT, DesiredConfiguration], ConfigT],
        reload: Callable[[], ConfigT],
        reconfigure: Callable[[ConfigT], tuple[str, ...]],
    ) -> None:
        self._path = config.device.data_dir / DESIRED_FILE
        self._lay_over, self._reload, self._reconfigure = lay_over, reload, reconfigure
        self._kept = self._read()
        self._waiting: tuple[str, ...] = ()
        self._runs = self._kept
        self._error = ""

    def started(self) -> None:
        """Take note that the device runs with what was kept."""
        self._waiting = ()

    def in_force(self, config: ConfigT) -> ConfigT:
        """Return the configuration to start with; the file's own where what was kept no longer fits it."""
        self._runs = None
        if self._kept is None:
            return config
        try:
            laid = self._lay_over(config, self._kept)
        except ConfigurationError as error:
            logger.error("the configuration %d from the gateway no longer fits: %s", self._kept.version, error)  # noqa: TRY400 - one line
            return config
        self._runs = self._kept
        return laid

    def take(self, body: bytes, say: Say) -> None:
        """Put what the gateway wants into force, and say what came of it.

        Raises:
            ContractError: The message is none.
        """
        desired = decode_desired(body)
        version = None if self._runs is None else self._runs.version
        try:
            if desired != self._runs:
                self._waiting = self._reconfigure(self._lay_over(self._reload(), desired))
                self._runs = desired
                self._keep(desired)
                logger.warning("configuration %d from the gateway is in force", desired.version)
            reported = ReportedConfiguration(version=desired.version, restart_needed=self._waiting)
        except EdgeError as error:
            if str(error) != self._error:
                logger.error("configuration %d from the gateway cannot be used: %s", desired.version, error)  # noqa: TRY400 - one line
            self._error = str(error)
            reported = ReportedConfiguration(version=version, refused=desired.version, error=str(error)[:_MOST_ERROR])
        say(Answer(CONFIG_REPORTED_NAME, encode_configuration(reported), retain=True))

    def _read(self) -> DesiredConfiguration | None:
        try:
            return decode_desired(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ContractError) as error:
            logger.error("cannot read %s: %s; the device's own file is in force", self._path, error)  # noqa: TRY400 - one line
            return None

    def _keep(self, desired: DesiredConfiguration) -> None:
        try:
            part = self._path.with_suffix(".part")
            part.write_bytes(encode_configuration(desired))
            part.replace(self._path)
        except OSError as error:
            msg = f"cannot write {self._path}: {error.strerror}; it is in force until the next start"
            raise ConfigurationError(msg) from error
        self._kept = desired
