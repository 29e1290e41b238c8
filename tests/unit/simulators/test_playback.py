"""Feeds as files, and time that runs ahead until it has caught up."""

import json
import tomllib
from pathlib import Path

import msgspec
import pytest

from simulators.adapters.feed_files import read_truth
from simulators.adapters.playback import Pace, play
from simulators.core.scenario import Scenario
from simulators.core.truth import Truth
from tests.unit.simulators.runs import START_MS

NOW_MS = START_MS + 1_800_000
FEEDS = (
    "tracks-cam-1.jsonl",
    "scans-kiosk-1.jsonl",
    "receipts-till-1.jsonl",
    "tracks-cam-2.jsonl",
    "home-scans.jsonl",
)


class FakeClock:
    """A clock that only moves when somebody waits."""

    def __init__(self, now_ms: int, stop_at_ms: int | None = None) -> None:
        self.present_ms = float(now_ms)
        self.waits: list[float] = []
        self._stop_at_ms = stop_at_ms

    def now_ms(self) -> int:
        return int(self.present_ms)

    def wait(self, seconds: float) -> bool:
        if seconds > 0:
            self.waits.append(seconds)
        self.present_ms += seconds * 1000
        return self._stop_at_ms is not None and self.present_ms >= self._stop_at_ms


def _lines(folder: Path, name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]


def _batch(scenario: Scenario, folder: Path, duration_s: float = 600.0) -> Truth:
    return play(scenario, 1, Pace(start_ms=START_MS, speed=0, duration_s=duration_s), folder, FakeClock(NOW_MS))


def test_a_batch_run_writes_all_files_and_ends_every_feed(scenario: Scenario, tmp_path: Path) -> None:
    truth = _batch(scenario, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [*FEEDS, "camera-cam-1.toml", "camera-cam-2.toml", "store.toml", "members.jsonl", "truth.json"]
    )
    for name in FEEDS:
        assert _lines(tmp_path, name)[-1] == {"end": True}
        assert sum("end" in line for line in _lines(tmp_path, name)) == 1
    assert len(_lines(tmp_path, FEEDS[0])) == 600 * 4 + 1
    assert truth == read_truth(tmp_path / "truth.json")
    assert truth.until_ms == START_MS + 600_000
    assert len(_lines(tmp_path, "members.jsonl")) == scenario.members.count


def test_the_same_seed_and_start_write_the_same_bytes(scenario: Scenario, tmp_path: Path) -> None:
    for name in ("a", "b"):
        _batch(scenario, tmp_path / name, duration_s=120)
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert [(tmp_path / "a" / name).read_bytes() for name in files] == [
        (tmp_path / "b" / name).read_bytes() for name in files
    ]


def test_lines_have_the_form_that_agents_read(scenario: Scenario, tmp_path: Path) -> None:
    _batch(scenario, tmp_path, duration_s=1800)
    track = next(line for line in _lines(tmp_path, FEEDS[0]) if line["tracks"])
    assert list(track) == ["t_ms", "tracks"]
    points = track["tracks"]
    assert isinstance(points, list)
    assert set(points[0]) == {"id", "x_m", "y_m", "confidence"}
    scan = _lines(tmp_path, FEEDS[1])[0]
    assert {"t_ms", "code"} <= set(scan) <= {"t_ms", "code", "member"}
    receipt = _lines(tmp_path, FEEDS[2])[0]
    assert {"t_ms", "receipt_id", "kind", "lines", "total_minor", "currency", "tender"} <= set(receipt)


def test_nothing_of_the_truth_is_in_the_feeds(scenario: Scenario, tmp_path: Path) -> None:
    truth = _batch(scenario, tmp_path)
    feeds = "".join((tmp_path / name).read_text(encoding="utf-8") for name in FEEDS)
    for person in truth.people:
        assert f'"{person.person_id}"' not in feeds
        assert person.party_id not in feeds


def test_a_paced_run_catches_up_and_then_keeps_pace(scenario: Scenario, tmp_path: Path) -> None:
    clock = FakeClock(NOW_MS)
    store_times: list[tuple[float, int]] = []
    pace = Pace(start_ms=START_MS, speed=30, seconds=75)
    play(scenario, 1, pace, tmp_path, clock, lambda now_ms: store_times.append((clock.present_ms, now_ms)))
    assert all(store_ms <= present_ms + 1 for present_ms, store_ms in store_times)
    behind_s = {int((present_ms - NOW_MS) / 1000): (present_ms - ms) / 1000 for present_ms, ms in reversed(store_times)}
    assert behind_s[10] == pytest.approx(1800 - 290, abs=1)
    assert behind_s[60] == pytest.approx(1800 - 29 * 60, abs=1)
    assert behind_s[65] <= 0.3
    assert behind_s[74] <= 0.3
    live = [ms for present_ms, ms in store_times if present_ms > NOW_MS + 65_000]
    assert len(live) == pytest.approx(40, abs=2)


def test_a_store_in_the_future_waits_for_its_time(scenario: Scenario, tmp_path: Path) -> None:
    clock = FakeClock(START_MS - 5_000)
    truth = play(scenario, 1, Pace(start_ms=START_MS, speed=30, duration_s=2), tmp_path, clock)
    assert truth.until_ms == START_MS + 2_000
    assert clock.present_ms >= START_MS + 2_000


def test_a_stop_ends_the_feeds_and_writes_the_truth_so_far(scenario: Scenario, tmp_path: Path) -> None:
    clock = FakeClock(NOW_MS, stop_at_ms=NOW_MS + 12_000)
    truth = play(scenario, 1, Pace(start_ms=START_MS, speed=30), tmp_path, clock)
    assert truth == read_truth(tmp_path / "truth.json")
    assert truth.until_ms == pytest.approx(START_MS + 360_000, abs=1_000)
    assert all(_lines(tmp_path, name)[-1] == {"end": True} for name in FEEDS)


def test_the_truth_grows_while_the_store_runs(scenario: Scenario, tmp_path: Path) -> None:
    clock = FakeClock(NOW_MS)
    seen: set[int] = set()

    def look(_: int) -> None:
        seen.add(read_truth(tmp_path / "truth.json").until_ms)

    play(scenario, 1, Pace(start_ms=START_MS, speed=4, seconds=16), tmp_path, clock, look)
    assert len(seen) == 4


def test_devices_are_listed_with_their_feeds_and_zones(scenario: Scenario, tmp_path: Path) -> None:
    _batch(scenario, tmp_path, duration_s=1)
    store = tomllib.loads((tmp_path / "store.toml").read_text(encoding="utf-8"))
    camera = tomllib.loads((tmp_path / "camera-cam-1.toml").read_text(encoding="utf-8"))
    assert store["terminal"] == [{"id": "kiosk-1", "zone_id": "kiosk", "feed": "scans-kiosk-1.jsonl"}]
    assert store["till"] == [{"id": "till-1", "zone_id": "checkout", "feed": "receipts-till-1.jsonl"}]
    assert store["camera"][0]["config"] == "camera-cam-1.toml"
    assert camera["camera"]["source"] == "tracks:tracks-cam-1.jsonl"
    assert [zone["id"] for zone in camera["zone"]] == [zone.id for zone in scenario.zones]
    assert len(store["product"]) == sum(len(shelf.products) for shelf in scenario.shelves)


def test_the_camera_agent_takes_its_configuration(scenario: Scenario, tmp_path: Path) -> None:
    camera_config = pytest.importorskip("edge.camera_config", reason="needs the edge extra", exc_type=ImportError)
    _batch(scenario, tmp_path, duration_s=1)
    config = camera_config.load_camera_config(tmp_path / "camera-cam-1.toml")
    assert config.camera.plane == "floor"
    assert config.camera.source == f"tracks:{(tmp_path / 'tracks-cam-1.jsonl').resolve()}"
    assert [(wire.id, wire.kind, wire.points) for wire in config.tripwires] == [
        (wire.id, wire.kind, wire.points) for wire in scenario.tripwires
    ]
    assert [(zone.id, zone.kind, zone.points) for zone in config.zones] == [
        (zone.id, zone.kind, zone.polygon) for zone in scenario.zones
    ]


def test_a_truth_of_another_form_is_refused(tmp_path: Path) -> None:
    (tmp_path / "truth.json").write_text('{"seed": 1}', encoding="utf-8")
    with pytest.raises(msgspec.ValidationError, match="missing required field"):
        read_truth(tmp_path / "truth.json")
