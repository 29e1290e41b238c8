"""A shopper's way to the brand's own login and back to the item, in a browser.

The way back is bound to the way there by a number that only this browser knows (`nonce`, as in OpenID Connect Core 1.0,
section 3.1.2.1): a token that somebody else got signs nobody in, and nobody is signed in as somebody else unawares.
"""

import hmac
from http import HTTPStatus
from secrets import token_urlsafe
from typing import Annotated
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Query, Request, Response

from cloud.codes.links import MAX_LINK_CHARACTERS, ItemLink, LinkError, parse_link
from cloud.codes.pages import ItemPage
from cloud.codes.resolver import InContext, Resolver, Resolving, page_of, root_of
from cloud.codes.shopper_token import MAX_CHARACTERS, Shopper, ShopperTokenError
from cloud.codes.shoppers import REFUSED_COOKIE, SHOPPER_COOKIE, SigningIn
from cloud.context import Context
from cloud.errors import not_found

STATE_COOKIE = "shopthread_sign_in"
_SEPARATOR = "~"
_SIGN_IN_WITHIN_S = 600
_NOTICE_S = 60
_MS = 1000

router = APIRouter(include_in_schema=False)
ItemPath = Annotated[str, Query(max_length=MAX_LINK_CHARACTERS, description="The path of the item's page")]


@router.get("/sign-in")
def sign_in(item: ItemPath, request: Request, context: InContext, resolver: Resolving) -> Response:
    """Send the browser to the brand's login, which sends it back to `/signed-in`."""
    url = _signing_in(resolver).url
    if url is None:
        raise not_found(noun="login page", key="sign-in", remedy="the operator sets resolver_login_url")
    link = _link(item)
    if link is None:
        return page_of(request, ItemPage(said="unreadable"), HTTPStatus.BAD_REQUEST)
    nonce = token_urlsafe(16)
    asked = urlencode({"nonce": nonce, "redirect_uri": f"{root_of(request, context)}/signed-in"})
    response = _see_other(f"{url}{'&' if urlsplit(url).query else '?'}{asked}")
    _set(
        response,
        STATE_COOKIE,
        f"{nonce}{_SEPARATOR}{link.path}",
        _SIGN_IN_WITHIN_S,
        is_secure=_is_secure(request, context),
    )
    return response


@router.get("/signed-in")
def signed_in(
    request: Request,
    context: InContext,
    resolver: Resolving,
    token: Annotated[str, Query(max_length=MAX_CHARACTERS, description="What the login says")] = "",
) -> Response:
    """Take in what the login says, and show the item again, whether it was taken in or not."""
    login = _signing_in(resolver).login
    nonce, _, path = request.cookies.get(STATE_COOKIE, "").partition(_SEPARATOR)
    link = _link(path)
    if link is None:
        return page_of(request, ItemPage(said="no_sign_in"), HTTPStatus.BAD_REQUEST)
    response = _see_other(f"{root_of(request, context)}{link.path}")
    response.delete_cookie(STATE_COOKIE)
    now_ms, is_secure = context.clock(), _is_secure(request, context)
    try:
        shopper = _bound(login.read(token, now_ms), nonce)
    except ShopperTokenError as error:
        _set(response, REFUSED_COOKIE, error.refusal, _NOTICE_S, is_secure=is_secure)
        return response
    _set(response, SHOPPER_COOKIE, token, max(1, (shopper.expires_ms - now_ms) // _MS), is_secure=is_secure)
    return response


@router.get("/sign-out")
def sign_out(item: ItemPath, request: Request, context: InContext, resolver: Resolving) -> Response:
    """Forget in the browser who is signed in, and show the item again."""
    _signing_in(resolver)
    link = _link(item)
    if link is None:
        return page_of(request, ItemPage(said="unreadable"), HTTPStatus.BAD_REQUEST)
    response = _see_other(f"{root_of(request, context)}{link.path}")
    response.delete_cookie(SHOPPER_COOKIE)
    return response


def _bound(shopper: Shopper, nonce: str) -> Shopper:
    if not hmac.compare_digest((shopper.nonce or "").encode(), nonce.encode()):
        msg = "the token was made for another start of a sign-in"
        raise ShopperTokenError(msg)
    return shopper


def _signing_in(resolver: Resolver) -> SigningIn:
    if resolver.signing_in is None:
        raise not_found(
            noun="login", key="sign-in", remedy="the operator sets resolver_login_issuer and what belongs to it"
        )
    return resolver.signing_in


def _link(path: str) -> ItemLink | None:
    """Return the item that a path names, None if it names none: nobody is sent anywhere else."""
    try:
        return parse_link(f"https://resolver.invalid{path}")
    except LinkError:
        return None


def _see_other(url: str) -> Response:
    return Response(status_code=HTTPStatus.SEE_OTHER, headers={"Location": url})


def _set(response: Response, name: str, value: str, age_s: int, *, is_secure: bool) -> None:
    response.set_cookie(name, value, max_age=age_s, httponly=True, samesite="lax", secure=is_secure)


def _is_secure(request: Request, context: Context) -> bool:
    return root_of(request, context).startswith("https:")
