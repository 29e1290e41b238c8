"""What the gateway may ask of a camera that runs: another configuration, a restart."""

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from contracts.device_configuration import CONFIG_DESIRED_NAME
from contracts.device_model import MODEL_CHUNK_NAME, MODEL_DESIRED_NAME
from contracts.device_restart import RESTART_NAME
from edge.adapters.device_link import Answer, Command
from edge.camera_settings import CameraConfig
from edge.desired_camera import laid_over
from edge.desired_config import DesiredKeeper
from edge.desired_model import ModelKeeper
from edge.errors import ConfigurationError
from edge.restarting import RestartKeeper
from models.registry import ModelRegistry

if TYPE_CHECKING:
    from edge.camera_agent import CameraAgent

_START_S = 60.0


class CameraRemote:
    """Takes what the gateway asks of a camera, over all its restarts.

    Args:
        config: The camera's own configuration.
        reload: Reads its file again.
        registry: Where models lie.
        clock_ms: The device's clock, Unix milliseconds.
    """

    def __init__(
        self,
        config: CameraConfig,
        reload: Callable[[], CameraConfig],
        registry: ModelRegistry,
        clock_ms: Callable[[], int],
    ) -> None:
        self._agent: CameraAgent | None = None
        self._is_there = threading.Event()
        self._restart = threading.Event()
        self._keeper = DesiredKeeper(config, laid_over, reload, self._reconfigure)
        self._models = ModelKeeper(config.device.data_dir, registry, self._restart.set)
        self._restarts = RestartKeeper(config.device.data_dir, clock_ms, self._restart.set)

    @property
    def commands(self) -> Mapping[str, Command]:
        """Return what is done about each message, by its topic's name."""
        return {
            CONFIG_DESIRED_NAME: self._keeper.take,
            RESTART_NAME: self._restarts.take,
            MODEL_DESIRED_NAME: self._models.take_desired,
            MODEL_CHUNK_NAME: self._models.take_chunk,
        }

    def greeting(self) -> list[Answer]:
        """Return what to tell the gateway of the last start."""
        return self._restarts.greeting()

    @property
    def must_restart(self) -> bool:
        """Return whether the camera is to end, and to start again."""
        return self._restart.is_set()

    def in_force(self, config: CameraConfig) -> CameraConfig:
        """Return the camera's own configuration with what the gateway wants laid over it."""
        return self._keeper.in_force(config)

    def to_start(self, config: CameraConfig) -> CameraConfig:
        """Return the same with the models that the gateway wants, for a start of the camera, which begins now."""
        self._restart.clear()
        self._restarts.begin()
        return self._models.in_force(self.in_force(config))

    def cannot_start(self, error: str) -> bool:
        """Give up what the gateway wants and the camera cannot start with. Return whether to try again without it."""
        return self._models.failed(error)

    def runs(self, agent: "CameraAgent") -> None:
        """Take note of the agent that runs from now on."""
        self._agent = agent
        self._keeper.started()
        self._models.started()
        self._restarts.started()
        self._is_there.set()

    def _reconfigure(self, config: CameraConfig) -> tuple[str, ...]:
        """See `CameraAgent.reconfigure`.

        Raises:
            ConfigurationError: As there, or the camera has not started.
        """
        if not self._is_there.wait(_START_S) or self._agent is None:
            msg = f"the camera has not started within {_START_S:.0f} s; see its log"
            raise ConfigurationError(msg)
        return self._agent.reconfigure(config)
