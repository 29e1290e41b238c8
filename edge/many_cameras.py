"""Several cameras in one process, a thread each: one that fails takes no other down."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.camera_config import load_camera_config
from edge.camera_settings import CameraConfig
from edge.errors import ConfigurationError, EdgeError
from models.errors import ModelError

logger = logging.getLogger(__name__)

_LOOK_S = 0.5

RunCamera = Callable[[Path, CameraConfig], None]


@dataclass(frozen=True, slots=True)
class Failure:
    """A camera that could not be run, or not to its end, and why."""

    path: Path
    reason: str


def load_cameras(paths: Sequence[Path]) -> tuple[dict[Path, CameraConfig], list[Failure]]:
    """Return the configurations that can be used together, in order, and what is wrong with the others."""
    configs: dict[Path, CameraConfig] = {}
    failures = []
    for path in paths:
        try:
            config = load_camera_config(path)
            _check_apart(config, configs)
        except EdgeError as error:
            failures.append(Failure(path, str(error)))
        else:
            configs[path] = config
    return configs, failures


def _check_apart(config: CameraConfig, others: Mapping[Path, CameraConfig]) -> None:
    for path, other in others.items():
        if other.device.source == config.device.source:
            msg = (
                f"device.id: {config.device.source} is the camera of {path} already; give each camera an id of its own"
            )
            raise ConfigurationError(msg)
        if other.device.data_dir == config.device.data_dir:
            msg = f"device.data_dir: {path} has {config.device.data_dir} already; give each camera a folder of its own"
            raise ConfigurationError(msg)


def run_together(
    configs: Mapping[Path, CameraConfig], run: RunCamera, on_alive: Callable[[], None] = lambda: None
) -> list[Failure]:
    """Run each camera in a thread of its own until all have ended; return those that failed, in order.

    A failure is logged when it happens, as the others may go on for months. `on_alive` is called twice a second.
    """
    failures: dict[Path, Failure] = {}

    def run_one(path: Path, config: CameraConfig) -> None:
        try:
            run(path, config)
        except (EdgeError, ModelError) as error:
            failures[path] = Failure(path, str(error))
            logger.error("%s: this camera has ended, the others go on: %s", path, error)  # noqa: TRY400 - one line
        except Exception as error:  # a mistake in one camera's work is told, and is no reason to end the others
            failures[path] = Failure(path, f"{type(error).__name__}: {error}")
            logger.exception("%s: this camera has ended, the others go on", path)

    threads = [
        threading.Thread(target=run_one, args=(path, config), name=f"agent {config.device.id}", daemon=True)
        for path, config in configs.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            on_alive()
            thread.join(_LOOK_S)  # so that a signal is seen whichever thread it woke
    return [failures[path] for path in configs if path in failures]
