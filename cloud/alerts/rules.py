"""What a rule is, and what may be watched. Pure."""

from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct

from cloud.alerts.quiet import QuietHours
from cloud.analytics.catalogue import METRICS

Condition = Literal["above", "below", "unusually_high", "unusually_low"]
Severity = Literal["info", "warning", "critical"]
By = Literal["store", "region", "none"]
Grain = Literal["hour", "day"]

UNUSUAL: Final = frozenset({"unusually_high", "unusually_low"})
PEOPLE_NOW, QUEUE_WAIT_NOW, CAMERA_SILENCE, COVERAGE = "people_now", "queue_wait_now", "camera_silence", "coverage"


class Measure(Struct, frozen=True, kw_only=True):
    """Something that a rule can watch besides the catalogue's metrics.

    Attributes:
        title_en: What people call it.
        title_zh: The same in Chinese.
        about: How it is told, in words.
        unit: The unit of its values and of a rule's limit.
        is_live: Whether it is of the moment; others are of whole hours or days.
    """

    title_en: str
    title_zh: str
    about: str
    unit: str
    is_live: bool = True


MEASURES: Final[Mapping[str, Measure]] = {
    PEOPLE_NOW: Measure(
        title_en="People in the shop now",
        title_zh="当前店内人数",
        about="entered minus left by the entrance tripwires today; unknown where cameras did not observe the day well",
        unit="people",
    ),
    QUEUE_WAIT_NOW: Measure(
        title_en="Longest wait in line now",
        title_zh="当前最长排队时间",
        about="how long the first in the longest queue has waited, by the latest samples",
        unit="s",
    ),
    CAMERA_SILENCE: Measure(
        title_en="Camera silent for",
        title_zh="摄像头静默时长",
        about="opening time since a camera last observed anything, for each camera that observed in the last 7 days",
        unit="s",
    ),
    COVERAGE: Measure(
        title_en="Share observed",
        title_zh="观测覆盖率",
        about="share of opening time that cameras observed",
        unit="share",
        is_live=False,
    ),
}


class AlertRule(Struct, frozen=True, kw_only=True):
    """When to raise an alert, for whom and how.

    Attributes:
        name: What people call it.
        measure: One of `MEASURES`, or a metric of the catalogue.
        condition: `above` and `below` compare with `limit`; `unusually_high` and `unusually_low` compare the number of
            standard deviations from the same weekday (and hour) of earlier weeks with it.
        limit: In the measure's unit, or in standard deviations.
        grain: Of measures that are not live: the interval that is judged, always a whole one.
        by: What one alert is of: each store, each region, or all shops of the rule together.
        stores: Only these; all where empty.
        region: Only shops of it.
        currency: Of money, where shops sold in several.
        weeks: How many earlier weeks tell what is usual.
        least_sample: A ratio that rests on less is not judged.
        hold_s: How long the condition must hold before the alert opens.
        clear_s: How long it must not hold before the alert is resolved.
        severity: How bad it is.
        quiet: When nobody is told, in local time.
        channels: Who is told, by id.
        is_enabled: Whether it is judged at all.
    """

    name: str
    measure: str
    condition: Condition
    limit: float
    grain: Grain | None = None
    by: By = "store"
    stores: tuple[str, ...] = ()
    region: str | None = None
    currency: str | None = None
    weeks: int = 8
    least_sample: int = 0
    hold_s: int = 0
    clear_s: int = 300
    severity: Severity = "warning"
    quiet: tuple[QuietHours, ...] = ()
    channels: tuple[str, ...] = ()
    is_enabled: bool = True


def fault_of(rule: AlertRule) -> tuple[str, object, str] | None:
    """Return (field, value, what is allowed) of what is wrong with a rule, None where nothing is."""
    measure = MEASURES.get(rule.measure)
    metric = METRICS.get(rule.measure)
    if measure is None and metric is None:
        return "measure", rule.measure, f"one of {', '.join((*MEASURES, *METRICS))}"
    is_live = measure is not None and measure.is_live
    if is_live and (rule.grain is not None or rule.condition in UNUSUAL or rule.by != "store"):
        return "measure", rule.measure, "without grain, by store and compared with above or below: it is of the moment"
    if is_live:
        return None
    allowed = [grain for grain in ("hour", "day") if metric is None or grain in metric.grains]
    if rule.grain not in allowed:
        return "grain", rule.grain, f"one of {', '.join(allowed)} for {rule.measure}"
    if rule.grain == "hour" and rule.by != "store":
        return "by", rule.by, "store with grain=hour: shops of several time zones have different hours"
    return None


def titles_of(measure: str) -> tuple[str, str, str]:
    """Return what a measure is called in English and in Chinese, and its unit."""
    own = MEASURES.get(measure)
    if own is not None:
        return own.title_en, own.title_zh, own.unit
    metric = METRICS[measure]
    return metric.title_en, metric.title_zh, metric.unit
