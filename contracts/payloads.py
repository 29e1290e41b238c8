"""Every event's payload, as a frozen, versioned type.

Times are Unix milliseconds UTC, lengths metres, money minor units of its currency.

A field added later has a default and keeps the version; a changed meaning gets a new type name with a higher version.
"""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from contracts.fields import (
    Count,
    Currency,
    Direction,
    EventId,
    Figure,
    Gtin,
    Name,
    Phase,
    Role,
    Seconds,
    Share,
    Text,
    TimeMs,
    TripwireKind,
    ZoneKind,
)
from contracts.operations import DeviceHealth, EventsThinned
from contracts.privacy import PrivacyClass, StoreLocalPayload, UplinkPayload
from contracts.pseudonym import MemberPseudonym
from contracts.staff import StaffEvidence


class Stay(Struct, frozen=True, kw_only=True):
    """One time interval of one person in one zone. `left_ms` is None while the stay goes on."""

    zone_id: Name
    zone_kind: ZoneKind
    entered_ms: TimeMs
    left_ms: TimeMs | None = None


class PathPoint(Struct, frozen=True, array_like=True):
    """Where a person stood: `[t_ms, x_m, y_m]` on the store's floor."""

    t_ms: TimeMs
    x_m: float
    y_m: float


class ZoneCount(Struct, frozen=True, kw_only=True):
    """How many people were in one zone at the event's time.

    Of a queue also how many of them waited in line, and how long the first of these had waited by then, if any did.
    """

    zone_id: Name
    zone_kind: ZoneKind
    people: Count
    waiting: Count | None = None
    longest_wait_s: Seconds | None = None


class HeatCell(Struct, frozen=True, array_like=True):
    """How long people stood in one square of the floor: `[column, row, person_s]`.

    The square reaches from `column * cell_m` to `(column + 1) * cell_m` metres in x, and likewise in y.
    """

    column: int
    row: int
    person_s: Seconds


class SaleLine(Struct, frozen=True, kw_only=True):
    """One line of a receipt. A returned item has a negative quantity."""

    gtin: Gtin | None
    quantity: float
    unit_price_minor: int
    description: Text | None = None


class FootfallCrossing(UplinkPayload, frozen=True, kw_only=True):
    """A track crossed a tripwire.

    Crossings with one `party_hint` are people who passed together: one buying unit. `figure` is told only where the
    camera knows heights.
    """

    TYPE: ClassVar[str] = "org.shopthread.footfall.crossing.v1"
    PRIVACY: ClassVar[PrivacyClass] = PrivacyClass.ANONYMOUS
    SUMMARY: ClassVar[str] = "A track crossed a tripwire, once per passage."

    tripwire_id: Name
    tripwire_kind: TripwireKind
    direction: Direction
    track_id: Name
    confidence: Share
    party_hint: Name | None = None
    figure: Figure | None = None
    rule_version: Name


class VisitSegment(UplinkPayload, frozen=True, kw_only=True):
    """What one device saw of one person, as known so far. A later phase supersedes an earlier one.

    Segments of one device with one `reentry_hint` are one person who left its sight and came back; those with one
    `group_hint` are people who came together. `staff_rule_version` names the rule behind `staff_score`, and
    `staff_evidence` says what it follows from.
    """

    TYPE: ClassVar[str] = "org.shopthread.visit.segment.v1"
    PRIVACY: ClassVar[PrivacyClass] = PrivacyClass.ANONYMOUS
    SUMMARY: ClassVar[str] = "What one device saw of one person: stays, floor path, phase."

    segment_id: EventId
    track_id: Name
    phase: Phase
    ordinal: Count
    opened_ms: TimeMs
    updated_ms: TimeMs
    closed_ms: TimeMs | None = None
    stays: tuple[Stay, ...] = ()
    path: tuple[PathPoint, ...] = ()
    path_error_m: Annotated[float, Meta(ge=0)] | None = None
    group_hint: Name | None = None
    reentry_hint: Name | None = None
    figure: Figure | None = None
    staff_score: Share | None = None
    staff_rule_version: Name | None = None
    staff_evidence: tuple[StaffEvidence, ...] = ()
    rule_version: Name


class ZoneOccupancy(UplinkPayload, frozen=True, kw_only=True):
    """People in each zone of one device at one instant."""

    TYPE: ClassVar[str] = "org.shopthread.zone.occupancy.v1"
    PRIVACY: ClassVar[PrivacyClass] = PrivacyClass.ANONYMOUS
    SUMMARY: ClassVar[str] = "People in each zone, sampled."

    zones: tuple[ZoneCount, ...]


class QueueWait(UplinkPayload, frozen=True, kw_only=True):
    """One person waited in one queue: how long, and how it ended.

    `unknown` says that the person was lost from sight while waiting.
    """

    TYPE: ClassVar[str] = "org.shopthread.queue.wait.v1"
    PRIVACY: ClassVar[PrivacyClass] = PrivacyClass.ANONYMOUS
    SUMMARY: ClassVar[str] = "One person's wait in a queue: joined, left, served or abandoned."

    zone_id: Name
    track_id: Name
    segment_id: EventId
    joined_ms: TimeMs
    left_ms: TimeMs
    outcome: Literal["served", "abandoned", "unknown"]
    rule_version: Name


class FloorHeat(UplinkPayload, frozen=True, kw_only=True):
    """Where on the floor people stood in an interval, and for how long; squares where nobody stood are left out."""

    TYPE: ClassVar[str] = "org.shopthread.floor.heat.v1"
    PRIVACY: ClassVar[PrivacyClass] = PrivacyClass.ANONYMOUS
    SUMMARY: ClassVar[str] = "Seconds that people stood in each square of the floor, per interval."

    interval_start_ms: TimeMs
    interval_end_ms: TimeMs
    cell_m: Annotated[float, Meta(gt=0)]
    cells: tuple[HeatCell, ...]


class Coverage(UplinkPayload, frozen=True, kw_only=True):
    """How much of an interval a device really observed. Missing is not zero."""

    TYPE: ClassVar[str] = "org.shopthread.coverage.v1"
    PRIVACY: ClassVar[PrivacyClass] = PrivacyClass.OPERATIONAL
    SUMMARY: ClassVar[str] = "Seconds observed, frames processed and dropped, per device and interval."

    interval_start_ms: TimeMs
    interval_end_ms: TimeMs
    observed_s: Seconds
    frames_processed: Count
    frames_dropped: Count


class CodeScanned(UplinkPayload, frozen=True, kw_only=True):
    """A terminal read a code."""

    TYPE: ClassVar[str] = "org.shopthread.code.scanned.v1"
    PRIVACY: ClassVar[PrivacyClass] = PrivacyClass.PSEUDONYMOUS
    SUMMARY: ClassVar[str] = "A terminal read an item code, a member code or both."

    scan_id: Name
    code: Text
    gtin: Gtin | None = None
    serial: Text | None = None
    lot: Text | None = None
    member: MemberPseudonym | None = None
    result: Literal["item", "member", "unreadable"]
    zone_id: Name | None = None
    in_store_proof: Literal["terminal", "store_token", "none"] = "terminal"


class StaffShown(UplinkPayload, frozen=True, kw_only=True):
    """Somebody showed a staff card at a terminal. Whose card it was is never sent."""

    TYPE: ClassVar[str] = "org.shopthread.staff.shown.v1"
    PRIVACY: ClassVar[PrivacyClass] = PrivacyClass.OPERATIONAL
    SUMMARY: ClassVar[str] = "A member of staff showed a card at a terminal: where and when, never who."

    zone_id: Name | None


class PosSale(UplinkPayload, frozen=True, kw_only=True):
    """A receipt: a sale, a void or a refund."""

    TYPE: ClassVar[str] = "org.shopthread.pos.sale.v1"
    PRIVACY: ClassVar[PrivacyClass] = PrivacyClass.PSEUDONYMOUS
    SUMMARY: ClassVar[str] = "A receipt with its lines; also voids and refunds."

    receipt_id: Name
    kind: Literal["sale", "void", "refund"] = "sale"
    reverses_receipt_id: Name | None = None
    lines: tuple[SaleLine, ...]
    total_minor: int
    currency: Currency
    tender: Name | None = None
    member: MemberPseudonym | None = None
    zone_id: Name | None = None


class StoreOccupancy(UplinkPayload, frozen=True, kw_only=True):
    """How many people are in the store by all its entrances: who went in minus who went out since the last reset.

    `reset_from` is set where the count began anew, as at closing: what it was before, which is the day's drift.
    A later event with the same time corrects it. `reset_note` says why somebody reset the count by hand.
    """

    TYPE: ClassVar[str] = "org.shopthread.store.occupancy.v1"
    PRIVACY: ClassVar[PrivacyClass] = PrivacyClass.ANONYMOUS
    SUMMARY: ClassVar[str] = "People in the store by its entrances; resets are told with what they corrected."

    people: int
    went_in: Count
    went_out: Count
    since_ms: TimeMs
    drift_per_100: float | None = None
    reset_from: int | None = None
    reset_reason: Literal["closing", "manual"] | None = None
    reset_note: Text | None = None
    rule_version: Name


class VisitRevised(UplinkPayload, frozen=True, kw_only=True):
    """A whole visit as the gateway knows it so far. A higher revision supersedes a lower one.

    `role` is who made it, as `staff_rule_version` decided it from `staff_score`; None where nothing was known of that.
    """

    TYPE: ClassVar[str] = "org.shopthread.visit.revised.v1"
    PRIVACY: ClassVar[PrivacyClass] = PrivacyClass.ANONYMOUS
    SUMMARY: ClassVar[str] = "A whole visit as known so far, in numbered revisions."

    visit_id: EventId
    revision: Annotated[int, Meta(ge=1)]
    status: Literal["open", "closed", "merged", "withdrawn"]
    segment_ids: tuple[EventId, ...]
    opened_ms: TimeMs
    updated_ms: TimeMs
    closed_ms: TimeMs | None = None
    stays: tuple[Stay, ...] = ()
    path: tuple[PathPoint, ...] = ()
    path_error_m: Annotated[float, Meta(ge=0)] | None = None
    party_id: Name | None = None
    staff_score: Share | None = None
    staff_rule_version: Name | None = None
    staff_evidence: tuple[StaffEvidence, ...] = ()
    role: Role | None = None
    merged_into: EventId | None = None
    rule_version: Name


class Correction(UplinkPayload, frozen=True, kw_only=True):
    """Earlier events did not occur or were wrong. Vocabulary of EPCIS 2.0's errorDeclaration."""

    TYPE: ClassVar[str] = "org.shopthread.correction.v1"
    PRIVACY: ClassVar[PrivacyClass] = PrivacyClass.OPERATIONAL
    SUMMARY: ClassVar[str] = "Earlier events did not occur or were wrong."

    corrects: Annotated[tuple[EventId, ...], Meta(min_length=1)]
    reason: Literal["did_not_occur", "incorrect_data"]
    corrective_event_ids: tuple[EventId, ...] = ()
    note: Text | None = None


class AppearanceSignature(StoreLocalPayload, frozen=True, kw_only=True):
    """A quantized appearance embedding under the day's secret rotation. Stays in the store, in memory, for a day."""

    TYPE: ClassVar[str] = "org.shopthread.appearance.signature.v1"
    SUMMARY: ClassVar[str] = "A quantized appearance embedding under the day's secret rotation."

    segment_id: EventId
    key_id: Name
    signature: Annotated[bytes, Meta(max_length=4096)]


UPLINK_PAYLOADS: tuple[type[UplinkPayload], ...] = (
    FootfallCrossing,
    VisitSegment,
    ZoneOccupancy,
    QueueWait,
    FloorHeat,
    Coverage,
    CodeScanned,
    StaffShown,
    PosSale,
    DeviceHealth,
    StoreOccupancy,
    EventsThinned,
    VisitRevised,
    Correction,
)
STORE_LOCAL_PAYLOADS: tuple[type[StoreLocalPayload], ...] = (AppearanceSignature,)
