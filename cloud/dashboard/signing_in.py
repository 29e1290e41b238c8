"""Signing in to the dashboard with an API key, and out of it."""

import re
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from cloud.auth import SESSION_COOKIE, InContext
from cloud.context import Context
from cloud.dashboard.shell import render

_MAX_FORM_BYTES: Final = 4096
_NEEDED_SCOPES: Final = frozenset({"read", "members"})
_OWN_PAGE: Final = re.compile(r"/[a-z]+(\?[^\s\\]*)?")

router = APIRouter(include_in_schema=False)


@router.get("/login")
def get_login(request: Request) -> Response:
    """Show the form."""
    return _login_page(request, _own_page(request.query_params.get("next", "")), None)


@router.post("/login")
async def post_login(request: Request, context: InContext) -> Response:
    """Open a browser session for a key. The cookie carries a random session token, never the key."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_FORM_BYTES:
            return _login_page(request, "/", "login.too_long")
    form = parse_qs(bytes(body).decode(errors="replace"))
    wanted = _own_page(form.get("next", [""])[0])
    fault, token = await run_in_threadpool(_sign_in, context, form.get("key", [""])[0].strip())
    if token is None:
        return _login_page(request, wanted, fault)
    response = RedirectResponse(wanted, HTTPStatus.SEE_OTHER)
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
    """Return the text that says what is wrong with a key, or the token of its new session."""
    key = context.keys.by_secret(secret)
    if key is None:
        return "login.wrong_key", None
    if not key.scopes >= _NEEDED_SCOPES:
        return f"login.lacks_{'_'.join(sorted(_NEEDED_SCOPES - key.scopes))}", None
    return None, context.keys.sign_in(key)


def _own_page(wanted: str) -> str:
    """Return the page to go to after signing in: a page of this dashboard, whatever a link asks for."""
    return wanted if _OWN_PAGE.fullmatch(wanted) else "/"


def _login_page(request: Request, wanted: str, fault: str | None) -> Response:
    status = HTTPStatus.OK if fault is None else HTTPStatus.UNAUTHORIZED
    return render(request, "login.html", int(status), fault=fault, next=wanted)
