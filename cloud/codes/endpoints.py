"""HTTP of item codes: take in what was issued, and tell what became of it."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from cloud.auth import ERRORS, INVALID, INVALID_BODY, NOT_FOUND, CanAdminister, CanRead, InContext
from cloud.codes import queries
from cloud.codes.judge import Kind
from cloud.codes.links import GTIN_AI, ItemLink, LinkError, parse_gtin
from cloud.codes.queries import CodeFilter
from cloud.codes.registry import IssuedItem, Product, put_position, put_products, register
from cloud.codes.schemas import (
    Alert,
    Alerts,
    CodeDetail,
    CodeList,
    CodesBody,
    CodesTaken,
    CodeSummary,
    IssuedBody,
    Position,
    ScanBody,
)
from cloud.db import AnyRow, Page
from cloud.errors import Problem, invalid_value
from cloud.instants import parse_instant, show_instant, write_instant
from cloud.stores.endpoints import StoreName
from cloud.stores.repository import get_store

router = APIRouter(prefix="/v1", tags=["codes"], responses=ERRORS)

_CONFLICT: dict[int | str, dict[str, object]] = {
    409: {"model": Problem, "description": "A code is registered as something else"}
}
Limit = Annotated[int, Query(ge=1, le=500, description="How many at most")]


@router.post("/codes", summary="Register issued codes and name products", responses={**INVALID_BODY, **_CONFLICT})
def add(
    body: CodesBody,
    principal: CanAdminister,
    context: InContext,
    dry_run: Annotated[bool, Query(description="Answer what would change, and change nothing")] = False,
) -> CodesTaken:
    """Take in all of them, or none; the same again changes nothing. Their scans so far are judged anew."""
    products = [
        Product(gtin=_gtin("products.gtin", each.gtin), name=each.name, page_url=each.page_url)
        for each in body.products
    ]
    items = [_issued(each) for each in body.codes]
    with context.database.rehearse() if dry_run else context.database.write() as session:
        put_products(session, principal.tenant, products)
        taken = register(session, principal.tenant, items, context.clock())
    context.wake()
    return CodesTaken(added=taken.added, known=taken.known, sold=taken.sold, products=len(products), dry_run=dry_run)


@router.get("/codes", summary="Issued codes", responses=INVALID)
def get_codes(  # noqa: PLR0913 - each is one query parameter
    principal: CanRead,
    context: InContext,
    *,
    gtin: Annotated[str | None, Query(max_length=14, description="Of this GTIN alone")] = None,
    lot: Annotated[str | None, Query(max_length=20, description="Of this lot alone")] = None,
    kind: Annotated[Kind | None, Query(description="On the pack or under the cap")] = None,
    alert: Annotated[Alert | None, Query(description="With which this is wrong")] = None,
    after: Annotated[str | None, Query(max_length=40, description="`next_after` of the page before")] = None,
    limit: Limit = 50,
) -> CodeList:
    """List issued codes by GTIN and serial, each with what its scans say."""
    asked = CodeFilter(
        tenant=principal.tenant,
        gtin=None if gtin is None else _gtin("gtin", gtin),
        lot=lot,
        kind=kind,
        alert=alert,
        after=None if after is None else _parse_after(after),
    )
    with context.database.read() as session:
        rows = queries.list_codes(session, asked, limit)
    following = f"{rows[-1].gtin}.{rows[-1].serial}" if len(rows) == limit else None
    return CodeList(items=[CodeSummary(**_summary(row)) for row in rows], next_after=following)


@router.get("/codes/alerts", summary="Codes with which something is wrong", responses=INVALID)
def get_alerts(
    principal: CanRead,
    context: InContext,
    *,
    alert: Annotated[Alert | None, Query(description="This kind alone")] = None,
    offset: Annotated[int, Query(ge=0, le=1 << 31, description="How many to leave out")] = 0,
    limit: Limit = 50,
) -> Alerts:
    """List codes that are cloned, were never issued, or were scanned by others after they had authenticated."""
    with context.database.read() as session:
        rows = queries.list_alerts(session, principal.tenant, alert, Page(offset, limit))
        total = queries.count_alerts(session, principal.tenant, alert)
    return Alerts(total=total, items=[CodeSummary(**_summary(row)) for row in rows])


@router.get("/codes/{gtin}/{serial:path}", summary="One code with its scans", responses={**NOT_FOUND, **INVALID})
def get_code(
    gtin: Annotated[str, Path(max_length=14, description="The GTIN")],
    serial: Annotated[str, Path(max_length=20, description="The serial; '/' stands for itself")],
    principal: CanRead,
    context: InContext,
) -> CodeDetail:
    """Show where and when a code was scanned, and what each scan means."""
    code = (_gtin("gtin", gtin), serial)
    with context.database.read() as session:
        row = queries.get_code(session, principal.tenant, code)
        scans = queries.history_of(session, principal.tenant, code)
    shows_people = "members" in principal.scopes
    return CodeDetail(
        **_summary(row),
        page_url=row.page_url,
        link=ItemLink(gtin=row.gtin, serial=row.serial, lot=row.lot).path,
        history=[_scan(scan, shows_people=shows_people) for scan in scans],
    )


@router.put("/stores/{store}/position", summary="Say where a store is", responses={**INVALID_BODY, **NOT_FOUND})
def set_position(store: StoreName, body: Position, principal: CanAdminister, context: InContext) -> Position:
    """Set it; codes that were scanned there are judged anew, by distance instead of by minutes."""
    with context.database.write() as session:
        get_store(session, principal.tenant, store)
        put_position(session, principal.tenant, store, body.latitude_deg, body.longitude_deg)
    context.wake()
    return body


def _issued(body: IssuedBody) -> IssuedItem:
    return IssuedItem(
        gtin=_gtin("codes.gtin", body.gtin),
        serial=body.serial,
        kind=body.kind,
        lot=body.lot,
        outer_serial=body.outer_serial,
        sold_ms=None if body.sold_at is None else parse_instant("sold_at", body.sold_at),
    )


def _gtin(name: str, text: str) -> str:
    try:
        return parse_gtin(text)
    except LinkError as error:
        raise invalid_value(name, text, f"a GTIN, AI {GTIN_AI} ({error})") from error


def _parse_after(text: str) -> tuple[str, str]:
    gtin, separator, serial = text.partition(".")
    if not separator:
        raise invalid_value(name="after", value=text, allowed="the next_after of the page before")
    return gtin, serial


def _summary(row: AnyRow) -> dict[str, Any]:
    return {
        "gtin": row.gtin,
        "serial": row.serial,
        "kind": row.kind,
        "lot": row.lot,
        "outer_serial": row.outer_serial,
        "sold_at": show_instant(row.sold_ms),
        "product_name": row.product_name,
        "scans": row.scans or 0,
        "repeats": row.repeats or 0,
        "persons": row.persons or 0,
        "authenticated_at": show_instant(row.authenticated_ms),
        "last_scan_at": show_instant(row.last_scan_ms),
        "is_cloned": bool(row.is_cloned),
        "alert": row.alert,
    }


def _scan(row: AnyRow, *, shows_people: bool) -> ScanBody:
    return ScanBody(
        touch_id=row.touch_id,
        at=write_instant(row.time_ms),
        store=None if row.in_store_proof == "none" else row.store,
        device=row.device,
        zone_id=row.zone_id,
        in_store_proof=row.in_store_proof,
        one_id=row.one_id if shows_people else None,
        verdict=row.verdict,
    )
