"""The resolver: what a shopper's phone gets that scans a code, without any key (GS1-Conformant Resolver 1.2).

One host answers for one tenant, that of the setting `resolver_tenant`; without it these addresses do not exist.
"""

from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from secrets import token_bytes
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from msgspec import Struct

from cloud.codes import queries, repository
from cloud.codes.judge import CodeScan, Judgement, judge
from cloud.codes.limits import RateLimits
from cloud.codes.links import MAX_LINK_CHARACTERS, ItemLink, LinkError, parse_link
from cloud.codes.linkset import (
    DEFAULT_LINK,
    LINKSET_MEDIA_TYPE,
    description_of,
    link_type_of,
    links_of,
    linkset_of,
)
from cloud.codes.pages import CONTENT_SECURITY_POLICY, ItemPage, Said, render
from cloud.codes.recording import PhoneScan, record_scan
from cloud.codes.shoppers import (
    SigningIn,
    Visitor,
    make_signing_in,
    note_consent,
    note_in_browser,
    visitor_of,
)
from cloud.codes.store_token import MIN_KEY_BYTES, InStore, read_token
from cloud.codes.visitors import is_person, language_of, wants
from cloud.config import ConfigError, Settings
from cloud.context import Context, code_rules_of, get_context
from cloud.db import ReadSession
from cloud.errors import ProblemError
from cloud.instants import write_instant

TOKEN_COOKIE = "shopthread_store"  # noqa: S105 - a name
TOKEN_PATH = "/in-store"  # noqa: S105 - a path
_COOKIE_AGE_S = 120
_NOW = "now"
_KEY_BYTES = 32
_ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}


class Resolver(Struct, frozen=True, kw_only=True):
    """What the resolver works with.

    Attributes:
        tenant: Whose codes it knows.
        token_key: Of store tokens. None: no phone proves that it is in a store.
        clients: Bounds how often one client may ask.
        codes: Bounds how many scans of one code are recorded.
        again: Tells a page that is shown once more from another scan.
        signing_in: How shoppers sign in. None: nobody does.
    """

    tenant: str
    token_key: bytes | None
    clients: RateLimits
    codes: RateLimits
    again: RateLimits
    signing_in: SigningIn | None


def make_resolver(settings: Settings) -> Resolver | None:
    """Return the resolver that the settings describe, None where it is off.

    Raises:
        ConfigError: The key of store tokens cannot be read or is too short, or shoppers could not sign in.
    """
    if settings.resolver_tenant is None:
        return None
    key = token_bytes(_KEY_BYTES)
    return Resolver(
        tenant=settings.resolver_tenant,
        token_key=_token_key(settings.store_token_key_file),
        clients=RateLimits(key, settings.resolver_requests_per_minute),
        codes=RateLimits(key, settings.resolver_requests_per_minute),
        again=RateLimits(key, 1),
        signing_in=make_signing_in(settings),
    )


def _token_key(file: str | None) -> bytes | None:
    if file is None:
        return None
    try:
        key = Path(file).read_bytes().strip()
    except OSError as error:
        msg = f"store_token_key_file: {file!r} cannot be read ({error.strerror}); name a file with the key"
        raise ConfigError(msg) from error
    if len(key) < MIN_KEY_BYTES:
        msg = f"store_token_key_file: {file!r} holds {len(key)} bytes, at least {MIN_KEY_BYTES} are needed"
        raise ConfigError(msg)
    return key


def get_resolver(request: Request) -> Resolver:
    """Return the resolver, for FastAPI's `Depends`."""
    resolver: Resolver = request.app.state.resolver
    return resolver


router = APIRouter(include_in_schema=False)
Resolving = Annotated[Resolver, Depends(get_resolver)]
InContext = Annotated[Context, Depends(get_context)]


@router.api_route("/.well-known/gs1resolver", methods=["GET", "HEAD"])
def describe(request: Request, context: InContext) -> Response:
    """Describe the resolver to machines."""
    return _json(description_of(root_of(request, context)), "application/json")


@router.get(TOKEN_PATH + "/{token}")
def enter(token: str, request: Request, context: InContext, resolver: Resolving) -> Response:
    """Note in the browser that it is in a store, for as long as the token stands."""
    place = _place(resolver, token, context.clock())
    if place is None:
        return page_of(request, ItemPage(said="unreadable"), HTTPStatus.BAD_REQUEST)
    response = page_of(request, ItemPage(said="in_store"), HTTPStatus.OK)
    response.set_cookie(
        TOKEN_COOKIE, token, max_age=_COOKIE_AGE_S, httponly=True, samesite="lax", secure=request.url.scheme == "https"
    )
    return response


@router.api_route("/01/{_rest:path}", methods=["GET", "HEAD"])
def resolve(request: Request, context: InContext, resolver: Resolving) -> Response:
    """Answer for an item or a product, and record the scan if it is one."""
    now_ms = context.clock()
    client = request.client.host if request.client is not None else ""
    if not resolver.clients.allow(now_ms, "client", client):
        detail = f"at most {context.settings.resolver_requests_per_minute} requests a minute; wait a minute"
        raise ProblemError(HTTPStatus.TOO_MANY_REQUESTS, "too-many-requests", "Too many requests", detail)
    try:
        item = _item(request)
    except LinkError as error:
        return _unreadable(request, error)
    with context.database.read() as session:
        visitor = visitor_of(session, resolver.signing_in, resolver.tenant, request, item, now_ms)
        known = _look_up(session, context, resolver.tenant, item, visitor, now_ms)
    if known is None:
        return _missing(request, item)
    root = root_of(request, context)
    asked = link_type_of(request.query_params.get("linkType", ""))
    accept = request.headers.get("accept", "")
    if asked in {"all", "linkset"} or (not asked and wants(accept, LINKSET_MEDIA_TYPE, "application/json")):
        return _json(linkset_of(root, item, known.name, known.page_url), LINKSET_MEDIA_TYPE)
    if asked and asked != DEFAULT_LINK:
        return _redirect(asked, links_of(root, item, known.page_url))
    event_id = None
    if request.method == "GET" and item.serial is not None and is_person(request.headers):
        place = _place(resolver, request.cookies.get(TOKEN_COOKIE, ""), now_ms)
        made = PhoneScan(item=item, place=place, member=visitor.member, supersedes=visitor.supersedes)
        event_id = _record(context, resolver, made, visitor, client, now_ms)
    headers = {"Link": f'<{root}{item.path}?linkType=all>; rel="linkset"; type="{LINKSET_MEDIA_TYPE}"'}
    response = page_of(request, known, HTTPStatus.OK, headers)
    if resolver.signing_in is not None:
        note_in_browser(response, visitor, event_id, is_secure=root.startswith("https:"))
    return response


def _record(
    context: Context, resolver: Resolver, made: PhoneScan, visitor: Visitor, client: str, now_ms: int
) -> str | None:
    """Append the scan, unless the page was merely shown once more or the code is being flooded; return its event id."""
    item, whose = made.item, "" if made.member is None else made.member.pseudonym
    if not resolver.again.allow(now_ms, "again", client, item.path, whose):
        return None
    if not resolver.codes.allow(now_ms, "code", item.gtin, item.serial or ""):
        return None
    note_consent(context, resolver.tenant, visitor)
    with context.database.write() as session:
        event_id = record_scan(session, resolver.tenant, context.settings.resolver_store, made, now_ms)
    context.wake()
    return event_id


def _look_up(
    session: ReadSession, context: Context, tenant: str, item: ItemLink, visitor: Visitor, now_ms: int
) -> ItemPage | None:
    """Return what to tell of an item, None where nothing is known of its product."""
    product = queries.get_product(session, tenant, item.gtin)
    registered = bool(repository.registered_gtins(session, tenant, {item.gtin}))
    if product is None and not registered:
        return None
    scan = CodeScan(scan_id=_NOW, time_ms=now_ms, person=visitor.one_id)
    scans = _scans_but(session, tenant, item, visitor.supersedes)
    said, first_ms = _verdict(session, context, tenant, item, [*scans, scan], registered=registered)
    return ItemPage(
        said=said,
        gtin=item.gtin,
        serial=item.serial,
        lot=None if item.serial is None else queries.lot_of(session, tenant, (item.gtin, item.serial)),
        name=None if product is None else product.name,
        page_url=None if product is None else product.page_url,
        first_at=None if first_ms is None else _day(first_ms),
        notice=visitor.notice,
        sign_in=item.path if visitor.may_sign_in else None,
        sign_out=item.path if visitor.is_in_browser else None,
    )


def _scans_but(session: ReadSession, tenant: str, item: ItemLink, left_out: str | None) -> list[CodeScan]:
    if item.serial is None:
        return []
    code = (item.gtin, item.serial)
    return [scan for scan in repository.load_scans(session, tenant, [code])[code] if scan.scan_id != left_out]


def _verdict(
    session: ReadSession, context: Context, tenant: str, item: ItemLink, scans: Sequence[CodeScan], *, registered: bool
) -> tuple[Said, int | None]:
    """Return what the last of these scans, made now, would mean, and when the item was first authenticated."""
    if item.serial is None:
        return "product", None
    code = (item.gtin, item.serial)
    issued = repository.load_issued(session, tenant, [code]).get(code)
    judgement = judge(scans, issued, code_rules_of(context.settings), registered=registered)
    first_ms = next((scan.time_ms for scan in scans[:-1] if scan.scan_id == judgement.first_scan_id), None)
    return _said(judgement, is_issued=issued is not None), first_ms


def _said(judgement: Judgement, *, is_issued: bool) -> Said:
    if judgement.is_cloned:
        return "cloned"
    match judgement.verdicts[_NOW]:
        case "first":
            return "first"
        case "again" | "repeat":
            return "before"
        case "unknown_code":
            return "unknown"
        case "impossible_travel" | "looked_up":
            return "issued" if is_issued else "unregistered"


def _item(request: Request) -> ItemLink:
    """Return the item that the address names, read as it came: a decoded path would hide which '/' belong to values."""
    path = bytes(request.scope.get("raw_path") or request.url.path.encode()).partition(b"?")[0]
    if len(path) > MAX_LINK_CHARACTERS:
        msg = f"a link has at most {MAX_LINK_CHARACTERS} characters, got {len(path)}"
        raise LinkError(msg)
    return parse_link("https://resolver.invalid" + path.decode("ascii", "replace"))


def _place(resolver: Resolver, token: str, now_ms: int) -> InStore | None:
    return None if resolver.token_key is None else read_token(resolver.token_key, resolver.tenant, token, now_ms)


def root_of(request: Request, context: Context) -> str:
    """Return what the resolver's addresses begin with, without a slash at the end."""
    return (context.settings.resolver_url or str(request.base_url)).rstrip("/")


def _unreadable(request: Request, error: LinkError) -> Response:
    if wants(request.headers.get("accept", ""), "application/json", LINKSET_MEDIA_TYPE, "application/problem+json"):
        raise ProblemError(HTTPStatus.BAD_REQUEST, "not-a-link", "No GS1 Digital Link", str(error))
    return page_of(request, ItemPage(said="unreadable"), HTTPStatus.BAD_REQUEST)


def _missing(request: Request, item: ItemLink) -> Response:
    if wants(request.headers.get("accept", ""), "application/json", LINKSET_MEDIA_TYPE, "application/problem+json"):
        detail = f"nothing is known of GTIN {item.gtin}; ask its maker"
        raise ProblemError(HTTPStatus.NOT_FOUND, "product-not-found", "No such product", detail)
    return page_of(request, ItemPage(said="missing", gtin=item.gtin), HTTPStatus.NOT_FOUND)


def _redirect(link_type: str, links: dict[str, str]) -> Response:
    target = links.get(link_type)
    if target is None:
        detail = f"linkType must be all or one of {', '.join(f'gs1:{name}' for name in links)}, got {link_type[:100]!r}"
        raise ProblemError(HTTPStatus.NOT_FOUND, "link-type-not-found", "No link of that type", detail)
    return Response(status_code=HTTPStatus.TEMPORARY_REDIRECT, headers={"Location": target, **_ANY_ORIGIN})


def _json(body: object, media_type: str) -> Response:
    return Response(msgspec.json.encode(body), headers=_ANY_ORIGIN, media_type=media_type)


def page_of(request: Request, page: ItemPage, status: HTTPStatus, headers: dict[str, str] | None = None) -> Response:
    """Return a page in the language of the browser."""
    language = language_of(request.headers.get("accept-language", ""))
    own = {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "Content-Language": language,
        "Vary": "Accept, Accept-Language",
    }
    return Response(render(page, language), int(status), {**own, **_ANY_ORIGIN, **(headers or {})}, "text/html")


def _day(time_ms: int) -> str:
    return write_instant(time_ms)[:16].replace("T", " ") + " UTC"
