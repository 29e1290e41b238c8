"""The demo's folder: who is in it, which files configure whom. Nothing outside it is written."""

import secrets
import shutil
from pathlib import Path

from msgspec import Struct

TENANT = "demo"
SHOP, FILMED = "corner-shop", "filmed-shop"
_MARKER = "this-is-a-shopthread-demo"


class DemoError(Exception):
    """The demo cannot go on; `str(error)` is one line with the remedy."""


class Ports(Struct, frozen=True, kw_only=True):
    """TCP ports on 127.0.0.1."""

    web: int
    broker: int


class Workspace(Struct, frozen=True, kw_only=True):
    """Paths in the demo's folder.

    Attributes:
        root: The folder.
        run: Number of this run in the folder, from 1.
    """

    root: Path
    run: int

    @property
    def feeds(self) -> Path:
        """Return where the simulator writes what devices read, in this run."""
        return self.root / "feeds" / f"run-{self.run}"

    @property
    def logs(self) -> Path:
        """Return where each process logs to."""
        return self.root / "logs"

    @property
    def cloud_data(self) -> Path:
        """Return the cloud's folder."""
        return self.root / "cloud"

    @property
    def ingest_key(self) -> Path:
        """Return the file that holds the gateways' API key, which may send events and nothing else."""
        return self.root / "secrets" / "ingest-key"

    @property
    def viewer_key(self) -> Path:
        """Return the file that holds the API key for looking, and for the members' consents."""
        return self.root / "secrets" / "viewer-key"

    @property
    def pseudonym_key(self) -> Path:
        """Return the file that holds the tenant's pseudonym key."""
        return self.root / "secrets" / "pseudonym-key"

    @property
    def processes(self) -> Path:
        """Return the file that tells the processes' ids."""
        return self.root / "processes.json"

    @property
    def summary(self) -> Path:
        """Return the file that says at the end what was counted where."""
        return self.root / "summary.json"

    def data(self, store: str, device: str) -> Path:
        """Return a device's data folder."""
        return self.root / store / device

    def config(self, store: str, device: str) -> Path:
        """Return a device's configuration file."""
        return self.root / store / f"{device}.toml"


def open_workspace(root: Path, *, resume: bool) -> Workspace:
    """Return the demo's folder, emptied unless it shall be resumed.

    Raises:
        DemoError: The folder holds something that no demo made, there is nothing to resume, or it cannot be written.
    """
    root = root.resolve()
    marker = root / _MARKER
    if root.exists() and any(root.iterdir()) and not marker.exists():
        msg = f"{root} holds files that no demo made; name an empty folder: --dir FOLDER"
        raise DemoError(msg)
    if resume and not marker.exists():
        msg = f"there is no demo to resume in {root}; start one without --resume"
        raise DemoError(msg)
    try:
        run = 1
        if resume:
            run += int(marker.read_text(encoding="ascii"))
        elif root.exists():
            shutil.rmtree(root)
        workspace = Workspace(root=root, run=run)
        for folder in (root, workspace.feeds, workspace.logs, workspace.cloud_data, workspace.pseudonym_key.parent):
            folder.mkdir(parents=True, exist_ok=True)
        workspace.pseudonym_key.parent.chmod(0o700)
        if not workspace.pseudonym_key.exists():
            write_secret(workspace.pseudonym_key, secrets.token_urlsafe(32))
        marker.write_text(str(run), encoding="ascii")
    except OSError as error:
        msg = f"cannot write {error.filename}: {error.strerror}; name another folder: --dir FOLDER"
        raise DemoError(msg) from error
    return workspace


def write_secret(path: Path, secret: str) -> None:
    """Write a file that only its owner can read."""
    path.touch(mode=0o600)
    path.write_text(secret, encoding="ascii")
