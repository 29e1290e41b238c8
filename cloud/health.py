"""Whether the service answers. The one endpoint without a key; it tells nothing else."""

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import select

from cloud.auth import InContext
from cloud.tables import projection_cursors

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The service answers and so does its database."""

    status: str = Field(examples=["ok"])


@router.get("/healthz", summary="Whether the service and its database answer")
def get_health(context: InContext) -> Health:
    """Read something from the database."""
    with context.database.read() as session:
        session.first(select(projection_cursors.c.name).limit(1))
    return Health(status="ok")
