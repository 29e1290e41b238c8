"""Who holds the phone that asks for an item's page: what its browser or app brings along, read and judged."""

from pathlib import Path

import msgspec
from fastapi import Request, Response
from msgspec import Struct
from sqlalchemy import and_, select

from cloud.codes.links import ItemLink
from cloud.codes.login_keys import LoginKeys
from cloud.codes.pages import Notice
from cloud.codes.recording import unnamed_scan
from cloud.codes.shopper_token import Refusal, Shopper, ShopperTokenError
from cloud.config import ConfigError, Settings
from cloud.consents.repository import VISIT_LINKING
from cloud.consents.schemas import ConsentStatement
from cloud.consents.service import put_consents
from cloud.context import Context
from cloud.db import ReadSession
from cloud.identity.ownership import owners_of
from cloud.instants import write_instant
from cloud.tables import consents
from contracts.pseudonym import MemberPseudonym

SHOPPER_COOKIE = "shopthread_shopper"
REFUSED_COOKIE = "shopthread_refused"
SCAN_COOKIE = "shopthread_scan"
"""The scan that a phone made before its owner signed in."""
_BEARER = "bearer "
_SIGN_IN_WITHIN_S = 900


class SigningIn(Struct, frozen=True, kw_only=True):
    """How shoppers sign in.

    Attributes:
        login: Whose tokens hold.
        url: The brand's own login page. None: only an app that has signed its user in brings tokens.
    """

    login: LoginKeys
    url: str | None


class Visitor(Struct, frozen=True, kw_only=True):
    """Who asks for an item's page.

    Attributes:
        shopper: The member whose phone it is. None: nobody's that is known.
        one_id: The member's profile.
        refusal: Why what the phone showed proves nothing. None: it showed nothing, or it was taken.
        supersedes: The event of the scan of this item from before the member signed in.
        may_sign_in: Whether there is a login page to go to.
        is_in_browser: Whether a browser, not an app, says who it is.
    """

    shopper: Shopper | None = None
    one_id: str | None = None
    refusal: Refusal | None = None
    supersedes: str | None = None
    may_sign_in: bool = False
    is_in_browser: bool = False

    @property
    def member(self) -> MemberPseudonym | None:
        """Return the member as events name one."""
        if self.shopper is None:
            return None
        named = self.shopper.member
        return msgspec.convert({"namespace": named.namespace, "pseudonym": named.pseudonym}, MemberPseudonym)

    @property
    def notice(self) -> Notice | None:
        """Return what to tell of the sign-in."""
        return self.refusal if self.shopper is None else "signed_in"


def make_signing_in(settings: Settings) -> SigningIn | None:
    """Return how shoppers sign in, None where nobody does.

    Raises:
        ConfigError: A part is missing, the login page is no https address, or the keys cannot be read.
    """
    parts = {
        "resolver_login_issuer": settings.resolver_login_issuer,
        "resolver_login_audience": settings.resolver_login_audience,
        "resolver_login_keys_file": settings.resolver_login_keys_file,
    }
    missing = [name for name, value in parts.items() if not value]
    if len(missing) == len(parts) and settings.resolver_login_url is None:
        return None
    if missing:
        msg = f"{missing[0]} must be set where shoppers sign in; issuer, audience and keys file go together"
        raise ConfigError(msg)
    if settings.resolver_login_url is not None and not settings.resolver_login_url.startswith("https://"):
        msg = f"resolver_login_url must begin with https://, got {settings.resolver_login_url!r}"
        raise ConfigError(msg)
    login = LoginKeys(
        str(settings.resolver_login_issuer),
        str(settings.resolver_login_audience),
        Path(str(settings.resolver_login_keys_file)),
    )
    return SigningIn(login=login, url=settings.resolver_login_url)


def visitor_of(
    session: ReadSession, signing_in: SigningIn | None, tenant: str, request: Request, item: ItemLink, now_ms: int
) -> Visitor:
    """Return who asks for an item's page: an app's Authorization header goes before a browser's cookie."""
    if signing_in is None:
        return Visitor()
    header = request.headers.get("authorization", "")
    is_in_browser = not header.lower().startswith(_BEARER)
    token = request.cookies.get(SHOPPER_COOKIE, "") if is_in_browser else header[len(_BEARER) :].strip()
    may_sign_in = is_in_browser and signing_in.url is not None
    if not token:
        told = request.cookies.get(REFUSED_COOKIE)
        refusal: Refusal | None = None if told is None else "expired" if told == "expired" else "refused"
        return Visitor(refusal=refusal, may_sign_in=may_sign_in)
    try:
        shopper = signing_in.login.read(token, now_ms)
    except ShopperTokenError as error:
        return Visitor(refusal=error.refusal, may_sign_in=may_sign_in)
    before = request.cookies.get(SCAN_COOKIE)
    return Visitor(
        shopper=shopper,
        one_id=owners_of(session, tenant, [shopper.member]).at(shopper.member, now_ms),
        supersedes=None if before is None else unnamed_scan(session, tenant, before, item, now_ms),
        is_in_browser=is_in_browser,
    )


def note_consent(context: Context, tenant: str, visitor: Visitor) -> None:
    """Record what the member answered when the login asked, unless that is known already."""
    if visitor.shopper is None or visitor.shopper.consent is None:
        return
    said, named = visitor.shopper.consent, visitor.shopper.member
    known = and_(
        consents.c.tenant == tenant,
        consents.c.namespace == named.namespace,
        consents.c.pseudonym == named.pseudonym,
        consents.c.purpose == VISIT_LINKING,
        consents.c.at_ms == said.at_ms,
        consents.c.granted == said.granted,
    )
    with context.database.read() as session:
        if session.first(select(consents.c.id).where(known)) is not None:
            return
    statement = {
        "namespace": named.namespace,
        "pseudonym": named.pseudonym,
        "granted": said.granted,
        "at": write_instant(said.at_ms),
    }
    put_consents(context, tenant, [ConsentStatement.model_validate(statement)])


def note_in_browser(response: Response, visitor: Visitor, event_id: str | None, *, is_secure: bool) -> None:
    """Note in the browser which scan is not anybody's yet, and drop what was told or served its purpose."""
    if visitor.shopper is not None:
        if visitor.supersedes is not None:
            response.delete_cookie(SCAN_COOKIE)
        return
    if visitor.refusal is not None:
        response.delete_cookie(REFUSED_COOKIE)
        response.delete_cookie(SHOPPER_COOKIE)
    if event_id is not None and visitor.may_sign_in:
        response.set_cookie(
            SCAN_COOKIE, event_id, max_age=_SIGN_IN_WITHIN_S, httponly=True, samesite="lax", secure=is_secure
        )
