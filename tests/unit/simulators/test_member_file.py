"""The member base as a file: it knows a new phone number from the moment when it is one, and never earlier."""

import json
from pathlib import Path

from msgspec.structs import replace

from simulators.adapters.clock import Clock
from simulators.adapters.playback import Pace, play
from simulators.core.member_base import MemberBase
from simulators.core.scenario import Members
from tests.unit.simulators.runs import START_MS, corner_shop

MEMBERS = Members(count=30, consent=0.5, phones=1.0, openids=0.5, shared_cards=0.5, lost_phones=1.0, twice=0.5)


class _NoClock(Clock):
    """A present that never comes nearer."""

    def now_ms(self) -> int:
        return START_MS

    def wait(self, seconds: float) -> bool:  # noqa: ARG002 - nobody waits here
        return False


def _file(folder: Path, start_ms: int, duration_s: float) -> list[dict[str, object]]:
    scenario = replace(corner_shop(), members=MEMBERS)
    play(scenario, 1, Pace(start_ms=start_ms, speed=0, duration_s=duration_s), folder, _NoClock())
    return [json.loads(line) for line in (folder / "members.jsonl").read_text(encoding="utf-8").splitlines()]


def test_a_number_that_changes_during_the_run_is_in_the_file_afterwards(tmp_path: Path) -> None:
    base = MemberBase(MEMBERS, 1)
    change_ms = base.next_change_ms(START_MS)
    assert change_ms is not None
    before, after = _file(tmp_path / "a", change_ms - 2000, 1), _file(tmp_path / "b", change_ms - 2000, 4)
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == 1
    (old, new) = changed[0]
    assert set(old) == set(new) == {"record_id", "identifiers", "visit_linking_consent"}
    assert isinstance(old["identifiers"], list)
    assert isinstance(new["identifiers"], list)
    assert [each for each in new["identifiers"] if each in old["identifiers"]] == old["identifiers"]
    assert [each["namespace"] for each in new["identifiers"] if each not in old["identifiers"]] == ["phone"]


def test_the_file_has_a_line_for_each_time_that_somebody_signed_up(tmp_path: Path) -> None:
    lines = _file(tmp_path, START_MS, 1)
    assert len(lines) == sum(len(member.numbers) for member in MemberBase(MEMBERS, 1).members) > MEMBERS.count
