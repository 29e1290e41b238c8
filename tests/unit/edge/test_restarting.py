"""A request to start again is obeyed once, and answered by the start that came after it."""

from pathlib import Path

import pytest

from contracts.device_restart import RestartRequest, decode_restarted, encode_restart
from contracts.errors import ContractError
from edge.adapters.device_link import Answer
from edge.restarting import RESTART_FILE, RestartKeeper


class Device:
    """A device, a process of it after another."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now_ms, self.asked = folder, 5, 0
        self.start()

    def start(self) -> None:
        """Begin a process anew."""
        self.keeper = RestartKeeper(self.folder, lambda: self.now_ms, self._ask)

    def _ask(self) -> None:
        self.asked += 1

    def run(self) -> None:
        """Start within the process."""
        self.keeper.begin()
        self.keeper.started()

    def take(self, request_id: str) -> list[tuple[str, int]]:
        said: list[Answer] = []
        self.keeper.take(encode_restart(RestartRequest(reason="why", request_id=request_id)), said.append)
        return _said(said)

    def greeting(self) -> list[tuple[str, int]]:
        return _said(self.keeper.greeting())


def _said(answers: list[Answer]) -> list[tuple[str, int]]:
    assert all(each.retain and each.name == "restarted" for each in answers)
    return [(said.request_id, said.started_ms) for said in (decode_restarted(each.body) for each in answers)]


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path / "data")


def test_a_request_is_obeyed_once_and_answered_by_the_next_start(device: Device):
    assert device.greeting() == [], "nothing is said while it starts"
    device.run()
    assert device.greeting() == [("", 5)]
    assert device.take("a1") == []
    assert device.take("a1") == [], "it has not started again yet"
    assert device.greeting() == [("", 5)]
    device.now_ms = 9
    device.run()
    assert device.greeting() == device.take("a1") == [("a1", 9)]
    assert device.asked == 1


def test_a_process_that_is_killed_in_between_has_met_the_request(device: Device):
    device.run()
    device.take("a1")
    device.now_ms = 7
    device.start()
    device.run()
    assert device.take("a1") == [("a1", 7)]
    device.take("b2")
    assert device.asked == 2


def test_what_is_asked_while_it_starts_is_met_by_the_start_after(device: Device):
    device.keeper.begin()
    device.take("a1")
    device.keeper.started()
    assert device.greeting() == [("", 5)]
    device.run()
    assert device.greeting() == [("a1", 5)]


def test_a_gateway_that_waits_for_no_answer_is_obeyed_each_time(device: Device):
    device.run()
    assert device.take("") == device.take("") == []
    assert device.asked == 2


def test_a_disk_that_cannot_be_used_stops_no_restart(device: Device, caplog: pytest.LogCaptureFixture):
    (device.folder / RESTART_FILE).with_suffix(".part").mkdir(parents=True)
    device.take("a1")
    assert device.asked == 1
    assert "it may start twice" in caplog.text
    (device.folder / RESTART_FILE).write_text("?")
    device.start()
    device.run()
    assert device.greeting() == [("", 5)]
    assert "is not known" in caplog.text


def test_what_is_no_request_is_refused(device: Device):
    with pytest.raises(ContractError):
        device.keeper.take(b"?", lambda _: None)
