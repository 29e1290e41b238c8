"""What the endpoints of analytics answer. Rows are many: they are plain dataclasses, which are written quickly."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, Field


class MetricTitle(BaseModel):
    """What people call a metric."""

    en: str
    zh: str


class MetricDefinition(BaseModel):
    """A metric as the catalogue defines it."""

    name: str = Field(examples=["conversion_by_visit"])
    title: MetricTitle
    formula: str = Field(examples=["transactions / heads"])
    unit: str = Field(examples=["share"])
    kind: str = Field(description="`sum` adds up; `ratio` is a quotient of sums; `peak` the largest; `members` neither")
    grains: list[str]
    needs: list[str] = Field(description="What a shop must have for the value to be known")
    numerator: list[str] = Field(description="The additive parts above")
    denominator: list[str] = Field(description="The additive parts below, of a ratio")
    rule_versions: list[str]
    has_coverage: bool = Field(description="Whether coverage by cameras stands beside the value")
    has_currency: bool
    has_band: bool = Field(description="Whether uncertain links give it a band from `low` to `high`")


@dataclass(slots=True, kw_only=True)
class Comparison:
    """The same figure of an earlier time."""

    start: str
    end: str
    value: float | int | None
    coverage: float | None
    change: Annotated[
        float | None, Field(description="value / earlier value - 1; null where either is unknown or the earlier 0")
    ]


@dataclass(slots=True, kw_only=True)
class MetricRow:
    """The value of one shop, region or all shops in one interval."""

    store: Annotated[str | None, Field(description="null: more than one shop")]
    region: str | None
    start: Annotated[
        str,
        Field(
            description="In the shop's time zone, with its offset; of shops in several zones local time without one",
            examples=["2026-03-01T00:00:00+01:00"],
        ),
    ]
    end: str
    value: Annotated[float | int | None, Field(description="null: not observed, which is not the same as none")]
    low: Annotated[
        float | None, Field(description="Lower end of the 95 % band that uncertain links leave; null: none are")
    ]
    high: float | None
    coverage: Annotated[
        float | None,
        Field(description="Share of opening time that cameras observed; null: not from cameras, or none are expected"),
    ]
    sample: Annotated[float | int, Field(description="On how much the value rests: visits, receipts, waits, members")]
    is_partial: Annotated[bool, Field(description="The interval is not over, or reaches beyond the asked period")]
    is_estimated: Annotated[bool, Field(description="Gaps were filled by estimate, as asked")]
    compared: Annotated[Comparison | None, Field(description="As `compare` asks")] = None


class MetricRows(BaseModel):
    """A metric's values."""

    metric: str
    unit: str
    currency: str | None = Field(description="Of money")
    grain: str
    from_: str = Field(serialization_alias="from", examples=["2026-03-01"])
    to: str = Field(description="Excluded", examples=["2026-03-08"])
    rows: list[MetricRow]
    next_cursor: str | None = Field(description="For the next page; null: this is the last one")
