"""What fields of events and settings may hold: names, times, shares, and the words of closed vocabularies."""

from typing import Annotated, Literal

from msgspec import Meta

from contracts.patterns import END

Name = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*" + END)]
EventId = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}" + END)]
TimeMs = Annotated[int, Meta(ge=0, lt=253_402_300_800_000, description="Unix milliseconds, UTC, before the year 10000")]
Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0, le=1 << 53)]
Gtin = Annotated[str, Meta(pattern=r"^[0-9]{14}" + END, description="GTIN, always 14 digits")]
Seconds = Annotated[float, Meta(ge=0)]
Text = Annotated[str, Meta(max_length=2048)]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}" + END, description="ISO 4217")]

ZoneKind = Literal["entrance", "shelf", "fitting_room", "queue", "checkout", "staff", "floor"]
TripwireKind = Literal["entrance", "passby", "internal"]
Direction = Literal["in", "out"]
Phase = Literal["open", "update", "closed"]
Figure = Literal["adult", "child", "cart"]
PictureState = Literal["good", "black", "bright", "frozen", "silent"]
StaffEvidenceKind = Literal["zone", "hours", "presence", "uniform", "card"]
Role = Literal["customer", "staff"]
StorageState = Literal["roomy", "thinning", "full"]
