"""What the gateway wants of a camera, laid over the camera's own file; the last that could be used is kept on disk."""

import logging
from collections.abc import Callable
from pathlib import Path

from msgspec import UNSET, Struct, UnsetType, field
from msgspec.structs import replace

from contracts.device_configuration import (
    CONFIG_REPORTED_NAME,
    DesiredConfiguration,
    ReportedConfiguration,
    decode_desired,
    encode_configuration,
)
from contracts.errors import ContractError
from edge.adapters.device_link import Answer, Say
from edge.camera_config import check_camera_config
from edge.camera_settings import CameraConfig, TripwireSettings, ZoneSettings
from edge.config import parse_toml
from edge.errors import ConfigurationError, EdgeError

logger = logging.getLogger(__name__)

DESIRED_FILE = "desired-config.json"
_MOST_ERROR = 2000


class DesiredCamera(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys of `[camera]` that can be handed out: its models. They come into force when the camera starts again."""

    model: str | UnsetType = UNSET
    embedder: str | UnsetType = UNSET


class DesiredDocument(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be handed out. A table that is not there stays as the camera's own file has it."""

    tripwires: tuple[TripwireSettings, ...] | UnsetType = field(default=UNSET, name="tripwire")
    zones: tuple[ZoneSettings, ...] | UnsetType = field(default=UNSET, name="zone")
    camera: DesiredCamera = DesiredCamera()


def laid_over(config: CameraConfig, desired: DesiredConfiguration) -> CameraConfig:
    """Return a camera's configuration with what the gateway wants in place of its own, checked as a whole.

    Raises:
        ConfigurationError: The document is none, or does not fit the camera.
    """
    name = Path(f"version {desired.version}")
    document = parse_toml(desired.document.encode(), DesiredDocument, name)
    camera = document.camera
    changed = replace(
        config.camera,
        model=config.camera.model if camera.model is UNSET else camera.model,
        embedder=config.camera.embedder if camera.embedder is UNSET else camera.embedder,
    )
    return check_camera_config(
        replace(
            config,
            camera=changed,
            tripwires=config.tripwires if document.tripwires is UNSET else document.tripwires,
            zones=config.zones if document.zones is UNSET else document.zones,
        )
    )


class DesiredKeeper:
    """Keeps what the gateway wants of a camera, and puts it into force.

    Args:
        config: The camera's own configuration, as its file has it.
        reload: Reads that file again.
        reconfigure: Puts a configuration into force while the camera runs; returns the keys that need a restart.
    """

    def __init__(
        self,
        config: CameraConfig,
        reload: Callable[[], CameraConfig],
        reconfigure: Callable[[CameraConfig], tuple[str, ...]],
    ) -> None:
        self._path = config.device.data_dir / DESIRED_FILE
        self._reload, self._reconfigure = reload, reconfigure
        self._kept = self._read()
        self._waiting: tuple[str, ...] = ()
        self._runs = self._kept
        self._error = ""

    def started(self) -> None:
        """Take note that the camera runs with what was kept."""
        self._waiting, self._runs = (), self._kept

    def in_force(self, config: CameraConfig) -> CameraConfig:
        """Return the configuration to start with; the file's own where what was kept no longer fits it."""
        if self._kept is None:
            return config
        try:
            return laid_over(config, self._kept)
        except ConfigurationError as error:
            logger.error("the configuration %d from the gateway no longer fits: %s", self._kept.version, error)  # noqa: TRY400 - one line
            return config

    def take(self, body: bytes, say: Say) -> None:
        """Put what the gateway wants into force, and say what came of it.

        Raises:
            ContractError: The message is none.
        """
        desired = decode_desired(body)
        version = None if self._kept is None else self._kept.version
        try:
            if desired != self._runs:
                self._waiting = self._reconfigure(laid_over(self._reload(), desired))
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
            logger.error("cannot read %s: %s; the camera's own file is in force", self._path, error)  # noqa: TRY400 - one line
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
