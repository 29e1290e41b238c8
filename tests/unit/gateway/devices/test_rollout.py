"""A model goes to the canary, then to the rest, and back from all when one gets worse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.devices.rollout import DeviceReport, Member, Rollout, RolloutRules, step, wanted

RULES = RolloutRules(soak_s=100, patience_s=200, absent_s=30, least_fps_share=0.7)
WELL = DeviceReport(has_model=True, is_online=True, fps=10.0)
BEFORE = DeviceReport(is_online=True, fps=10.0)


def _begun() -> Rollout:
    members = (
        Member(device="cam-1", is_canary=True, previous="old"),
        Member(device="cam-2", is_canary=False),
        Member(device="cam-3", is_canary=False),
    )
    return Rollout(sha256="new", name="m", members=members, rules=RULES)


def _wanted(rollout: Rollout) -> list[str | None]:
    return [wanted(rollout, member) for member in rollout.members]


def _soaking() -> Rollout:
    """Return a roll-out whose canary has the model since second 1."""
    return step(step(_begun(), {"cam-1": BEFORE}, 0), {"cam-1": WELL}, 1000)


def test_the_canary_gets_it_first_the_rest_after_its_time():
    rollout = _begun()
    assert _wanted(rollout) == ["new", None, None]
    phases: list[str] = []
    for second in range(0, 260, 10):
        reports = {each.device: WELL if each.stage != "waiting" else BEFORE for each in rollout.members}
        rollout = step(rollout, reports, second * 1000)
        if not phases or phases[-1] != rollout.phase:
            phases.append(rollout.phase)
            assert _wanted(rollout) == (["new", None, None] if rollout.phase == "canary" else ["new"] * 3)
    assert phases == ["canary", "rest", "done"]
    assert step(rollout, {"cam-1": DeviceReport(error="late")}, 10**9) == rollout


@pytest.mark.parametrize(
    ("report", "second", "reason"),
    [
        (DeviceReport(has_model=True, is_online=True, error="it is damaged"), 2, "cam-1: it is damaged"),
        (DeviceReport(has_model=True, is_online=True, fps=6.9), 2, "cam-1: it sees 6.9 frames a second, 10 before"),
        (DeviceReport(has_model=True), 32, "cam-1: it was offline or saw nothing for 30 s"),
        (DeviceReport(has_model=True, is_online=True, is_blind=True), 32, "cam-1: it was offline or saw nothing"),
    ],
)
def test_a_canary_that_does_worse_takes_the_model_back(report: DeviceReport, second: int, reason: str):
    rollout = step(_soaking(), {"cam-1": report}, second * 1000)
    assert rollout.phase == "rolled_back"
    assert rollout.reason.startswith(reason)
    assert _wanted(rollout) == ["old", None, None]


def test_one_of_the_rest_that_does_worse_takes_it_back_from_all():
    rollout = step(_soaking(), {"cam-1": WELL}, 101_000)
    assert rollout.phase == "rest"
    rollout = step(rollout, {"cam-1": WELL, "cam-2": BEFORE, "cam-3": BEFORE}, 102_000)
    rollout = step(rollout, {"cam-1": WELL, "cam-2": DeviceReport(error="no room"), "cam-3": BEFORE}, 103_000)
    assert (rollout.phase, rollout.reason) == ("rolled_back", "cam-2: no room")
    assert _wanted(rollout) == ["old", None, None]


def test_who_is_there_and_does_not_take_it_has_failed_who_is_away_is_waited_for():
    rollout = step(_begun(), {"cam-1": BEFORE}, 0)
    assert step(rollout, {"cam-1": BEFORE}, 201_000).reason == "cam-1: it did not take the model within 200 s"
    for second in range(0, 1000, 100):
        rollout = step(rollout, {}, second * 1000)
    assert rollout.phase == "canary"


def test_who_is_away_for_a_moment_is_not_worse_and_not_done_either():
    rollout = _soaking()
    rollout = step(rollout, {"cam-1": WELL}, 90_000)
    rollout = step(rollout, {"cam-1": DeviceReport(has_model=True)}, 110_000)
    assert rollout.phase == "canary"
    assert step(rollout, {"cam-1": WELL}, 111_000).phase == "rest"


def test_a_device_that_never_told_its_frames_is_not_compared():
    rollout = step(step(_begun(), {"cam-1": DeviceReport(is_online=True)}, 0), {"cam-1": WELL}, 1000)
    assert step(rollout, {"cam-1": DeviceReport(has_model=True, is_online=True, fps=0.1)}, 2000).phase == "canary"


reports = st.builds(
    DeviceReport,
    has_model=st.booleans(),
    error=st.none() | st.just("x"),
    is_online=st.booleans(),
    is_blind=st.booleans(),
    fps=st.none() | st.floats(0, 30),
)


@given(st.lists(st.tuples(reports, reports, reports, st.integers(0, 60_000)), max_size=20))
def test_the_rest_never_has_it_before_each_canary_did_well(history: list[tuple[DeviceReport, ...]]):
    rollout, now_ms = _begun(), 0
    for one, two, three, gone_ms in history:
        now_ms += gone_ms  # type: ignore[operator]
        rollout = step(rollout, {"cam-1": one, "cam-2": two, "cam-3": three}, now_ms)
        if "new" in _wanted(rollout)[1:]:
            assert rollout.members[0].stage == "good"
        if rollout.phase == "rolled_back":
            assert _wanted(rollout) == ["old", None, None]
