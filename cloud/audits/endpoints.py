"""HTTP of audits."""

from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field
from sqlalchemy import delete, select

from cloud.audits.report import AuditReport, ReportError, Scores, read_report
from cloud.audits.tables import audits
from cloud.auth import ERRORS, INVALID, NOT_FOUND, CanAdminister, CanRead, InContext
from cloud.context import Context
from cloud.db import AnyRow
from cloud.errors import Problem, ProblemError, not_found
from cloud.instants import write_instant
from contracts.ids import deterministic_id

router = APIRouter(prefix="/v1/audits", tags=["stores"], responses={**ERRORS, **INVALID})
MAX_REPORT_BYTES = 8 * 1024 * 1024
_MOST_LISTED = 500
AuditId = Annotated[str, Path(description="The `id` of an audit", max_length=36)]


class Accuracy(BaseModel):
    """Counted against labelled crossings, with Wilson's interval at 95 %."""

    labelled: int
    counted: int
    matched: int
    missed: int
    invented: int
    accuracy: float | None = Field(description="matched / (matched + missed + invented); null: nobody crossed")
    low: float | None
    high: float | None


class Audit(BaseModel):
    """One report, in short."""

    id: str
    started_at: str = Field(description="When its latest recording began")
    uploaded_at: str
    cameras: list[str] = Field(examples=[["west/cam-1"]])
    recordings: int
    seconds: float = Field(description="How much of them was labelled")
    statement: str
    certified_level: float | None = Field(description="The best level that the lower bound reaches; null: none")
    crossing_rule: str
    model: str
    total: Accuracy
    directions: dict[str, Accuracy] = Field(description="By `in` and `out`")


class Audits(BaseModel):
    """Reports, the latest recording first."""

    items: list[Audit]


class AuditDetail(Audit):
    """One report, whole."""

    report: dict[str, Any]


@router.post(
    "",
    summary="Take in the report of an audit",
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "report.json of `shopthread audit report`; no picture is taken.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    },
    responses={413: {"model": Problem, "description": "Larger than a report of figures is"}},
)
async def add(request: Request, principal: CanAdminister, context: InContext) -> Audit:
    """Keep a report; the same one again is a no-op. Every share and interval is worked out anew from its counts."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_REPORT_BYTES:
            detail = f"a report has at most {MAX_REPORT_BYTES} bytes; send report.json, not the page or a video"
            raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", "Too large", detail)
    return await run_in_threadpool(keep_report, context, principal.tenant, principal.key_id, bytes(body))


def keep_report(context: Context, tenant: str, key_id: str, body: bytes) -> Audit:
    """Keep a report and return it in short.

    Raises:
        ProblemError: 422, it is none, or a figure does not follow from its counts.
    """
    try:
        report = read_report(body, tenant)
    except ReportError as error:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-report", "Invalid report", str(error)) from error
    content = msgspec.json.encode(report)
    row = {
        "tenant": tenant,
        "id": deterministic_id(report.started_ms, "audit", tenant, sha256(content).hexdigest()),
        "started_ms": report.started_ms,
        "uploaded_ms": context.clock(),
        "key_id": key_id,
        "stores": sorted({source.store for source in report.sources}),
        "report": msgspec.json.decode(content),
    }
    with context.database.write() as session:
        session.insert_new(audits, [row])
        kept = session.first(select(audits).where(audits.c.tenant == tenant, audits.c.id == row["id"]))
    return Audit(**_summary(_held(kept, str(row["id"]))))


@router.get("", summary="Reports of audits")
def read_all(
    principal: CanRead,
    context: InContext,
    store: Annotated[str | None, Query(description="Only with a camera of this store")] = None,
) -> Audits:
    """List the latest reports with accuracy and interval, in total and by direction."""
    statement = select(audits).where(audits.c.tenant == principal.tenant)
    with context.database.read() as session:
        rows = session.rows(statement.order_by(audits.c.started_ms.desc(), audits.c.id).limit(_MOST_LISTED))
    return Audits(items=[Audit(**_summary(row)) for row in rows if store is None or store in row.stores])


@router.get("/{audit_id}", summary="One report, whole", responses=NOT_FOUND)
def read_one(audit_id: AuditId, principal: CanRead, context: InContext) -> AuditDetail:
    """Return a report as it was uploaded."""
    with context.database.read() as session:
        row = session.first(select(audits).where(audits.c.tenant == principal.tenant, audits.c.id == audit_id))
    held = _held(row, audit_id)
    return AuditDetail(**_summary(held), report=held.report)


@router.delete("/{audit_id}", summary="Forget a report", responses=NOT_FOUND, status_code=204)
def remove(audit_id: AuditId, principal: CanAdminister, context: InContext) -> None:
    """Forget it with all its figures."""
    with context.database.write() as session:
        if not session.execute(delete(audits).where(audits.c.tenant == principal.tenant, audits.c.id == audit_id)):
            raise _unknown(audit_id)


def _held(row: AnyRow | None, audit_id: str) -> AnyRow:
    if row is None:
        raise _unknown(audit_id)
    return row


def _unknown(audit_id: str) -> ProblemError:
    return not_found(noun="audit", key=audit_id, remedy="GET /v1/audits lists them")


def _summary(row: AnyRow) -> Mapping[str, Any]:
    report = msgspec.convert(row.report, AuditReport)
    return {
        "id": row.id,
        "started_at": write_instant(row.started_ms),
        "uploaded_at": write_instant(row.uploaded_ms),
        "cameras": [f"{source.store}/{source.device}" for source in report.sources],
        "recordings": len(report.recordings),
        "seconds": round(sum(each.seconds for each in report.recordings), 1),
        "statement": report.statement,
        "certified_level": report.certified_level,
        "crossing_rule": report.crossing_rule,
        "model": report.model,
        "total": _accuracy(report.scores),
        "directions": {each.value: _accuracy(each.scores) for each in report.slices if each.by == "direction"},
    }


def _accuracy(scores: Scores) -> Accuracy:
    return Accuracy(
        labelled=scores.labelled,
        counted=scores.counted,
        matched=scores.matched,
        missed=scores.missed,
        invented=scores.invented,
        accuracy=scores.accuracy.value,
        low=scores.accuracy.low,
        high=scores.accuracy.high,
    )
