"""What the cloud's integration tests share: a shop that reports, and a look at the whole state."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
from fastapi import FastAPI
from sqlalchemy import select

from cloud.analytics.tables import analytics_queue
from cloud.app import make_key_service, make_linker, make_projector, open_database
from cloud.config import Settings
from cloud.consents.schemas import ConsentStatement
from cloud.consents.service import put_consent
from cloud.context import Context, gate_of
from cloud.ingest.intake import ingest_batch
from cloud.main import bind, make_server
from cloud.schema import metadata
from cloud.tables import link_queue
from contracts.delivery import IngestReceipt
from contracts.events import Source, draft_event, encode_event
from contracts.fields import Role, ZoneKind
from contracts.ids import deterministic_id
from contracts.operations import DeviceClock, DeviceHealth
from contracts.payloads import (
    CodeScanned,
    Correction,
    Coverage,
    FootfallCrossing,
    PathPoint,
    PosSale,
    SaleLine,
    StaffShown,
    Stay,
    VisitRevised,
    ZoneCount,
    ZoneOccupancy,
)
from contracts.privacy import UplinkPayload
from contracts.pseudonym import MemberPseudonym, pseudonymize
from contracts.staff import StaffEvidence
from contracts.timestamps import format_time

TENANT = "acme"
STORE = "store-1"
T0 = 1_772_442_000_000  # 2026-03-02T09:00:00Z
KEY = b"0123456789abcdef"
MEMBERS = [pseudonymize("member_number", f"m{number}", KEY) for number in range(4)]
NOT_DERIVED = {
    "event_log",
    "projection_cursors",
    "dead_letters",
    "api_keys",
    "sessions",
    "changes",
    "published_profiles",
}
"""Logs, which tell in which order things came; and keys."""
RECORDS_WITH_TIMES = {"link_decisions", "link_hypotheses"}


def visit_id(number: int) -> str:
    return deterministic_id(T0, "visit", number)


@dataclass
class Shop:
    """Encodes events as the devices of one store would."""

    tenant: str = TENANT
    store: str = STORE
    sequences: dict[str, int] = field(default_factory=dict)

    def event(self, device: str, data: UplinkPayload, time_ms: int, *parts: str | int) -> bytes:
        source = Source(self.tenant, self.store, device)
        sequence = self.sequences[device] = self.sequences.get(device, 0) + 1
        return encode_event(draft_event(source, data, time_ms, *(parts or (sequence,))).numbered(source, sequence))

    def crossing(self, time_ms: int, direction: str = "in", kind: str = "entrance") -> bytes:
        data = FootfallCrossing(
            tripwire_id="door",
            tripwire_kind=kind,  # type: ignore[arg-type]  # a test's plain text
            direction=direction,  # type: ignore[arg-type]  # a test's plain text
            track_id="t1",
            confidence=0.9,
            rule_version="1",
        )
        return self.event("cam-1", data, time_ms)

    def coverage(self, start_ms: int, end_ms: int, observed_s: float | None = None, device: str = "cam-1") -> bytes:
        seconds = (end_ms - start_ms) / 1000 if observed_s is None else observed_s
        data = Coverage(
            interval_start_ms=start_ms,
            interval_end_ms=end_ms,
            observed_s=seconds,
            frames_processed=10,
            frames_dropped=0,
        )
        return self.event(device, data, end_ms)

    def occupancy(self, time_ms: int, **people: int) -> bytes:
        zones = tuple(ZoneCount(zone_id=zone, zone_kind="shelf", people=count) for zone, count in people.items())
        return self.event("cam-1", ZoneOccupancy(zones=zones), time_ms)

    def health(self, time_ms: int, queue_depth: int = 0) -> bytes:
        clock = DeviceClock(device="cam-1", offset_ms=0.5, error_ms=0.1, measured_ms=time_ms)
        data = DeviceHealth(uptime_s=1, software_version="0.1", queue_depth=queue_depth, fps=10.0, clocks=(clock,))
        return self.event("cam-1", data, time_ms)

    def visit(  # a visit with stays given as (zone, entered, left) and a path of (at, x, y), in seconds after T0
        self,
        number: int,
        revision: int,
        *stays: tuple[str, float, float | None],
        status: str = "closed",
        staff_score: float | None = None,
        role: Role | None = None,
        merged_into: str | None = None,
        path: Sequence[tuple[float, float, float]] = (),
        kind: ZoneKind = "checkout",
    ) -> bytes:
        opened_ms = min((ms(entered) for _, entered, _ in stays), default=T0)
        updated_ms = max((ms(left or entered) for _, entered, left in stays), default=T0)
        data = VisitRevised(
            visit_id=visit_id(number),
            revision=revision,
            status=status,  # type: ignore[arg-type]  # a test's plain text
            segment_ids=(),
            opened_ms=opened_ms,
            updated_ms=updated_ms,
            closed_ms=updated_ms if status == "closed" else None,
            stays=tuple(
                Stay(
                    zone_id=zone,
                    zone_kind=kind,
                    entered_ms=ms(entered),
                    left_ms=None if left is None else ms(left),
                )
                for zone, entered, left in stays
            ),
            path=tuple(PathPoint(ms(at_s), x_m, y_m) for at_s, x_m, y_m in path),
            staff_score=staff_score,
            role=role,
            staff_evidence=() if role is None else (StaffEvidence(kind="zone", log_odds=4.5),),
            merged_into=merged_into,
            rule_version="1",
        )
        return self.event("gateway", data, updated_ms, number, revision)

    def staff_card(self, at_s: float) -> bytes:
        return self.event("kiosk-1", StaffShown(zone_id="kiosk"), ms(at_s), ms(at_s))

    def scan(
        self,
        at_s: float,
        member: MemberPseudonym | None = None,
        zone: str | None = "kiosk",
        proof: str = "terminal",
    ) -> bytes:
        data = CodeScanned(
            scan_id="s1",
            code="https://id.example/01/09506000134352",
            gtin="09506000134352",
            member=member,
            result="item",
            zone_id=zone,
            in_store_proof=proof,  # type: ignore[arg-type]  # a test's plain text
        )
        return self.event("term-1", data, ms(at_s))

    def sale(
        self,
        at_s: float,
        receipt: str,
        total_minor: int = 1000,
        member: MemberPseudonym | None = None,
        kind: str = "sale",
        reverses: str | None = None,
        lines: tuple[SaleLine, ...] = (),
    ) -> bytes:
        data = PosSale(
            receipt_id=receipt,
            kind=kind,  # type: ignore[arg-type]  # a test's plain text
            reverses_receipt_id=reverses,
            lines=lines,
            total_minor=total_minor,
            currency="EUR",
            member=member,
            zone_id="till",
        )
        return self.event("pos-1", data, ms(at_s))

    def correction(self, *raws: bytes) -> bytes:
        data = Correction(corrects=tuple(event_id_of(raw) for raw in raws), reason="did_not_occur")
        return self.event("gateway", data, T0 + 999_000)


def ms(seconds: float) -> int:
    return T0 + round(seconds * 1000)


def event_id_of(raw: bytes) -> str:
    return raw.split(b'"id":"', 1)[1][:36].decode()


@dataclass
class Cloud:
    """A database with what works on it, and a clock that a test moves."""

    settings: Settings
    now_ms: int = T0 + 3_600_000
    tokens: int = 0

    def __post_init__(self) -> None:
        self.database = open_database(self.settings)
        self.projector = make_projector(self.settings, self.database, self.clock)
        self.linker = make_linker(self.settings)
        self.gate = gate_of(self.settings)
        self.keys = make_key_service(self.settings, self.database, self.clock, self.token)

    def clock(self) -> int:
        return self.now_ms

    def token(self) -> str:
        self.tokens += 1
        return f"token-{self.tokens:036d}"

    def ingest(self, raws: Sequence[bytes], tenant: str = TENANT) -> IngestReceipt:
        return ingest_batch(self.database, self.clock, b"\n".join(raws), tenant=tenant, key_id="key")

    def take_in(self, *raws: bytes) -> IngestReceipt:
        receipt = self.ingest(raws)
        self.projector.catch_up()
        return receipt

    def state(self) -> dict[str, list[tuple[object, ...]]]:
        """Return what the projections hold, and the decisions in force without their times and ids."""
        found: dict[str, list[tuple[object, ...]]] = {}
        skipped = {*NOT_DERIVED, *RECORDS_WITH_TIMES}
        with self.database.read() as session:
            assert not session.rows(select(link_queue)), "the linker has not finished"
            assert not session.rows(select(analytics_queue)), "the sums have not followed"
            for table in metadata.sorted_tables:
                if table.name not in skipped:
                    columns = [column for column in table.c if column.name not in {"id", "recorded_ms"}]
                    found[table.name] = sorted((tuple(row) for row in session.rows(select(*columns))), key=repr)
            decisions = metadata.tables["link_decisions"]
            columns = [c for c in decisions.c if c.name not in {"id", "asserted_ms", "retracted_ms"}]
            rows = session.rows(select(*columns).where(decisions.c.retracted_ms.is_(None)))
            found["decisions"] = sorted((tuple(row) for row in rows), key=repr)
        return found

    def decisions(self) -> dict[str, str]:
        """Return the decision in force of each touch."""
        table = metadata.tables["link_decisions"]
        with self.database.read() as session:
            rows = session.rows(select(table.c.touch_id, table.c.decision).where(table.c.retracted_ms.is_(None)))
        return {touch_id: decision for touch_id, decision in rows}  # noqa: C416 - a row is no pair to mypy

    def close(self) -> None:
        self.database.dispose()


def consent(cloud: Cloud, member: int, *, granted: bool = True, at_ms: int = T0) -> int:
    pseudonym = MEMBERS[member]
    context = Context(cloud.settings, cloud.database, cloud.clock, cloud.keys, cloud.linker)
    statement = ConsentStatement(
        namespace=pseudonym.namespace, pseudonym=pseudonym.pseudonym, granted=granted, at=format_time(at_ms)
    )
    return put_consent(context, TENANT, statement).retracted_links


NewCloud = Callable[[], Cloud]


@contextmanager
def serving(app: FastAPI) -> Iterator[httpx.Client]:
    """Serve an application on a free port of this machine, as the real server does."""
    with bind(Settings(port=0)) as listener:
        server = make_server(app)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        host, port = listener.getsockname()
        with httpx.Client(base_url=f"http://{host}:{port}", follow_redirects=True, trust_env=False, timeout=60) as http:
            yield http
        server.should_exit = True
        thread.join()
