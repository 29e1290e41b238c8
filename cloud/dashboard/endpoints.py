"""The page of a shop, and signing in to it."""

from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from urllib.parse import parse_qs

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

from cloud.auth import SESSION_COOKIE, InContext
from cloud.context import Context

_HERE = Path(str(files("cloud.dashboard")))
_MAX_FORM_BYTES = 4096
_NEEDED_SCOPES = frozenset({"read", "members"})
_MS = 1000

router = APIRouter(include_in_schema=False)
_templates = Jinja2Templates(_HERE / "templates")


def add_dashboard(app: FastAPI) -> None:
    """Serve the page and its files."""
    app.include_router(router)
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")


@router.get("/")
def get_page(request: Request, context: InContext) -> Response:
    """Show the shop, or the way to the sign-in."""
    token = request.cookies.get(SESSION_COOKIE)
    key = context.keys.by_session(token) if token else None
    if key is None:
        return RedirectResponse("/login", HTTPStatus.SEE_OTHER)
    return _templates.TemplateResponse(request, "shop.html", {"tenant": key.tenant})


@router.get("/login")
def get_login(request: Request) -> Response:
    """Show the form."""
    return _login_page(request, None)


@router.post("/login")
async def post_login(request: Request, context: InContext) -> Response:
    """Open a browser session for a key. The cookie carries a random session token, never the key."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_FORM_BYTES:
            return _login_page(request, "That is too long for a key.")
    secret = parse_qs(bytes(body).decode(errors="replace")).get("key", [""])[0].strip()
    fault, token = await run_in_threadpool(_sign_in, context, secret)
    if token is None:
        return _login_page(request, fault)
    response = RedirectResponse("/", HTTPStatus.SEE_OTHER)
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=round(context.settings.session_lifetime_s),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


@router.post("/logout")
def post_logout(request: Request, context: InContext) -> Response:
    """Close the browser session."""
    token = request.cookies.get(SESSION_COOKIE)
    if token:
        context.keys.sign_out(token)
    response = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
    response.delete_cookie(SESSION_COOKIE)
    return response


def _sign_in(context: Context, secret: str) -> tuple[str | None, str | None]:
    """Return what is wrong with a key, or the token of its new session."""
    key = context.keys.by_secret(secret)
    if key is None:
        return "No such key, or it was revoked. Ask your operator for one with the scopes read and members.", None
    missing = _NEEDED_SCOPES - key.scopes
    if missing:
        return f"This key lacks the scope {' and '.join(sorted(missing))}. Ask your operator for one that has it.", None
    return None, context.keys.sign_in(key)


def _login_page(request: Request, fault: str | None) -> Response:
    status = HTTPStatus.OK if fault is None else HTTPStatus.UNAUTHORIZED
    return _templates.TemplateResponse(request, "login.html", {"fault": fault}, status_code=int(status))
