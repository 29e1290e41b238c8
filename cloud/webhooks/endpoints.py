"""HTTP of webhooks."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path

from cloud.auth import ERRORS, INVALID_BODY, NOT_FOUND, CanManageMembers, InContext
from cloud.db import AnyRow, ReadSession
from cloud.errors import ProblemError, not_found
from cloud.instants import show_instant, write_instant
from cloud.webhooks import repository
from cloud.webhooks.listing import AskedDeliveries, outcome_of
from cloud.webhooks.schemas import Deliveries, Delivery, NewWebhook, Webhook, WebhookBody, Webhooks
from cloud.webhooks.secrets import secret_owner
from cloud.webhooks.tables import webhooks
from cloud.webhooks.targets import secret_for
from contracts.ids import deterministic_id

router = APIRouter(prefix="/v1/webhooks", tags=["members"], responses=ERRORS)
_MOST_WEBHOOKS = 20
WebhookId = Annotated[str, Path(description="The `id` of a webhook", max_length=36)]
ChangeId = Annotated[str, Path(description="The `change_id` of a delivery", pattern=r"^chg_[0-9]{1,18}$")]


@router.post("", summary="Ask to be told of changes", responses=INVALID_BODY)
def add(body: WebhookBody, principal: CanManageMembers, context: InContext) -> NewWebhook:
    """Send every change from now on to a URL, signed, until it is taken: at least once, each with the same id.

    The order is not promised; read the profile for what it says now.
    """
    secret = secret_for(context, "url", body.url, body.secret)
    now_ms = context.clock()
    with context.database.write() as session:
        held = repository.list_webhooks(session, principal.tenant)
        if len(held) >= _MOST_WEBHOOKS:
            detail = f"there are {len(held)} webhooks, as many as there may be; remove one first"
            raise ProblemError(HTTPStatus.CONFLICT, "too-many-webhooks", "Too many webhooks", detail)
        webhook_id = deterministic_id(now_ms, "webhook", principal.tenant, body.url, context.keys.fresh_token())
        row = {
            "id": webhook_id,
            "tenant": principal.tenant,
            "url": body.url,
            "secret": context.keys.seal(secret, secret_owner(webhook_id)),
            "kinds": list(body.kinds),
            "created_ms": now_ms,
            "disabled_ms": None,
        }
        session.insert(webhooks, [row])
        made = _held(session, principal.tenant, webhook_id)
    return NewWebhook(**_show(made).model_dump(), secret=secret)


@router.get("", summary="Who is told of changes")
def read_all(principal: CanManageMembers, context: InContext) -> Webhooks:
    """List webhooks, without their secrets."""
    with context.database.read() as session:
        return Webhooks(items=[_show(row) for row in repository.list_webhooks(session, principal.tenant)])


@router.delete("/{webhook_id}", summary="Tell it no more", responses=NOT_FOUND, status_code=204)
def remove(webhook_id: WebhookId, principal: CanManageMembers, context: InContext) -> None:
    """Forget a webhook with its secret and its deliveries."""
    with context.database.write() as session:
        if not repository.remove_webhook(session, principal.tenant, webhook_id):
            raise _unknown(webhook_id)


@router.get("/{webhook_id}/deliveries", summary="What became of telling it", responses=NOT_FOUND)
def read_deliveries(
    webhook_id: WebhookId, principal: CanManageMembers, context: InContext, asked: AskedDeliveries
) -> Deliveries:
    """List deliveries with attempts, the last answer and the last fault."""
    with context.database.read() as session:
        _held(session, principal.tenant, webhook_id)
        rows = repository.list_deliveries(session, principal.tenant, webhook_id, asked)
    items = [Delivery(change_id=f"chg_{row.position}", **outcome_of(row).model_dump()) for row in rows]
    return Deliveries(items=items, next_before=asked.following([row.position for row in rows]))


@router.post("/{webhook_id}/deliveries/{change_id}/retry", summary="Try again", responses=NOT_FOUND, status_code=204)
def retry(webhook_id: WebhookId, change_id: ChangeId, principal: CanManageMembers, context: InContext) -> None:
    """Make a delivery due now, also a dead or a delivered one, with all attempts before it."""
    position = int(change_id.removeprefix("chg_"))
    with context.database.write() as session:
        if not repository.retry_delivery(session, principal.tenant, webhook_id, position, context.clock()):
            raise not_found(noun="delivery", key=change_id, remedy="GET .../deliveries lists them")


def _held(session: ReadSession, tenant: str, webhook_id: str) -> AnyRow:
    row = repository.find_webhook(session, tenant, webhook_id)
    if row is None:
        raise _unknown(webhook_id)
    return row


def _unknown(webhook_id: str) -> ProblemError:
    return not_found(noun="webhook", key=webhook_id, remedy="GET /v1/webhooks lists them")


def _show(row: AnyRow) -> Webhook:
    return Webhook(
        id=row.id,
        url=row.url,
        kinds=row.kinds,
        created_at=write_instant(row.created_ms),
        disabled_at=show_instant(row.disabled_ms),
    )
