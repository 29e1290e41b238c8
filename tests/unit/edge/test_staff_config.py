"""What a camera's file says of staff and of the store's hours, and how a mistake is named."""

from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from contracts.staff import Habit
from edge.camera_config import load_camera_config
from edge.camera_rules import pipeline_rules
from edge.core.hours import OpeningHours
from edge.core.staff import StaffRules
from edge.errors import ConfigurationError

CAMERA = """
[device]
tenant = "acme"
store = "north"
id = "camera-1"
data_dir = "data"

[camera]
source = "usb:0"
"""
HOURS = '[store_hours]\nopens = "10:00"\ncloses = "20:30"\ntime_zone = "Europe/Berlin"\nlinger_s = 600.0\n'


def _rules(tmp_path: Path, more: str) -> StaffRules:
    file = tmp_path / "camera.toml"
    file.write_text(CAMERA + more, encoding="utf-8")
    return pipeline_rules(load_camera_config(file)).segments.staff


def test_hours_and_habits_are_read(tmp_path: Path) -> None:
    rules = _rules(tmp_path, HOURS + "[staff]\nzone_customers = 0.1\nview_staff_s = 3600.0\n")
    berlin = ZoneInfo("Europe/Berlin")
    assert rules.hours == OpeningHours(opens=time(10), closes=time(20, 30), zone=berlin, linger_s=600.0)
    assert (rules.zone_customers, rules.view_staff) == (Habit(share=0.1, mean_s=5.0), Habit(mean_s=3600.0))


def test_what_is_not_told_is_as_in_the_core(tmp_path: Path) -> None:
    assert _rules(tmp_path, "") == StaffRules()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (HOURS.replace("Berlin", "Atlantis"), "store_hours.time_zone: no time zone 'Europe/Atlantis' here"),
        (HOURS.replace("10:00", "24:00"), "opens"),
        ("[staff]\nzone_staff_s = 4.0\n", "staff.zone_customer_s must be less than staff.zone_staff_s, got 5 and 4"),
        ("[staff]\nzone_customers = 0.0\n", "zone_customers"),
    ],
)
def test_a_mistake_is_named_with_its_key(tmp_path: Path, more: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        _rules(tmp_path, more)
