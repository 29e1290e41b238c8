"""What is said of an alert, to machines and to people. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final, Literal

from cloud.alerts.rules import titles_of
from cloud.alerts.schemas import Alert

Told = Literal["opened", "resolved"]
Language = Literal["en", "zh"]

_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "opened": "Alert",
        "resolved": "Resolved",
        "info": "note",
        "warning": "warning",
        "critical": "critical",
        "all": "all shops",
        "above": "above the limit {limit}",
        "below": "below the limit {limit}",
        "unusually_high": "unusually high: {z} standard deviations from {usual}, the usual for this weekday and time",
        "unusually_low": "unusually low: {z} standard deviations from {usual}, the usual for this weekday and time",
        "where": "Where",
        "what": "What",
        "since": "Since",
        "until": "Until",
        "coverage": "Observed",
        "rule": "Rule",
        "footer": "Alerts are acknowledged on the page Alerts of the dashboard.",
    },
    "zh": {
        "opened": "告警",
        "resolved": "已恢复",
        "info": "提示",
        "warning": "警告",
        "critical": "严重",
        "all": "全部门店",
        "above": "高于上限 {limit}",
        "below": "低于下限 {limit}",
        "unusually_high": "异常偏高, 较同星期同时段的常值 {usual} 偏离 {z} 个标准差",
        "unusually_low": "异常偏低, 较同星期同时段的常值 {usual} 偏离 {z} 个标准差",
        "where": "位置",
        "what": "指标",
        "since": "开始",
        "until": "恢复",
        "coverage": "观测覆盖",
        "rule": "规则",
        "footer": "请在看板的“告警”页确认。",
    },
}


def message_of(alert: Alert, what: Told) -> dict[str, object]:
    """Return what a webhook gets."""
    at = alert.opened_at if what == "opened" else alert.resolved_at
    return {"type": f"alert.{what}", "timestamp": at, "data": alert.model_dump()}


def message_id(alert_id: str, what: Told) -> str:
    """Return what is the same whenever the same thing is told again."""
    return f"alert_{alert_id}_{what}"


def email_of(alert: Alert, what: Told, language: str, sender: str, recipient: str, time_ms: int) -> EmailMessage:
    """Return the e-mail about an alert; that of its end answers that of its beginning.

    Args:
        alert: The alert.
        what: Whether it opened or ended.
        language: A key of the catalogue; English where there is none of it.
        sender: The address that it comes from.
        recipient: The address that it goes to.
        time_ms: When it is sent.
    """
    words = _WORDS.get(language, _WORDS["en"])
    host = sender.rpartition("@")[2]
    mail = EmailMessage()
    mail["Subject"] = f"[{words[alert.severity]}] {words[what]}: {alert.rule_name}, {_place(alert, words)}"
    mail["From"] = sender
    mail["To"] = recipient
    mail["Date"] = format_datetime(datetime.fromtimestamp(time_ms / 1000, UTC))
    mail["Message-ID"] = f"<{message_id(alert.id, what)}@{host}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence is told to it
    if what == "resolved":
        mail["In-Reply-To"] = mail["References"] = f"<{message_id(alert.id, 'opened')}@{host}>"
    mail.set_content(_text(alert, words, language))
    return mail


def _text(alert: Alert, words: Mapping[str, str], language: str) -> str:
    rule = alert.rule
    title_en, title_zh, unit = titles_of(rule.measure)
    title = title_zh if language == "zh" else title_en
    z = "" if alert.z is None else f"{alert.z:+.1f}"
    usual = "" if alert.usual is None else show(alert.usual, unit)
    told = words[rule.condition].format(limit=show(rule.limit, unit), z=z, usual=usual)
    lines = [
        (words["where"], _place(alert, words)),
        (words["what"], f"{title} {show(alert.value, unit)}, {told}"),
        (words["coverage"], None if alert.coverage is None else f"{alert.coverage:.0%}"),
        (words["since"], alert.opened_at),
        (words["until"], alert.resolved_at),
        (words["rule"], alert.rule_name),
    ]
    facts = "\n".join(f"{name}: {value}" for name, value in lines if value is not None)
    return f"{facts}\n\n{words['footer']}\n"


def _place(alert: Alert, words: Mapping[str, str]) -> str:
    return " ".join(filter(None, (alert.store or alert.region or words["all"], alert.device)))


def show(value: float, unit: str) -> str:
    """Return a value with its unit, as people read it: shares in percent, long times in minutes."""
    if unit == "share":
        return f"{value:.1%}"
    if unit == "s":
        minutes, seconds = divmod(round(value), 60)
        return f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"
    return f"{value:.4g} {unit}" if abs(value) < 1000 else f"{value:,.0f} {unit}"  # noqa: PLR2004 - from there on by thousands
