"""What rollups keep of each hour and day of a store: integers that add up, so that any sum of them is exact. Pure."""

SUMS = (
    "footfall_in",
    "footfall_out",
    "passersby",
    "visits",
    "staff_visits",
    "parties",
    "dwell_ms",
    "dwell_visits",
    "person_ms",
    "queue_served",
    "queue_abandoned",
    "queue_unknown",
    "queue_wait_ms",
    "seen_ms",
    "observed_ms",
    "scans",
    "receipts",
    "transactions",
    "member_transactions",
    "units_milli",
    "linked_ppm",
    "linked_variance_ppm",
    "buyers_ppm",
    "buyers_variance_ppm",
    "shelf_ppm",
    "shelf_variance_ppm",
    "scan_ppm",
    "scan_variance_ppm",
    "purchase_ppm",
    "purchase_variance_ppm",
)
"""Parts that add up over hours, days and stores.

`_ppm` are probabilities in millionths: a visit that is linked with probability 0.97 counts 970,000.
`seen_ms` is what cameras observed at all, `observed_ms` what of it lies within opening hours, both over all cameras.
`shelf_ppm`, `scan_ppm` and `purchase_ppm` are the visits that came to each step of `FUNNEL_STEPS`, one after the other.
`receipts` are all events of tills that stand, `transactions` the sales among them that were not voided.
"""

PEAKS = ("peak_people",)
"""Parts of which the largest counts, over hours, days and stores."""

CALENDAR = ("open_ms", "expected_ms")
"""Parts of a day on which cameras see: how long the shop was open, and that over all expected cameras."""

MONEY = ("sales_minor", "money_transactions")
"""Parts by currency: sales less refunds in minor units, and the sales among them."""

CAMERA_COUNTS = (
    "footfall_in",
    "footfall_out",
    "passersby",
    "visits",
    "staff_visits",
    "person_ms",
    "queue_served",
    "queue_abandoned",
    "queue_unknown",
)
"""Where one of these is not 0 a camera saw something, also before the coverage of that time arrived."""

FUNNEL_STEPS = ("entry", "shelf", "scan", "purchase")
"""The steps that are summed with everything else; how far visits come along others is counted visit by visit."""

PPM = 1_000_000
"""One whole, in millionths."""
