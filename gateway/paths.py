"""Where the gateway keeps its files."""

from pathlib import Path

from gateway.config import GatewayConfig

STORE_FILE = "gateway.sqlite"


def event_store_path(config: GatewayConfig) -> Path:
    """Return where the gateway keeps its events."""
    return config.gateway.data_dir / STORE_FILE
