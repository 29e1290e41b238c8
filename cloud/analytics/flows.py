"""How members moved between the stages of the lifecycle within a period. Pure; the stages are those of profiles."""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import itemgetter

from cloud.profiles.lifecycle import LifecycleRules, lifecycle

UNKNOWN = "unknown"
"""The stage of who was in no shop yet."""

MS_PER_DAY = 86_400_000

MemberDay = tuple[str, int, int, int]
"""(One ID, day, scans, sales) of one member in one shop."""


def count_flows(
    rows: Iterable[MemberDay], first: int, end: int, rules: LifecycleRules
) -> Mapping[tuple[str, str], int]:
    """Return how many members were in one stage before the first day and in another at the end of the last.

    Whoever has an expected visit scanned or bought on that day, so scans and sales tell the stage by themselves.

    Args:
        rows: Members' days before `end`, in order of members.
        first: The first day of the period.
        end: The day after the last.
        rules: The thresholds between stages.
    """
    flows: Counter[tuple[str, str]] = Counter()
    for _, group in groupby(rows, key=itemgetter(0)):
        days = [(day, scans, sales) for _, day, scans, sales in group]
        flows[_stage(days, first, rules), _stage(days, end, rules)] += 1
    return flows


def _stage(days: Iterable[tuple[int, int, int]], end: int, rules: LifecycleRules) -> str:
    """Return the stage of a member by the days before one day; each counts as its first moment."""
    before = [(day * MS_PER_DAY, scans, sales) for day, scans, sales in days if day < end]
    if not before:
        return UNKNOWN
    purchases = [at_ms for at_ms, _, sales in before for _ in range(sales)]
    interests = [(at_ms, float(scans)) for at_ms, scans, _ in before if scans]
    return lifecycle(purchases, interests, end * MS_PER_DAY, rules).stage
