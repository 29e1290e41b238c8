"""What the scans of one code mean. Pure: the same set of scans gives the same verdicts in any order.

A code under the cap cannot be read before its item is opened, so its first scan authenticates the item. A code on the
pack is read by whoever looks the item up on the shelf; it authenticates only after the item was sold. A code that is in
two places between which nobody can have carried it is on two items.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import asin, cos, radians, sin, sqrt
from typing import Literal

from msgspec import Struct

Kind = Literal["outer", "inner"]
Verdict = Literal["looked_up", "first", "again", "repeat", "impossible_travel", "unknown_code"]

_EARTH_RADIUS_M = 6_371_008.8
"""Mean radius R1 of the reference ellipsoid GRS 80 (Moritz 2000)."""
_MS_PER_S = 1000


class Place(Struct, frozen=True, kw_only=True):
    """A store, with its position where one is known.

    Attributes:
        store: The store's name.
        latitude_deg: WGS 84, -90 to 90. None: unknown.
        longitude_deg: WGS 84, -180 to 180. None: unknown.
    """

    store: str
    latitude_deg: float | None = None
    longitude_deg: float | None = None


class CodeScan(Struct, frozen=True, kw_only=True):
    """One scan of the code.

    Attributes:
        scan_id: Tells it from every other scan.
        time_ms: When, Unix milliseconds.
        person: The profile that was shown. None: nobody's.
        place: Where. None: nothing proves where.
    """

    scan_id: str
    time_ms: int
    person: str | None = None
    place: Place | None = None


class IssuedCode(Struct, frozen=True, kw_only=True):
    """What the registry says of the code.

    Attributes:
        kind: Under the cap (inner) or on the pack (outer).
        sold_ms: Since when the item is known to be sold, Unix milliseconds. None: nobody knows of a sale.
    """

    kind: Kind
    sold_ms: int | None = None


class CodeRules(Struct, frozen=True, kw_only=True):
    """What nobody can do.

    Attributes:
        max_speed_m_s: How fast an item travels at most; an airliner's cruising speed unless set.
        other_store_ms: How soon an item can be in another store, where a position is unknown.
        clock_tolerance_ms: How far two terminals' clocks may lie apart.
        clone_persons: So many different profiles after whom a code is held to be on several items.
    """

    max_speed_m_s: float = 250.0
    other_store_ms: int = 600_000
    clock_tolerance_ms: int = 60_000
    clone_persons: int = 3


class Judgement(Struct, frozen=True, kw_only=True):
    """What the scans of a code mean.

    Attributes:
        verdicts: By scan.
        first_scan_id: The scan that authenticated the item. None: none did.
        persons: How many different profiles claimed the item by an authenticating scan.
        is_cloned: Whether the evidence is strong that several items bear the code.
    """

    verdicts: dict[str, Verdict]
    first_scan_id: str | None
    persons: int
    is_cloned: bool


def judge(scans: Iterable[CodeScan], issued: IssuedCode | None, rules: CodeRules, *, registered: bool) -> Judgement:
    """Return what the scans of one code mean.

    Args:
        scans: All scans of the code that are known, in any order; one that comes twice counts once.
        issued: What the registry says of the code. None: it was never issued.
        rules: What nobody can do.
        registered: Whether any code of this GTIN was issued. Where none was, an unknown serial says nothing.
    """
    ordered = sorted({scan.scan_id: scan for scan in scans}.values(), key=_order)
    if issued is None and registered:
        unknown: dict[str, Verdict] = {scan.scan_id: "unknown_code" for scan in ordered}
        return Judgement(verdicts=unknown, first_scan_id=None, persons=0, is_cloned=False)
    impossible = _impossible(ordered, rules)
    verdicts: dict[str, Verdict] = dict.fromkeys((scan.scan_id for scan in ordered), "looked_up")
    verdicts |= dict.fromkeys(impossible, "impossible_travel")
    claims = [scan for scan in ordered if _authenticates(scan, issued) and scan.scan_id not in impossible]
    for number, claim in enumerate(claims):
        verdicts[claim.scan_id] = "first" if number == 0 else _later(claims[0], claim)
    persons = len({claim.person for claim in claims} - {None})
    return Judgement(
        verdicts=verdicts,
        first_scan_id=claims[0].scan_id if claims else None,
        persons=persons,
        is_cloned=bool(impossible) or persons >= rules.clone_persons,
    )


def distance_m(start: Place, end: Place) -> float | None:
    """Return the great-circle distance in metres, None where a position lacks (haversine formula, Sinnott 1984)."""
    degrees = (start.latitude_deg, start.longitude_deg, end.latitude_deg, end.longitude_deg)
    known = [radians(each) for each in degrees if each is not None]
    if len(known) < len(degrees):
        return None
    start_lat, start_lon, end_lat, end_lon = known
    chord = sin((end_lat - start_lat) / 2) ** 2 + cos(start_lat) * cos(end_lat) * sin((end_lon - start_lon) / 2) ** 2
    return 2 * _EARTH_RADIUS_M * asin(min(1.0, sqrt(chord)))


def _order(scan: CodeScan) -> tuple[int, str]:
    return (scan.time_ms, scan.scan_id)


def _authenticates(scan: CodeScan, issued: IssuedCode | None) -> bool:
    if issued is None:
        return False
    return issued.kind == "inner" or (issued.sold_ms is not None and scan.time_ms >= issued.sold_ms)


def _later(first: CodeScan, claim: CodeScan) -> Verdict:
    return "again" if claim.person is not None and claim.person == first.person else "repeat"


def _impossible(ordered: Sequence[CodeScan], rules: CodeRules) -> set[str]:
    """Return the scans that no item can have reached from where it was scanned before."""
    placed = [(scan, scan.place) for scan in ordered if scan.place is not None]
    return {
        scan.scan_id
        for (earlier, start), (scan, end) in pairwise(placed)
        if start.store != end.store and not _can_travel(start, end, scan.time_ms - earlier.time_ms, rules)
    }


def _can_travel(start: Place, end: Place, elapsed_ms: int, rules: CodeRules) -> bool:
    apart_m = distance_m(start, end)
    allowed_ms = elapsed_ms + rules.clock_tolerance_ms
    if apart_m is None:
        return allowed_ms >= rules.other_store_ms
    return apart_m <= rules.max_speed_m_s * allowed_ms / _MS_PER_S
