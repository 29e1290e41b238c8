"""What the floor endpoints take and answer."""

from typing import Annotated

from pydantic import BaseModel, Field

from contracts.fields import TripwireKind, ZoneKind

Metres = Annotated[float, Field(ge=-10_000, le=10_000)]
Point = tuple[Metres, Metres]
Corners = Annotated[list[Point], Field(min_length=3, max_length=200)]
Name = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$")]
_MAX_PARTS = 500


class HeatSquare(BaseModel):
    """How long people stood in one square: from `column * cell_m` to `(column + 1) * cell_m` in x, likewise in y."""

    column: int
    row: int
    person_s: float


class Heat(BaseModel):
    """Where people stood. Squares that are not listed: nobody stood there, as far as it was observed."""

    store: str
    from_: str = Field(serialization_alias="from")
    to: str
    cell_m: float | None = Field(description="Side of a square, m; null where no square was told")
    squares: list[HeatSquare] | None = Field(description="null: nothing was observed, which is not the same as nobody")
    devices: list[str] = Field(description="Cameras that told where people stood")
    observed_s: float = Field(description="Seconds observed, over all cameras")
    coverage: float | None = Field(description="Share observed; null where there was nothing to observe")


class PlanZone(BaseModel):
    """A zone."""

    zone_id: Name
    zone_kind: ZoneKind
    corners: Corners


class PlanObstacle(BaseModel):
    """What stands in the way: a wall, a shelf, a counter."""

    name: str = Field(default="", max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")
    corners: Corners


class PlanLine(BaseModel):
    """A tripwire."""

    tripwire_id: Name
    kind: TripwireKind
    start: Point
    end: Point


class PlanPlace(BaseModel):
    """A device where it stands."""

    device: Name
    at: Point


class Plan(BaseModel):
    """The floor as people drew it, in the metres of the cameras' floor: x to the right, y down."""

    zones: list[PlanZone] = Field(default=[], max_length=_MAX_PARTS)
    obstacles: list[PlanObstacle] = Field(default=[], max_length=_MAX_PARTS)
    tripwires: list[PlanLine] = Field(default=[], max_length=_MAX_PARTS)
    devices: list[PlanPlace] = Field(default=[], max_length=_MAX_PARTS)
