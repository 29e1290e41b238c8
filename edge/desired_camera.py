"""What the gateway may want a camera to be configured like."""

from pathlib import Path

from msgspec import UNSET, Struct, UnsetType, field
from msgspec.structs import replace

from contracts.device_configuration import DesiredConfiguration
from edge.camera_config import check_camera_config
from edge.camera_settings import CameraConfig, TripwireSettings, ZoneSettings
from edge.config import parse_toml
from edge.desired_config import with_set


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
    return check_camera_config(
        replace(
            config,
            camera=with_set(config.camera, document.camera),
            tripwires=config.tripwires if document.tripwires is UNSET else document.tripwires,
            zones=config.zones if document.zones is UNSET else document.zones,
        )
    )
