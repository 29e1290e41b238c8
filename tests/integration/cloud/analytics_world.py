"""A random world of events for the oracle of analytics: late, revised, voided, corrected and repeated ones."""

import random
from collections.abc import Iterator
from typing import Any

from contracts.payloads import CodeScanned, Coverage, FootfallCrossing, PosSale, QueueWait, SaleLine, Stay, VisitRevised
from tests.integration.cloud.support import MEMBERS, TENANT, Shop, visit_id

DAY_MS = 86_400_000
START_MS = 1_774_569_600_000  # 2026-03-27T00:00:00Z, a Friday: clocks in Berlin change on Sunday
DAYS = 4
ZONES = (("kiosk", "shelf"), ("till", "checkout"), ("line", "queue"))


class World:
    """Draws events of one store."""

    def __init__(self, store: str, seed: int) -> None:
        self.random = random.Random(f"{store}/{seed}")
        self.shop = Shop(tenant=TENANT, store=store)
        self.store = store

    def at(self) -> int:
        return START_MS + self.random.randrange(DAYS * DAY_MS)

    def events(self) -> list[bytes]:
        found = [
            *(event for _ in range(24) for event in self.crossing()),
            *(self.coverage(number) for number in range(30)),
            *(event for number in range(20) for event in self.visit(number)),
            *(event for number in range(25) for event in self.touch(number)),
            *(self.wait(number) for number in range(12)),
        ]
        wrong = self.random.sample(found, 14)
        found += [self.shop.correction(*wrong[:9]), self.shop.correction(*wrong[9:])]
        return found

    def crossing(self) -> Iterator[bytes]:
        data = FootfallCrossing(
            tripwire_id="door",
            tripwire_kind=self.random.choice(["entrance", "entrance", "passby", "internal"]),
            direction=self.random.choice(["in", "out"]),
            track_id="t1",
            confidence=0.9,
            rule_version="1",
        )
        yield self.shop.event("cam-1", data, self.at())

    def coverage(self, number: int) -> bytes:
        start_ms = self.at()
        end_ms = start_ms + self.random.choice([60_000, 1_800_000, 7_200_000 + number])
        data = Coverage(
            interval_start_ms=start_ms,
            interval_end_ms=end_ms,
            observed_s=(end_ms - start_ms) / 1000 * self.random.choice([0, 0.37, 1]),
            frames_processed=1,
            frames_dropped=0,
        )
        return self.shop.event(self.random.choice(["cam-1", "cam-2", "cam-3"]), data, end_ms)

    def visit(self, number: int) -> Iterator[bytes]:
        number += 100 * len(self.store)
        opened_ms, party = self.at(), self.random.choice([None, f"{self.store}-p{number % 4}"])
        for revision in range(1, self.random.randint(2, 4)):
            opened_ms += self.random.randrange(-1_000_000, 1_000_000)
            yield self.revision(number, revision, opened_ms, party)
        # A visit that surely was at the kiosk and the till, by a member who showed herself there.
        if self.random.random() < 0.4:
            member, scanned_ms = self.random.choice(MEMBERS[:3]), opened_ms + 20_000
            stays = [
                Stay(zone_id="kiosk", zone_kind="shelf", entered_ms=opened_ms, left_ms=opened_ms + 60_000),
                Stay(zone_id="till", zone_kind="checkout", entered_ms=opened_ms + 60_000, left_ms=opened_ms + 180_000),
            ]
            data = VisitRevised(
                visit_id=visit_id(number),
                revision=9,
                status="closed",
                segment_ids=(),
                opened_ms=opened_ms,
                updated_ms=opened_ms + 180_000,
                closed_ms=opened_ms + 180_000,
                stays=tuple(stays),
                party_id=party,
                rule_version="1",
            )
            yield self.shop.event("gateway", data, opened_ms + 180_000, number, 9)
            scan = CodeScanned(scan_id="s", code="x", member=member, result="item", zone_id="kiosk")
            yield self.shop.event("term-1", scan, scanned_ms)
            if self.random.random() < 0.6:
                sale = PosSale(
                    receipt_id=f"{self.store}-m{number}",
                    lines=(),
                    total_minor=700,
                    currency="EUR",
                    member=member,
                    zone_id="till",
                )
                yield self.shop.event("pos-1", sale, opened_ms + 100_000)

    def revision(self, number: int, revision: int, opened_ms: int, party: str | None) -> bytes:
        stays, time_ms = [], opened_ms
        for zone_id, kind in self.random.sample(ZONES, self.random.randint(0, 3)):
            left_ms = time_ms + self.random.randrange(1, 3_000_000)
            stays.append(Stay(zone_id=zone_id, zone_kind=kind, entered_ms=time_ms, left_ms=left_ms))  # type: ignore[arg-type]
            time_ms = left_ms
        status: Any = self.random.choice(["open", "closed", "closed", "closed", "withdrawn", "merged"])
        data = VisitRevised(
            visit_id=visit_id(number),
            revision=revision,
            status=status,
            segment_ids=(),
            opened_ms=opened_ms,
            updated_ms=time_ms,
            closed_ms=time_ms if status == "closed" else None,
            stays=tuple(stays),
            party_id=party,
            role=self.random.choice([None, "customer", "customer", "staff"]),
            staff_score=self.random.choice([None, 0.2, 0.8]),
            rule_version="1",
        )
        return self.shop.event("gateway", data, time_ms, number, revision)

    def touch(self, number: int) -> Iterator[bytes]:
        member = self.random.choice([None, *MEMBERS])
        time_ms = self.at()
        if self.random.random() < 0.4:
            scan = CodeScanned(
                scan_id="s",
                code="x",
                member=member,
                result="item",
                zone_id="kiosk",
                in_store_proof=self.random.choice(["terminal", "terminal", "none"]),
            )
            yield self.shop.event(f"term-{number % 2}", scan, time_ms)
            return
        receipt, currency = f"{self.store}-r{number}", self.random.choice(["EUR", "EUR", "INR"])
        lines = tuple(
            SaleLine(gtin=None, quantity=self.random.choice([1, 2, -1, 0.455]), unit_price_minor=100)
            for _ in range(self.random.randint(0, 3))
        )
        kind: Any = self.random.choice(["sale", "sale", "sale", "refund"])
        total = self.random.randrange(-500, 10_000)
        sale = PosSale(
            receipt_id=receipt,
            kind=kind,
            lines=lines,
            total_minor=total,
            currency=currency,
            member=member,
            zone_id="till",
        )
        yield self.shop.event("pos-1", sale, time_ms)
        if self.random.random() < 0.25:
            void = PosSale(
                receipt_id=f"{receipt}-v",
                kind="void",
                reverses_receipt_id=receipt,
                lines=(),
                total_minor=0,
                currency=currency,
            )
            yield self.shop.event("pos-1", void, self.at())

    def wait(self, number: int) -> bytes:
        joined_ms = self.at()
        data = QueueWait(
            zone_id="line",
            track_id="t",
            segment_id=visit_id(number),
            joined_ms=joined_ms,
            left_ms=joined_ms + self.random.randrange(600_000),
            outcome=self.random.choice(["served", "served", "abandoned", "unknown"]),
            rule_version="1",
        )
        return self.shop.event("cam-1", data, data.left_ms, number)
