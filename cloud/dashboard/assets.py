"""The dashboard's files, under an address that changes with their content, so that browsers keep them for good."""

import hashlib
from importlib.resources import files
from pathlib import Path
from typing import Final

from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

HERE: Final = Path(str(files("cloud.dashboard")))
_FOLDER = HERE / "static"
_FOREVER = "public, max-age=31536000, immutable"
_DIGITS = 12
_LIBRARIES = "libraries.js"
_SMALLEST_PACKED_BYTES = 1024


class Assets:
    """What pages load besides themselves: styles, scripts and the mark."""

    def __init__(self) -> None:
        self.path = f"/static/{_digest(_FOLDER)}"
        self.application: ASGIApp = GZipMiddleware(_KeptFiles(directory=_FOLDER), minimum_size=_SMALLEST_PACKED_BYTES)
        self.styles = self._paths("css/*.css")
        self.libraries = self.url(_LIBRARIES)
        self.modules = [path for folder in ("core", "charts", "parts") for path in self._paths(f"{folder}/*.js")]

    def url(self, name: str) -> str:
        """Return where a file is served."""
        return f"{self.path}/{name}"

    def _paths(self, pattern: str) -> list[str]:
        return [self.url(path.relative_to(_FOLDER).as_posix()) for path in sorted(_FOLDER.glob(pattern))]


class _KeptFiles(StaticFiles):
    """Files that never change under their address; the libraries come as one, in the order of their names."""

    libraries = b"\n".join(path.read_bytes() for path in sorted(_FOLDER.glob("vendor/*.js")))

    async def get_response(self, path: str, scope: Scope) -> Response:
        if path == _LIBRARIES:
            response = Response(self.libraries, media_type="text/javascript")
        else:
            response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = _FOREVER
        return response


def _digest(folder: Path) -> str:
    """Return what names a folder's content."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:_DIGITS]
