"""What a rule may say, when it is quiet, and what people are told."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from cloud.alerts.messages import email_of, message_of, show
from cloud.alerts.quiet import QuietHours, is_quiet
from cloud.alerts.rules import AlertRule, fault_of, titles_of
from cloud.alerts.schemas import Alert, RuleBody

BERLIN, TOKYO = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        (None, {"measure": "people_now"}),
        (None, {"measure": "coverage", "grain": "hour"}),
        (None, {"measure": "heads", "grain": "day", "by": "none", "condition": "unusually_low"}),
        ("measure", {"measure": "hats"}),
        ("measure", {"measure": "people_now", "grain": "hour"}),
        ("measure", {"measure": "camera_silence", "by": "region"}),
        ("measure", {"measure": "queue_wait_now", "condition": "unusually_high"}),
        ("grain", {"measure": "heads"}),
        ("grain", {"measure": "members_new", "grain": "hour"}),
        ("by", {"measure": "heads", "grain": "hour", "by": "region"}),
    ],
)
def test_a_rule_that_cannot_be_judged_is_named(field: str | None, changes: dict[str, str]):
    rule = AlertRule(**{"name": "r", "condition": "above", "limit": 1, **changes})  # type: ignore[arg-type]
    fault = fault_of(rule)
    assert (None if fault is None else fault[0]) == field


def at(text: str, zone: ZoneInfo = BERLIN) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


NIGHT = (QuietHours(start="22:00", end="07:00"),)
FRIDAY_NIGHT = (QuietHours(start="22:00", end="07:00", days=("friday",)),)


@pytest.mark.parametrize(
    ("hours", "time", "quiet"),
    [
        (NIGHT, "2026-03-06T21:59", False),
        (NIGHT, "2026-03-06T22:00", True),
        (NIGHT, "2026-03-07T06:59", True),
        (NIGHT, "2026-03-07T07:00", False),
        (FRIDAY_NIGHT, "2026-03-06T23:00", True),
        (FRIDAY_NIGHT, "2026-03-07T06:00", True),
        (FRIDAY_NIGHT, "2026-03-06T06:00", False),
        (FRIDAY_NIGHT, "2026-03-07T23:00", False),
        ((QuietHours(start="00:00", end="24:00", days=("sunday",)),), "2026-03-08T12:00", True),
        ((QuietHours(start="13:00", end="24:00"),), "2026-03-08T23:59", True),
        ((QuietHours(start="13:00", end="15:00"),), "2026-03-08T14:00", True),
        ((QuietHours(start="13:00", end="15:00"),), "2026-03-08T15:00", False),
        ((), "2026-03-08T23:00", False),
        (NIGHT, "2026-03-29T06:30", True),
    ],
)
def test_quiet_hours_are_local(hours: tuple[QuietHours, ...], time: str, quiet: bool):
    assert is_quiet(hours, [BERLIN], at(time)) is quiet


def test_shops_of_several_zones_are_quiet_when_all_are():
    assert not is_quiet(NIGHT, [BERLIN, TOKYO], at("2026-03-06T23:30", BERLIN)), "it is 07:30 in Tokyo"
    assert is_quiet(NIGHT, [BERLIN, TOKYO], at("2026-03-06T22:30", BERLIN))


def an_alert(measure: str = "queue_wait_now", **changes: object) -> Alert:
    rule = RuleBody(name="Long queue", measure=measure, condition="above", limit=300)
    values: dict[str, object] = {
        "id": "a1",
        "rule_id": "r1",
        "rule_name": rule.name,
        "severity": "critical",
        "measure": measure,
        "unit": titles_of(measure)[2],
        "state": "open",
        "store": "west",
        "value": 421.0,
        "opened_at": "2026-03-02T09:00:00.000Z",
        "rule": rule,
    }
    empty = dict.fromkeys(name for name in Alert.model_fields if name not in values)
    return Alert.model_validate({**empty, **values, **changes})


def test_an_email_says_where_what_and_since_when():
    mail = email_of(an_alert(), "opened", "en", "alerts@shop.example", "ana@shop.example", 1_772_442_000_000)
    assert mail["Subject"] == "[critical] Alert: Long queue, west"
    assert (mail["Message-ID"], mail["Auto-Submitted"]) == ("<alert_a1_opened@shop.example>", "auto-generated")
    assert mail["Date"] == "Mon, 02 Mar 2026 09:00:00 +0000"
    text = mail.get_content()
    assert "Longest wait in line now 7 min 01 s, above the limit 5 min 00 s" in text
    assert "Until" not in text
    ended = an_alert(resolved_at="2026-03-02T09:10:00.000Z", state="resolved", coverage=0.97)
    answer = email_of(ended, "resolved", "zh", "alerts@shop.example", "ana@shop.example", 0)
    assert answer["In-Reply-To"] == mail["Message-ID"]
    assert "当前最长排队时间" in answer.get_content()
    assert "97%" in answer.get_content()
    assert message_of(ended, "resolved")["timestamp"] == "2026-03-02T09:10:00.000Z"


def test_an_email_tells_how_unusual_a_value_is():
    rule = RuleBody(name="Conversion", measure="conversion_by_visit", condition="unusually_low", limit=3, grain="hour")
    alert = an_alert("conversion_by_visit", rule=rule, value=0.05, z=-6.04, usual=0.3, store=None, region="North")
    text = email_of(alert, "opened", "xx", "a@b.example", "c@d.example", 0).get_content()
    assert "Where: North" in text
    assert "5.0%, unusually low: -6.0 standard deviations from 30.0%" in text


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [(0.123, "share", "12.3%"), (59, "s", "59 s"), (61, "s", "1 min 01 s"), (3.5, "people", "3.5 people"),
     (12345.6, "visits", "12,346 visits")],
)  # fmt: skip
def test_values_are_shown_with_their_unit(value: float, unit: str, shown: str):
    assert show(value, unit) == shown
