"""HTTP of channels: who is told of alerts, and what became of it."""

from email.errors import MessageError
from email.headerregistry import Address
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path

from cloud.alerts import delivery_repository as repository
from cloud.alerts.schemas import Channel, ChannelBody, Channels, Deliveries, NewChannel
from cloud.alerts.showing import show_delivery
from cloud.alerts.tables import alert_channels, alert_deliveries
from cloud.auth import ERRORS, INVALID, INVALID_BODY, NOT_FOUND, CanHandleAlerts, CanRead, InContext
from cloud.context import Context
from cloud.db import AnyRow, ReadSession
from cloud.errors import ProblemError, invalid_value, not_found
from cloud.instants import show_instant, write_instant
from cloud.webhooks.listing import AskedDeliveries
from cloud.webhooks.secrets import secret_owner
from cloud.webhooks.targets import secret_for
from contracts.ids import deterministic_id

router = APIRouter(prefix="/v1/alert-channels", tags=["alerts"], responses={**ERRORS, **INVALID})
_MOST_CHANNELS = 50
ChannelId = Annotated[str, Path(description="The `id` of a channel", max_length=36)]
DeliveryId = Annotated[int, Path(description="The `id` of a delivery", ge=1, le=(1 << 63) - 1)]


@router.get("", summary="Who can be told")
def read_all(principal: CanRead, context: InContext) -> Channels:
    """List channels, without their secrets."""
    with context.database.read() as session:
        return Channels(items=[_show(row) for row in repository.list_channels(session, principal.tenant)])


@router.post("", summary="Add somebody to be told", responses=INVALID_BODY)
def add(body: ChannelBody, principal: CanHandleAlerts, context: InContext) -> NewChannel:
    """Name a webhook or an address; rules say of what it is told. Webhooks are signed, as those of changes are."""
    secret = secret_for(context, "target", body.target, body.secret) if body.kind == "webhook" else None
    if body.kind == "email":
        _check_address(body, context)
    now_ms = context.clock()
    with context.database.write() as session:
        held = repository.list_channels(session, principal.tenant)
        if len(held) >= _MOST_CHANNELS:
            detail = f"there are {len(held)} channels, as many as there may be; remove one first"
            raise ProblemError(HTTPStatus.CONFLICT, "too-many-channels", "Too many channels", detail)
        channel_id = deterministic_id(now_ms, "alert-channel", principal.tenant, body.kind, body.target, len(held))
        row = {
            "id": channel_id,
            "tenant": principal.tenant,
            **body.model_dump(include={"kind", "name", "target", "language"}),
            "secret": None if secret is None else context.keys.seal(secret, secret_owner(channel_id)),
            "created_ms": now_ms,
        }
        session.insert(alert_channels, [row])
        made = _held(session, principal.tenant, channel_id)
    return NewChannel(**_show(made).model_dump(), secret=secret)


@router.delete("/{channel_id}", summary="Tell it no more", responses=NOT_FOUND, status_code=204)
def remove(channel_id: ChannelId, principal: CanHandleAlerts, context: InContext) -> None:
    """Forget a channel with its secret and its deliveries; rules that name it pass over it."""
    with context.database.write() as session:
        if not repository.remove_channel(session, principal.tenant, channel_id):
            raise _unknown(channel_id)


@router.get("/{channel_id}/deliveries", summary="What became of telling it", responses=NOT_FOUND)
def read_deliveries(
    channel_id: ChannelId, principal: CanRead, context: InContext, asked: AskedDeliveries
) -> Deliveries:
    """List deliveries with attempts, the last answer and the last fault."""
    with context.database.read() as session:
        _held(session, principal.tenant, channel_id)
        of_channel = alert_deliveries.c.channel_id == channel_id
        rows = repository.list_deliveries(session, principal.tenant, of_channel, asked)
    following = asked.following([row.id for row in rows])
    return Deliveries(items=[show_delivery(row) for row in rows], next_before=following)


@router.post("/{channel_id}/deliveries/{delivery_id}/retry", summary="Try again", responses=NOT_FOUND, status_code=204)
def retry(channel_id: ChannelId, delivery_id: DeliveryId, principal: CanHandleAlerts, context: InContext) -> None:
    """Make a delivery due now, also a dead or a delivered one, with all attempts before it."""
    with context.database.write() as session:
        if not repository.retry_delivery(session, principal.tenant, channel_id, delivery_id, context.clock()):
            raise not_found(noun="delivery", key=str(delivery_id), remedy="GET .../deliveries lists them")


def _check_address(body: ChannelBody, context: Context) -> None:
    if context.settings.mail_server is None:
        detail = "no server for e-mails is set; an operator sets SHOPTHREAD_CLOUD_SMTP_HOST and ..._SMTP_FROM"
        raise ProblemError(HTTPStatus.CONFLICT, "no-mail-server", "No server for e-mails", detail)
    allowed = "one ASCII address such as ana@example.com"
    try:
        address = Address(addr_spec=body.target).addr_spec
    except (ValueError, IndexError, MessageError) as error:
        raise invalid_value(name="target", value=body.target, allowed=allowed) from error
    if address != body.target or not address.isascii():
        raise invalid_value(name="target", value=body.target, allowed=allowed)


def _held(session: ReadSession, tenant: str, channel_id: str) -> AnyRow:
    row = repository.find_channel(session, tenant, channel_id)
    if row is None:
        raise _unknown(channel_id)
    return row


def _unknown(channel_id: str) -> ProblemError:
    return not_found(noun="alert-channel", key=channel_id, remedy="GET /v1/alert-channels lists them")


def _show(row: AnyRow) -> Channel:
    return Channel(
        id=row.id,
        kind=row.kind,
        name=row.name,
        target=row.target,
        language=row.language,
        created_at=write_instant(row.created_ms),
        disabled_at=show_instant(row.disabled_ms),
    )
