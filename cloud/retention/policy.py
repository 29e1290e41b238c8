"""How long events of each type are kept in the log, and some records beside it, as an operator writes it. Pure."""

from collections.abc import Mapping

from contracts.payloads import UPLINK_PAYLOADS

_PREFIX, _SUFFIX = "org.shopthread.", ".v1"
MS_PER_DAY = 86_400_000
LEAST_DAYS = 7
"""Gateways that were cut off send what they held for days; what came in less than this ago may be sent again."""

KEPT_FOR_EVER = ("pos.sale", "code.scanned", "correction")
"""Profiles, links and item codes follow from receipts and scans, and what counts at all from corrections."""

RECORD_NAMES = ("alert", "delivery")
"""Records that may be named too: alerts that ended, and what became of telling webhooks and channels."""

Policy = Mapping[str, int]
"""By type of event or name of records, for how many milliseconds after it came in, or ended, it is kept."""


def short_name(kind: str) -> str:
    """Return the name that an operator writes for a type: `visit.segment` for `org.shopthread.visit.segment.v1`."""
    return kind.removeprefix(_PREFIX).removesuffix(_SUFFIX)


def parse_policy(text: str) -> Policy:
    """Return the policy that a text such as `visit.segment=90,zone.occupancy=400` states; empty keeps everything.

    Raises:
        ValueError: A part is not TYPE=DAYS, names a type that is kept for ever, or too few days.
    """
    kinds = {short_name(payload.TYPE): payload.TYPE for payload in UPLINK_PAYLOADS}
    kinds |= {name: name for name in RECORD_NAMES}
    policy: dict[str, int] = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, _, days = (each.strip() for each in part.partition("="))
        if name in KEPT_FOR_EVER:
            msg = f"{name} is kept for ever: profiles, links and figures follow from it; leave it out"
            raise ValueError(msg)
        if name not in kinds or not (days.isascii() and days.isdigit()) or int(days) < LEAST_DAYS:
            known = ", ".join(sorted(set(kinds) - set(KEPT_FOR_EVER)))
            msg = f"{part!r} is not TYPE=DAYS with at least {LEAST_DAYS} days and a type of {known}"
            raise ValueError(msg)
        policy[kinds[name]] = int(days) * MS_PER_DAY
    return policy
