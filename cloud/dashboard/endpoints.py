"""The dashboard's pages. Each is a shell; its scripts read what it shows from the API, as any client could."""

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from cloud.auth import SESSION_COOKIE, InContext
from cloud.context import Context
from cloud.dashboard.assets import Assets
from cloud.dashboard.shell import VIEWS, View, render
from cloud.dashboard.signing_in import router as signing_in_router
from cloud.keys.repository import StoredKey

router = APIRouter(include_in_schema=False)


def add_dashboard(app: FastAPI) -> None:
    """Serve the pages and their files."""
    app.state.assets = Assets()
    app.include_router(router)
    app.include_router(signing_in_router)
    for view in VIEWS:
        app.add_api_route(f"/{view.name}", _endpoint_of(view), methods=["GET"], include_in_schema=False)
    app.mount(app.state.assets.path, app.state.assets.application)


@router.get("/")
def get_start(request: Request, context: InContext) -> Response:
    """Lead to the first view, or to the sign-in."""
    if _key_of(request, context) is None:
        return RedirectResponse("/login", HTTPStatus.SEE_OTHER)
    return RedirectResponse(f"/{VIEWS[0].name}", HTTPStatus.SEE_OTHER)


def _endpoint_of(view: View) -> Callable[[Request, InContext], Response]:
    def get_view(request: Request, context: InContext) -> Response:
        key = _key_of(request, context)
        if key is None:
            wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/login?{urlencode({'next': wanted})}", HTTPStatus.SEE_OTHER)
        return render(request, "view.html", view=view, tenant=key.tenant, scopes=sorted(key.scopes))

    return get_view


def _key_of(request: Request, context: Context) -> StoredKey | None:
    token = request.cookies.get(SESSION_COOKIE)
    return context.keys.by_session(token) if token else None
