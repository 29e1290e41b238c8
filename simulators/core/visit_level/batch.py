"""What is drawn: the visits of one store and day, as columns."""

from datetime import date

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from simulators.core.plans import Purpose
from simulators.core.visit_level.store_map import StoreMap

PURPOSES: tuple[Purpose, ...] = ("browse", "buy", "scan", "refund", "try_on")
BROWSE, BUY, SCAN, REFUND, TRY_ON = range(len(PURPOSES))
ROLES = ("shopper", "staff", "delivery")
SHOPPER, STAFF, DELIVERY = range(len(ROLES))
SHOWN = ("", "member_number", "phone", "card", "openid")
"""What a member can show; the empty one stands for nothing."""
NOBODY = -1
"""Stands in a column of indexes where there is none."""

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Longs = NDArray[np.int64]
Integers = NDArray[np.int32]
Shorts = NDArray[np.int16]
Bytes = NDArray[np.int8]
Flags = NDArray[np.bool_]


class VisitBatch(Struct, frozen=True, kw_only=True, eq=False):
    """All visits of one store that began on one local day: N visits, S stays, L lines of receipts.

    Shoppers stand first, in order of arrival; those of the staff and of deliveries follow.

    Attributes:
        store_index: Which store, from 0.
        store: Its id.
        day: The local day.
        places: What the indexes of doors, zones, tills and products stand for.
        passers_by: How many walked past in each local hour and did not come in, shape (24,).
        party: Number of the party, unique in the store, shape (N,).
        role: Index in `ROLES`.
        arrived_ms: When the party came through the door, Unix milliseconds UTC.
        dwell_s: From then until it left, with a time outside in between if there was one.
        door: Index of the door by which it came.
        left_by: Index of the door by which it left.
        size: How many people.
        children: How many of them are children.
        purpose: Index in `PURPOSES`; `NOBODY` for others than shoppers.
        turned: Turned round in the door.
        away_from_s: When one of them went out for a while, since arrival; NaN: nobody did.
        away_s: For how long.
        member: Number of the member among them, `NOBODY` if none.
        joined: The member's first visit.
        shown: Index in `SHOWN`: what the member showed at a terminal or till.
        till: Index of the till that served them, `NOBODY` if none did.
        wait_s: How long they stood in line.
        abandoned: Gave up waiting and left the goods behind.
        scans: Codes scanned at a terminal.
        voided: The sale was voided and rung up again.
        total_minor: What was paid in the end, minor units; negative for a refund.
        stay_offsets: Where each visit's stays begin in the next three columns, shape (N + 1,).
        stay_zone: Index of the zone, shape (S,).
        stay_from_s: When the stay began, since arrival.
        stay_s: How long it lasted.
        line_offsets: Where each visit's receipt begins in the next two columns, shape (N + 1,).
        line_product: Index of the product, shape (L,).
        line_quantity: How many; negative for what came back.
    """

    store_index: int
    store: str
    day: date
    places: StoreMap
    passers_by: Integers
    party: Longs
    role: Bytes
    arrived_ms: Longs
    dwell_s: Singles
    door: Bytes
    left_by: Bytes
    size: Bytes
    children: Bytes
    purpose: Bytes
    turned: Flags
    away_from_s: Singles
    away_s: Singles
    member: Longs
    joined: Flags
    shown: Bytes
    till: Bytes
    wait_s: Singles
    abandoned: Flags
    scans: Bytes
    voided: Flags
    total_minor: Longs
    stay_offsets: Integers
    stay_zone: Shorts
    stay_from_s: Singles
    stay_s: Singles
    line_offsets: Integers
    line_product: Shorts
    line_quantity: Bytes

    def __len__(self) -> int:
        return len(self.party)
