"""Cohorts: who came back, by when they first came. Those of years are told by an archive, where there is one."""

from collections.abc import Mapping, Sequence
from datetime import date
from http import HTTPStatus
from pathlib import Path

from msgspec import structs

from cloud.analytics import bounds, cell_repository, member_repository
from cloud.analytics.archive import ArchiveError, Label, MissingArchiveExtraError, read_label
from cloud.analytics.long_cohorts import count_archived
from cloud.analytics.member_cells import COHORT_GRAINS
from cloud.analytics.member_repository import Activity
from cloud.analytics.metric import Grain
from cloud.analytics.periods import LongGrain, Period, periods_in
from cloud.analytics.view_schemas import Cohort, CohortCell
from cloud.analytics.views import Scope
from cloud.db import ReadSession
from cloud.errors import ProblemError, invalid_value

MAX_COHORTS = 60
MAX_ARCHIVED = 270


def make_cohorts(session: ReadSession, scope: Scope, grain: LongGrain, activity: Activity) -> list[Cohort]:
    """Return who came back, by when they first came; nothing where there are no shops.

    Raises:
        ProblemError: 422, there are too many periods, or too long ones, or too many days of members to look at.
    """
    if grain == "quarter" or grain == "year":  # noqa: PLR1714 - which mypy understands
        raise invalid_value(name="grain", value=grain, allowed="day, week or month; the others with source=archive")
    if not scope.shops:
        return []
    periods = _periods(scope.days, grain, MAX_COHORTS, "; an archive tells more: source=archive")
    # Only whole intervals that begin in the period: members are told apart by when they first came.
    if scope.kept is not None and scope.kept.is_whole and grain in COHORT_GRAINS:
        counts = cell_repository.read_cohorts(session, scope.kept, periods, grain, activity)
    else:
        days = Period(periods[0].first, periods[-1].end)
        bounds.require_few(session, scope.tenant, scope.asked_stores, days, bounds.COHORTS)
        counts = member_repository.count_cohorts(session, scope.tenant, scope.asked_stores, periods, activity)
    return _cohorts(scope, periods, counts)


def make_archived_cohorts(folder: Path, scope: Scope, grain: LongGrain, activity: Activity) -> tuple[list[Cohort], int]:
    """Return the same of the archive in a folder, and when that was written.

    Raises:
        ProblemError: 422, there are too many periods; 501, this installation cannot read archives; 503, there is none.
    """
    periods = _periods(scope.days, grain, MAX_ARCHIVED, "")
    number = {date.fromordinal(period.first): index for index, period in enumerate(periods)}
    first, end = (date.fromordinal(day) for day in (scope.days.first, scope.days.end))
    try:
        label = _label_of(folder, scope.tenant)
        told = count_archived(folder, first, end, grain=grain, activity=activity, stores=scope.asked_stores or ())
        counts = {(number[each.cohort], number[each.period]): each.members for each in told}
    except MissingArchiveExtraError as error:
        raise ProblemError(HTTPStatus.NOT_IMPLEMENTED, "no-duckdb", "Cannot read archives", str(error)) from error
    except ArchiveError as error:
        detail = f"no archive of {scope.tenant} lies where this service looks: `shopthread cloud archive` writes it"
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "no-archive", "No archive", detail) from error
    found = _cohorts(structs.replace(scope, now_ms=label.written_ms), periods, counts) if scope.shops else []
    return found, label.written_ms


def _label_of(folder: Path, tenant: str) -> Label:
    label = read_label(folder)
    if label.tenant != tenant:
        msg = f"{folder} holds the archive of {label.tenant}, not of {tenant}"
        raise ArchiveError(msg)
    return label


def _periods(days: Period, grain: Grain | LongGrain, most: int, remedy: str) -> list[Period]:
    periods = periods_in(days, grain)
    if len(periods) > most:
        allowed = f"such that the period has at most {most} of them, not {len(periods)}{remedy}"
        raise invalid_value(name="grain", value=grain, allowed=allowed)
    return periods


def _cohorts(scope: Scope, periods: Sequence[Period], counts: Mapping[tuple[int, int], int]) -> list[Cohort]:
    calendars = {shop.calendar for shop in scope.shops}
    begun = [
        period
        for period in periods
        if min(calendar.day(period.first).start_ms for calendar in calendars) <= scope.now_ms
    ]
    partial = [
        max(calendar.day(period.end - 1).end_ms for calendar in calendars) > scope.now_ms
        or period.end > scope.days.end
        or period.first < scope.days.first
        for period in begun
    ]
    return [_cohort(number, periods, counts, partial, scope.least_members) for number in range(len(periods))]


def _cohort(
    number: int,
    periods: Sequence[Period],
    counts: Mapping[tuple[int, int], int],
    partial: Sequence[bool],
    least: int,
) -> Cohort:
    """Return one cohort with the periods that have begun: as many as `partial` tells of."""
    size = counts.get((number, number), 0)
    suppressed = 0 < size < least
    return Cohort(
        start=date.fromordinal(periods[number].first).isoformat(),
        end=date.fromordinal(periods[number].end).isoformat(),
        size=None if suppressed else size,
        is_suppressed=suppressed,
        cells=[
            CohortCell(
                offset=later - number,
                members=None if suppressed else counts.get((number, later), 0),
                share=None if suppressed or not size else counts.get((number, later), 0) / size,
                is_partial=partial[later],
            )
            for later in range(number, len(partial))
        ],
    )
