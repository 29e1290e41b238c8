"""HTTP of the ingest."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute

from cloud.auth import ERRORS, CanIngest, InContext, RequireScope
from cloud.context import Context, get_context
from cloud.errors import Problem, refuse_nul
from cloud.ingest.compression import decompress, too_large
from contracts.delivery import BATCH_MEDIA_TYPE, INGEST_PATH, MAX_BATCH_BYTES, encode_message

_may_ingest = RequireScope("ingest")


class _DirectRoute(APIRoute):
    """Asks for what the endpoint needs itself: FastAPI, which documents it, would take as long as a hundred events."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""

        async def answer(request: Request) -> Response:
            await refuse_nul(request)
            context = await get_context(request)
            principal = await _may_ingest(request, context, None)
            response: Response = await self.endpoint(request, principal, context)
            return response

        return answer


router = APIRouter(tags=["ingest"], route_class=_DirectRoute)

_RECEIPT_EXAMPLE = {
    "received": 3,
    "inserted": 1,
    "duplicate": 1,
    "rejected": 1,
    "rejections": [{"line": 3, "reason": "not_json", "detail": "JSON is malformed", "event_id": None}],
}


@router.post(
    INGEST_PATH,
    summary="Take in a batch of events",
    response_class=Response,
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "One CloudEvent in structured mode (JSON) a line.",
            "content": {BATCH_MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        },
        "parameters": [
            {
                "name": "Content-Encoding",
                "in": "header",
                "schema": {"enum": ["zstd", "gzip", "identity"]},
                "description": "How the body is compressed; identity where absent",
            },
        ],
    },
    responses={
        200: {
            "description": "Committed. The counts add up to the lines; what was rejected is kept as a dead letter.",
            "content": {"application/json": {"example": _RECEIPT_EXAMPLE}},
        },
        400: {"model": Problem, "description": "The compressed body is damaged"},
        413: {"model": Problem, "description": "Too large, before or after decompression"},
        415: {"model": Problem, "description": "An encoding other than zstd, gzip and identity"},
        **ERRORS,
    },
)
async def post_events(request: Request, principal: CanIngest, context: InContext) -> Response:
    """Store every event once, however often it is sent, and answer after the commit.

    Each line is judged by itself: a bad one is rejected with its reason and kept, and the others are stored.
    """
    body = await _read_body(request, MAX_BATCH_BYTES)
    encoding = request.headers.get("content-encoding", "")
    receipt = await run_in_threadpool(_store, context, body, encoding, principal.tenant, principal.key_id)
    return Response(receipt, media_type="application/json")


def _store(context: Context, body: bytes, encoding: str, tenant: str, key_id: str) -> bytes:
    plain = decompress(body, encoding, MAX_BATCH_BYTES)
    receipt = context.intake.take_in(plain, tenant=tenant, key_id=key_id)
    if receipt.inserted:
        context.wake()
    return encode_message(receipt)


async def _read_body(request: Request, limit_bytes: int) -> bytes:
    """Return the body as sent, never more than the limit in memory."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit_bytes:
            raise too_large(limit_bytes)
    return bytes(body)
