"""What retention did, or would do, as text. Pure."""

from collections.abc import Iterator, Sequence

from cloud.instants import write_instant
from cloud.retention.policy import MS_PER_DAY, RECORD_NAMES, Policy, short_name
from cloud.retention.service import Retired

_MIB = 1 << 20


def describe(policy: Policy, retired: Sequence[Retired], *, applied: bool) -> Iterator[str]:
    """Yield lines: of each type of the policy how many events went, how large they were, and when they had come in."""
    if not policy:
        yield "everything is kept: SHOPTHREAD_CLOUD_RETENTION names no type, such as visit.segment=90"
        return
    found = {each.type: each for each in retired}
    for kind, keep_ms in sorted(policy.items()):
        line = f"{short_name(kind):<18}{keep_ms // MS_PER_DAY:>6} days"
        each = found.get(kind)
        if each is None:
            yield f"{line}  nothing is older"
            continue
        span = f"{write_instant(each.first_ms)} to {write_instant(each.last_ms)}"
        if kind in RECORD_NAMES:
            yield f"{line}{each.events:>14,} records  ended {span}"
        else:
            yield f"{line}{each.events:>14,} events{each.raw_bytes / _MIB:>12,.1f} MiB  came in {span}"
    yield "taken out" if applied else "nothing was changed; --apply takes these out"
