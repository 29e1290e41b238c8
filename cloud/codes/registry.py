"""What was issued: products, and the codes on their packs and under their caps."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus

from msgspec import Struct
from sqlalchemy import select

from cloud.codes.judge import Kind
from cloud.codes.queue import Code, enqueue_codes, enqueue_codes_of_gtins, enqueue_codes_of_store
from cloud.codes.repository import among, registered_gtins
from cloud.codes.tables import code_products, item_codes, store_positions
from cloud.db import AnyRow, ReadSession, WriteSession, chunks
from cloud.errors import ProblemError, invalid_value

_FIXED = ("kind", "lot", "outer_serial")
"""What of a code never changes: it is printed, or under a cap."""


class Product(Struct, frozen=True, kw_only=True):
    """What all items of a GTIN are called, and where people read more."""

    gtin: str
    name: str
    page_url: str | None = None


class IssuedItem(Struct, frozen=True, kw_only=True):
    """One code as it was issued. `outer_serial` names the pack that an inner code lies in."""

    gtin: str
    serial: str
    kind: Kind
    lot: str | None = None
    outer_serial: str | None = None
    sold_ms: int | None = None

    @property
    def code(self) -> Code:
        """Return GTIN and serial."""
        return (self.gtin, self.serial)


class Registered(Struct, frozen=True, kw_only=True):
    """How many codes were new, known already, and known but not as sold at that instant."""

    added: int
    known: int
    sold: int


def put_products(session: WriteSession, tenant: str, products: Sequence[Product]) -> None:
    """Set what products are called. Of several that bear one GTIN the last holds."""
    rows = {p.gtin: {"tenant": tenant, "gtin": p.gtin, "name": p.name, "page_url": p.page_url} for p in products}
    session.upsert(code_products, list(rows.values()))


def register(session: WriteSession, tenant: str, items: Sequence[IssuedItem], now_ms: int) -> Registered:
    """Take issued codes in, and have judged anew what that changes. The same again changes nothing.

    Raises:
        ProblemError: 409, a code is known as something else; 422, an inner code lies in a pack that was not issued.
    """
    held = _held(session, tenant, [item.code for item in items])
    had_codes = registered_gtins(session, tenant, {item.gtin for item in items})
    _refuse_unknown_packs(session, tenant, items)
    fresh: dict[Code, IssuedItem] = {}
    sold: dict[Code, IssuedItem] = {}
    for item in items:
        known = fresh.get(item.code) or held.get(item.code)
        if known is None:
            fresh[item.code] = item
            continue
        _refuse_other(item, known)
        if item.sold_ms is not None and item.sold_ms != known.sold_ms:
            (fresh if item.code in fresh else sold)[item.code] = item
    changed = [*fresh.values(), *sold.values()]
    for part in chunks(changed):
        session.upsert(item_codes, [_row(tenant, item, now_ms) for item in part])
    packs = [(item.gtin, item.outer_serial) for item in changed if item.outer_serial is not None]
    enqueue_codes(session, tenant, [*(item.code for item in changed), *packs])
    enqueue_codes_of_gtins(session, tenant, sorted({item.gtin for item in changed} - had_codes))
    return Registered(added=len(fresh), known=len(items) - len(fresh) - len(sold), sold=len(sold))


def put_position(session: WriteSession, tenant: str, store: str, latitude_deg: float, longitude_deg: float) -> None:
    """Set where a store is, WGS 84, and have every code that was scanned there judged anew."""
    row = {"tenant": tenant, "store": store, "latitude_deg": latitude_deg, "longitude_deg": longitude_deg}
    session.upsert(store_positions, [row])
    enqueue_codes_of_store(session, tenant, store)


def _row(tenant: str, item: IssuedItem, now_ms: int) -> dict[str, object]:
    return {
        "tenant": tenant,
        "gtin": item.gtin,
        "serial": item.serial,
        "kind": item.kind,
        "lot": item.lot,
        "outer_serial": item.outer_serial,
        "sold_ms": item.sold_ms,
        "recorded_ms": now_ms,
    }


def _held(session: ReadSession, tenant: str, codes: Iterable[Code]) -> dict[Code, IssuedItem]:
    held: dict[Code, IssuedItem] = {}
    for part in chunks(sorted(set(codes))):
        rows = session.rows(select(item_codes).where(item_codes.c.tenant == tenant, among(item_codes, part)))
        held |= {(row.gtin, row.serial): _item(row) for row in rows}
    return held


def _item(row: AnyRow) -> IssuedItem:
    return IssuedItem(
        gtin=row.gtin,
        serial=row.serial,
        kind="inner" if row.kind == "inner" else "outer",
        lot=row.lot,
        outer_serial=row.outer_serial,
        sold_ms=row.sold_ms,
    )


def _refuse_other(item: IssuedItem, known: IssuedItem) -> None:
    for name in _FIXED:
        given, held = getattr(item, name), getattr(known, name)
        if given != held:
            detail = (
                f"serial {item.serial!r} of GTIN {item.gtin} was issued with {name} {held!r}, not {given!r}; "
                "what is printed does not change, so issue a new serial or mend the row"
            )
            raise ProblemError(HTTPStatus.CONFLICT, "code-differs", "The code is known as something else", detail)


def _refuse_unknown_packs(session: ReadSession, tenant: str, items: Sequence[IssuedItem]) -> None:
    given: Mapping[Code, IssuedItem] = {item.code: item for item in items}
    packs = {(item.gtin, item.outer_serial) for item in items if item.outer_serial is not None}
    known = {**_held(session, tenant, packs - given.keys()), **given}
    for item in items:
        if item.outer_serial is None:
            continue
        pack = known.get((item.gtin, item.outer_serial))
        if item.kind != "inner" or pack is None or pack.kind != "outer":
            allowed = "the serial of an outer code of the same GTIN that was issued before, and of inner codes alone"
            raise invalid_value(name="outer_serial", value=item.outer_serial, allowed=allowed)
