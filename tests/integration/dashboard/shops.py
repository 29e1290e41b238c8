"""A small chain whose figures are known: one shop seen well, one seen in part, one that nobody sees."""

import msgspec

from cloud.alerts.tables import alert_channels, alert_rules
from cloud.app import make_alert_evaluator
from cloud.audits.endpoints import keep_report
from cloud.codes.registry import IssuedItem, Product, put_position, put_products, register
from cloud.context import Context
from cloud.floor.repository import put_plan
from cloud.identity.names import one_id_of
from contracts.operations import DeviceHealth
from contracts.payloads import CodeScanned, FloorHeat, HeatCell
from contracts.pseudonym import MemberPseudonym
from tests.integration.cloud.audit_reports import a_report
from tests.integration.cloud.support import MEMBERS, T0, TENANT, Cloud, Shop, consent

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
NOW_MS = T0 + 30 * 60_000  # 2026-03-02T09:30:00Z, half an hour into the hour that began with T0
WEST, EAST, NORTH = "west", "east", "north"
MEMBER = one_id_of(TENANT, MEMBERS[0].namespace, MEMBERS[0].pseudonym)
GTIN, SERIAL = "09521230000185", "P4K7WQ2ZLM8NX3TR"
ENTERED, LEFT, WEEK_BEFORE, ENTERED_IN_PART = 7, 5, 4, 2


PLACES = {WEST: (51.45, 7.01), EAST: (52.52, 13.405)}
"""Where two of the shops are; of the third nobody told it."""

_HEAT = FloorHeat(
    interval_start_ms=NOW_MS - 60_000,
    interval_end_ms=NOW_MS,
    cell_m=0.5,
    cells=(HeatCell(0, 0, 30.0), HeatCell(3, 2, 90.0)),
)
_PLAN = {
    "zones": [{"zone_id": "kiosk", "zone_kind": "floor", "corners": [[0, 0], [2, 0], [2, 1], [0, 1]]}],
    "obstacles": [],
    "tripwires": [{"tripwire_id": "door", "kind": "entrance", "start": [2, 3], "end": [0, 3]}],
    "devices": [],
}


def fill(cloud: Cloud) -> None:
    """Let the shops report: today from 08:00 UTC, and a week before."""
    cloud.now_ms = NOW_MS
    for member in range(2):
        consent(cloud, member)
    with cloud.database.write() as session:
        put_products(session, TENANT, [Product(gtin=GTIN, name="Red wine", page_url=None)])
        item = IssuedItem(gtin=GTIN, serial=SERIAL, kind="inner")
        register(session, TENANT, [item], cloud.now_ms)
        put_plan(session, TENANT, WEST, _PLAN)
        for name, place in PLACES.items():
            put_position(session, TENANT, name, *place)
    west, east, north = (Shop(store=name) for name in (WEST, EAST, NORTH))
    for hour_ms in (T0 - HOUR_MS, T0 - 7 * DAY_MS - HOUR_MS):
        cloud.take_in(west.coverage(hour_ms, hour_ms + HOUR_MS))
    cloud.take_in(
        west.coverage(T0, NOW_MS),
        *(west.crossing(T0 - HOUR_MS + minute * 60_000) for minute in range(ENTERED)),
        *(west.crossing(T0 - HOUR_MS + minute * 60_000, "out") for minute in range(LEFT)),
        *(west.crossing(T0 - 7 * DAY_MS - HOUR_MS + minute * 60_000) for minute in range(WEEK_BEFORE)),
        west.occupancy(NOW_MS - 5000, bakery=2, wine=0),
        west.health(NOW_MS - 5000),
        west.visit(1, 1, ("kiosk", 10, 60), ("till", 100, 140), path=((10, 1, 1), (60, 4, 2), (140, 8, 6))),
        west.visit(2, 1, ("bakery", 30, 70), status="open"),
        west.scan(30, MEMBERS[0]),
        west.sale(120, "r-1", 1999, MEMBERS[0]),
        west.scan(40, MEMBERS[2]),
        east.coverage(T0 - HOUR_MS, T0, observed_s=900),
        *(east.crossing(T0 - HOUR_MS + minute * 60_000) for minute in range(ENTERED_IN_PART)),
        north.event("term-1", DeviceHealth(uptime_s=1, software_version="0.1", queue_depth=0), NOW_MS - DAY_MS),
        *_scans(west),
        west.event("cam-1", _HEAT, NOW_MS),
        b"{",
    )

    _watch(cloud)
    _audit(cloud)


def _audit(cloud: Cloud) -> None:
    """Upload an audit of the west's camera, of which two who came in were missed, and an old one that is certified."""
    context = Context(cloud.settings, cloud.database, cloud.clock, cloud.keys, cloud.linker)
    old = {**a_report(WEST, (90, 0, 0)), "statement": "of the year before"}
    old["recordings"][0]["start"] = "2025-03-02T09:00:00.000Z"
    for report in (a_report(WEST), old):
        keep_report(context, TENANT, "key", msgspec.json.encode(report))


def _watch(cloud: Cloud) -> None:
    """Let rules find two things: a camera of the east is silent, and a quarter of its hour was observed."""
    rules = [
        {
            "name": "Camera silent",
            "measure": "camera_silence",
            "condition": "above",
            "limit": 600,
            "severity": "critical",
        },
        {"name": "Observed too little", "measure": "coverage", "condition": "below", "limit": 0.8, "grain": "hour"},
        {"name": "Long queue", "measure": "queue_wait_now", "condition": "above", "limit": 300, "is_enabled": False},
    ]
    times = {"created_ms": NOW_MS, "updated_ms": NOW_MS}
    channel = {"id": "ops", "kind": "webhook", "name": "Operations", "target": "https://ops.example/hook"}
    with cloud.database.write() as session:
        session.insert(alert_channels, [{**channel, "tenant": TENANT, "language": "en", "created_ms": NOW_MS}])
        session.insert(
            alert_rules, [{"id": f"r{n}", "tenant": TENANT, "rule": rule, **times} for n, rule in enumerate(rules)]
        )
    make_alert_evaluator(cloud.settings, cloud.database, cloud.clock).step()


def _scans(shop: Shop) -> list[bytes]:
    """Let one issued code be claimed twice, by two people, and one be scanned that nobody issued."""
    return [
        shop.event("term-1", _scan(SERIAL, MEMBERS[0]), T0 + 60_000),
        shop.event("term-1", _scan(SERIAL, MEMBERS[1]), T0 + 120_000),
        shop.event("term-1", _scan("FORGED1", None), T0 + 180_000),
    ]


def _scan(serial: str, member: MemberPseudonym | None) -> CodeScanned:
    return CodeScanned(
        scan_id="s",
        code=f"https://id.example/01/{GTIN}/21/{serial}",
        gtin=GTIN,
        serial=serial,
        member=member,
        result="item",
        zone_id="kiosk",
    )
