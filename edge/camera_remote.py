"""What the gateway may ask of a camera that runs: another configuration, a restart."""

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from contracts.device_configuration import CONFIG_DESIRED_NAME
from contracts.device_restart import RESTART_NAME, decode_restart
from edge.adapters.device_link import Command, Say
from edge.camera_settings import CameraConfig
from edge.desired_config import DesiredKeeper
from edge.errors import ConfigurationError

if TYPE_CHECKING:
    from edge.camera_agent import CameraAgent

_START_S = 60.0


class CameraRemote:
    """Takes what the gateway asks of a camera, over all its restarts.

    Args:
        config: The camera's own configuration.
        reload: Reads its file again.
    """

    def __init__(self, config: CameraConfig, reload: Callable[[], CameraConfig]) -> None:
        self._agent: CameraAgent | None = None
        self._is_there = threading.Event()
        self._restart = threading.Event()
        self._keeper = DesiredKeeper(config, reload, self._reconfigure)

    @property
    def commands(self) -> Mapping[str, Command]:
        """Return what is done about each message, by its topic's name."""
        return {CONFIG_DESIRED_NAME: self._keeper.take, RESTART_NAME: self._ask_restart}

    @property
    def must_restart(self) -> bool:
        """Return whether the camera is to end, and to start again."""
        return self._restart.is_set()

    def in_force(self, config: CameraConfig) -> CameraConfig:
        """Return the camera's own configuration with what the gateway wants laid over it."""
        return self._keeper.in_force(config)

    def runs(self, agent: "CameraAgent") -> None:
        """Take note of the agent that runs from now on."""
        self._agent = agent
        self._restart.clear()
        self._keeper.started()
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

    def _ask_restart(self, body: bytes, _say: Say) -> None:
        decode_restart(body)
        self._restart.set()
