"""What of a changed configuration can come into force while a camera runs, and what needs a restart."""

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import fields

from edge.camera_settings import CameraConfig
from edge.errors import ConfigurationError

_LAYOUT = frozenset({"tripwire", "zone"})
_MEANING = frozenset({"camera.plane", "camera.picture_size", "floor", "lens"})


def restart_keys(running: CameraConfig, changed: CameraConfig) -> tuple[str, ...]:
    """Return the keys, other than tripwires and zones, that differ; they come into force at the next start.

    Raises:
        ConfigurationError: One of them gives points of tripwires and zones another meaning, so that nothing can be
            changed without a restart.
    """
    found = tuple(key for key in differences("", running, changed) if key not in _LAYOUT)
    changing = [key for key in found if key in _MEANING or key.partition(".")[0] in _MEANING]
    if changing:
        msg = f"{', '.join(changing)} says where the points of tripwires and zones lie; restart the agent to change it"
        raise ConfigurationError(msg)
    return found


def differences(prefix: str, one: Struct, other: Struct) -> Iterator[str]:
    """Yield the keys, with dots between, that differ in two configurations of one kind."""
    for field in fields(one):
        key = f"{prefix}{field.encode_name}"
        ours, theirs = getattr(one, field.name), getattr(other, field.name)
        if ours == theirs:
            continue
        if isinstance(ours, Struct) and isinstance(theirs, Struct):
            yield from differences(f"{key}.", ours, theirs)
        else:
            yield key
