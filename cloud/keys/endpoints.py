"""HTTP of API keys."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from cloud.auth import ERRORS, INVALID_BODY, NOT_FOUND, CanAdminister, InContext
from cloud.errors import invalid_value, not_found
from cloud.keys.service import SCOPES, ScopeError

router = APIRouter(prefix="/v1/keys", tags=["keys"], responses=ERRORS)


class KeyRequest(BaseModel):
    """What a new key may do."""

    scopes: list[str] = Field(examples=[["ingest"]], description=f"Some of {', '.join(SCOPES)}")


class KeyOnce(BaseModel):
    """A new key. It is shown now and never again; only its hash is kept."""

    id: str
    tenant: str
    key: str = Field(examples=["stk_..."])
    scopes: list[str]


@router.post("", summary="Make a key for your tenant", status_code=HTTPStatus.CREATED, responses=INVALID_BODY)
def post_key(body: KeyRequest, principal: CanAdminister, context: InContext) -> KeyOnce:
    """Make a key and show it once."""
    try:
        made = context.keys.create(principal.tenant, body.scopes)
    except ScopeError as error:
        raise invalid_value(name="scopes", value=body.scopes, allowed=f"some of {', '.join(SCOPES)}") from error
    return KeyOnce(id=made.key_id, tenant=principal.tenant, key=made.secret, scopes=sorted(set(body.scopes)))


@router.delete(
    "/{key_id}", summary="Revoke a key", status_code=HTTPStatus.NO_CONTENT, responses=NOT_FOUND, response_class=Response
)
def delete_key(
    key_id: Annotated[str, Path(description="The `id` that came with the key")],
    principal: CanAdminister,
    context: InContext,
) -> None:
    """End a key and the browser sessions opened with it, at once."""
    if not context.keys.revoke(principal.tenant, key_id):
        raise not_found(noun="key", key=key_id, remedy="it may be revoked already")
