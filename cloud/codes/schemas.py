"""What the code endpoints take and answer."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from cloud.codes.judge import Kind, Verdict
from cloud.codes.links import SERIAL_PATTERN

Gtin = Annotated[
    str, Field(max_length=14, examples=["09521230000185"], description="8, 12, 13 or 14 digits with their check digit")
]
Serial = Annotated[
    str,
    Field(
        pattern=SERIAL_PATTERN,
        examples=["P4K7WQ2ZLM8NX3TR"],
        description="AI 21: 1 to 20 letters, digits and !\"%&'()*+,-./:;<=>?_",
    ),
]
Alert = Literal["cloned", "unknown_code", "repeat"]


class ProductBody(BaseModel):
    """What all items of a GTIN are called, and where people read more."""

    gtin: Gtin
    name: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$", examples=["Red wine"])
    page_url: str | None = Field(
        default=None, max_length=2048, pattern=r"^https?://[^\s\x00-\x1f\"<>\\]+$", examples=["https://example.com/red"]
    )


class IssuedBody(BaseModel):
    """One code as it was issued."""

    gtin: Gtin
    serial: Serial
    kind: Kind
    lot: str | None = Field(default=None, pattern=SERIAL_PATTERN, description="AI 10, the same characters")
    outer_serial: str | None = Field(
        default=None, pattern=SERIAL_PATTERN, description="Of the pack that an inner code lies in; issued before"
    )
    sold_at: str | None = Field(default=None, description="When the item was sold, RFC 3339, if that is known")


class CodesBody(BaseModel):
    """Products and codes that are taken in together, or not at all."""

    products: list[ProductBody] = Field(default=[], max_length=1000)
    codes: list[IssuedBody] = Field(default=[], max_length=1000)


class CodesTaken(BaseModel):
    """What became of a batch."""

    added: int
    known: int = Field(description="Registered before, the same")
    sold: int = Field(description="Registered before, and sold at another instant than was known")
    products: int
    dry_run: bool


class CodeState(BaseModel):
    """What scans say of a code as a whole."""

    scans: int
    repeats: int = Field(description="Scans by others after the one that authenticated")
    persons: int = Field(description="Different profiles that claimed the item")
    authenticated_at: str | None
    last_scan_at: str | None
    is_cloned: bool
    alert: Alert | None


class CodeSummary(CodeState):
    """A code. `kind` is null where it was never issued."""

    gtin: str
    serial: str
    kind: Kind | None
    lot: str | None
    outer_serial: str | None
    sold_at: str | None
    product_name: str | None


class CodeList(BaseModel):
    """A page of issued codes, by GTIN and serial."""

    items: list[CodeSummary]
    next_after: str | None = Field(description="Send it as `after` to read on; null at the end")


class Alerts(BaseModel):
    """A page of codes with which something is wrong, the latest scanned first."""

    total: int = Field(description="All pages together")
    items: list[CodeSummary]


class ScanBody(BaseModel):
    """One scan of a code."""

    touch_id: str
    at: str
    store: str | None = Field(description="Null where nothing proves that it was in a store")
    device: str
    zone_id: str | None
    in_store_proof: str
    one_id: str | None = Field(description="The profile that was shown; null also for a key without scope members")
    verdict: Verdict | None = Field(description="Null for a moment, until the scan is judged")


class CodeDetail(CodeSummary):
    """A code with its history."""

    page_url: str | None
    link: str = Field(description="The path of its GS1 Digital Link", examples=["/01/09521230000185/21/P4K7"])
    history: list[ScanBody] = Field(description="Scans in order of time, the first 500")


class Position(BaseModel):
    """Where a store is, WGS 84."""

    latitude_deg: float = Field(ge=-90, le=90, examples=[51.5074])
    longitude_deg: float = Field(ge=-180, le=180, examples=[-0.1278])
