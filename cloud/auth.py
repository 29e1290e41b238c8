"""Who asks, and whether they may: API keys in the Authorization header, browser sessions in a cookie."""

from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPBearer

from cloud.context import Context, get_context
from cloud.errors import Problem, ProblemError
from cloud.keys.repository import StoredKey
from cloud.keys.service import Scope

SESSION_COOKIE = "shopthread_session"
_BEARER = "bearer "
_SAFE_METHODS = frozenset({"GET", "HEAD"})
_MAKE_KEY = "an operator makes one with 'shopthread cloud create-key --tenant TENANT --scope SCOPE'"

ERRORS: dict[int | str, dict[str, object]] = {
    401: {"model": Problem, "description": "No key, or a key that nobody made or that was revoked"},
    403: {"model": Problem, "description": "The key lacks the scope that the endpoint needs"},
    503: {"model": Problem, "description": "The database is busy or away; send the request again"},
}
NOT_FOUND: dict[int | str, dict[str, object]] = {
    404: {"model": Problem, "description": "This tenant has no such thing"}
}
INVALID: dict[int | str, dict[str, object]] = {
    422: {"model": Problem, "description": "A value is not allowed; the detail names it"}
}
INVALID_BODY: dict[int | str, dict[str, object]] = {
    400: {"model": Problem, "description": "The body is no text"},
    **INVALID,
}


class Principal:
    """Who asks: a key of one tenant, with scopes."""

    def __init__(self, key: StoredKey) -> None:
        self.tenant = key.tenant
        self.key_id = key.key_id
        self.scopes = key.scopes


class RequireScope:
    """A FastAPI dependency: the principal, known to hold one scope.

    Only a key that was not used a moment ago costs a hop to a thread, where the database is asked.

    Args:
        scope: Which.
        opens_to_pages: Whether a page of the dashboard may do it too, with the browser's session.
    """

    def __init__(self, scope: Scope, *, opens_to_pages: bool = False) -> None:
        self.scope = scope
        self.opens_to_pages = opens_to_pages

    async def __call__(
        self,
        request: Request,
        context: Annotated[Context, Depends(get_context)],
        _documented: Annotated[object, Depends(HTTPBearer(auto_error=False, description="An API key"))],
    ) -> Principal:
        """Return who asks.

        Raises:
            ProblemError: 401 without a valid key, 403 without the scope.
        """
        secret = _secret_in(request.headers.get("authorization", ""))
        key = context.keys.remembered(secret) if secret else None
        if key is None:
            key = await run_in_threadpool(identify, request, context, opens_to_pages=self.opens_to_pages)
        if key is None:
            detail = f"send the header 'Authorization: Bearer KEY'; {_MAKE_KEY.replace('SCOPE', self.scope)}"
            raise ProblemError(HTTPStatus.UNAUTHORIZED, "missing-key", "No API key", detail)
        if self.scope not in key.scopes:
            held = ", ".join(sorted(key.scopes))
            detail = f"this needs scope {self.scope!r}, the key has {held}; {_MAKE_KEY.replace('SCOPE', self.scope)}"
            raise ProblemError(HTTPStatus.FORBIDDEN, "missing-scope", "The key lacks a scope", detail)
        return Principal(key)


def identify(request: Request, context: Context, *, opens_to_pages: bool = False) -> StoredKey | None:
    """Return the key behind a request, or None where it names none.

    A cookie opens reading, and what is opened to the dashboard's pages: a foreign page cannot make the browser change
    anything, since the browser then names the foreign page as the origin (and sends no cookie that is for this site
    alone).

    Raises:
        ProblemError: 401, the header names a key that does not exist.
    """
    header = request.headers.get("authorization", "")
    if header:
        secret = _secret_in(header)
        key = context.keys.by_secret(secret) if secret is not None else None
        if key is None:
            detail = f"no such key, or it was revoked; expected 'Authorization: Bearer stk_...'; {_MAKE_KEY}"
            raise ProblemError(HTTPStatus.UNAUTHORIZED, "wrong-key", "Wrong API key", detail)
        return key
    token = request.cookies.get(SESSION_COOKIE)
    may = request.method in _SAFE_METHODS or (opens_to_pages and _is_from_own_page(request))
    return context.keys.by_session(token) if token and may else None


def _is_from_own_page(request: Request) -> bool:
    """Return whether the browser says that a page of this host asks (RFC 6454; scripts cannot set the header)."""
    return urlsplit(request.headers.get("origin", "")).netloc == request.headers.get("host", "-")


def _secret_in(header: str) -> str | None:
    """Return what an Authorization header gives as a key, None where it gives none."""
    return header[len(_BEARER) :].strip() if header.lower().startswith(_BEARER) else None


CanIngest = Annotated[Principal, Depends(RequireScope("ingest"))]
CanRead = Annotated[Principal, Depends(RequireScope("read"))]
CanManageMembers = Annotated[Principal, Depends(RequireScope("members"))]
CanDecideOnMembers = Annotated[Principal, Depends(RequireScope("members", opens_to_pages=True))]
CanHandleAlerts = Annotated[Principal, Depends(RequireScope("alerts", opens_to_pages=True))]
CanAdminister = Annotated[Principal, Depends(RequireScope("admin"))]
InContext = Annotated[Context, Depends(get_context)]
