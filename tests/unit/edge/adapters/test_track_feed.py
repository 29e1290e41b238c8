"""Feeds of tracks: good lines become observations, bad ones are reported, reading can go on later."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from edge.adapters.line_source import FileLines
from edge.adapters.track_feed import BadLine, TrackFeed
from edge.core.pipeline import Person
from edge.ports import Observation


def line(t_ms: int, *ids: str) -> str:
    tracks = [{"id": name, "x_m": 1.5, "y_m": -2.0, "confidence": 0.7} for name in ids]
    return json.dumps({"t_ms": t_ms, "tracks": tracks}) + "\n"


def read(path: Path, from_offset_bytes: int = 0) -> tuple[list[Observation], list[BadLine]]:
    bad: list[BadLine] = []
    feed = TrackFeed(FileLines(path, follow=False), bad.append, from_offset_bytes)
    observations = list(feed.observations(lambda: False))
    assert feed.bad_lines == len(bad)
    return observations, bad


def test_lines_become_observations(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_text(line(1000, "a", "b") + "\n" + line(1100), encoding="utf-8")
    observations, bad = read(path)
    assert bad == []
    assert [(o.time_ms, o.people) for o in observations] == [
        (1000, (Person("a", (1.5, -2.0), 0.7), Person("b", (1.5, -2.0), 0.7))),
        (1100, ()),
    ]


def test_appearance_signatures_beside_the_tracks_become_looks(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    with_signature = json.loads(line(1000, "a")) | {"signatures": [{"id": "a", "signature": "AAEC/w=="}]}
    path.write_text(json.dumps(with_signature) + "\n", encoding="utf-8")
    observations, bad = read(path)
    assert bad == []
    assert [o.people for o in observations] == [(Person("a", (1.5, -2.0), 0.7),)]
    assert observations[0].looks["a"] == pytest.approx(np.array([0, 1, 2, -1]) / 6**0.5)


@pytest.mark.parametrize("wrong", ["AAAA", "", "no base64", 7])
def test_of_a_bad_line_with_signatures_nothing_is_kept(tmp_path: Path, wrong: object) -> None:
    path = tmp_path / "feed.jsonl"
    signatures = [{"id": "a", "signature": "c2VjcmV0"}, {"id": "b", "signature": wrong}]
    path.write_text(json.dumps(json.loads(line(1000, "a")) | {"signatures": signatures}) + "\n", encoding="utf-8")
    observations, (bad,) = read(path)
    assert observations == []
    assert bad.text == b"(a line with signatures: not kept)"
    assert "c2VjcmV0" not in bad.reason


def test_reading_goes_on_where_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_text("".join(line(1000 + i, "a") for i in range(5)), encoding="utf-8")
    whole, _ = read(path)
    rest, _ = read(path, whole[1].end_offset_bytes or 0)
    assert rest == whole[2:]


def test_nothing_after_the_end_line_is_read(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_text(line(1000, "a") + '{"end":true}\n' + line(2000, "a"), encoding="utf-8")
    assert len(read(path)[0]) == 1


@pytest.mark.parametrize(
    ("bad_line", "reason"),
    [
        ("not json\n", "malformed"),
        ('{"t_ms": "noon", "tracks": []}\n', "t_ms"),
        ('{"tracks": []}\n', "t_ms is missing"),
        ('{"t_ms": 1, "tracks": [{"id": "a", "x_m": 1}]}\n', "y_m"),
        ('{"t_ms": 5000, "tracks": [{"id": "no spaces", "x_m": 1, "y_m": 1}]}\n', "id"),
        ('{"t_ms": 5000, "tracks": [{"id": "a", "x_m": NaN, "y_m": 1}]}\n', "malformed|invalid"),
        ('{"t_ms": 5000, "tracks": [{"id": "a", "x_m": 1, "y_m": 1, "confidence": 7}]}\n', "confidence"),
        (line(5000, "a", "a"), "once"),
        (line(10, "a"), "went back from 1000 to 10"),
    ],
)
def test_a_bad_line_is_reported_and_counted_as_a_lost_frame(tmp_path: Path, bad_line: str, reason: str) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_text(line(1000, "a") + bad_line + line(6000, "a"), encoding="utf-8")
    observations, (bad,) = read(path)
    assert [o.dropped for o in observations] == [0, 1]
    assert bad.text == bad_line.strip().encode()
    assert bad.end_offset_bytes == len(line(1000, "a")) + len(bad_line)
    assert re.search(reason, bad.reason)


def test_a_hostile_line_is_reported_and_reading_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    hostile = b'{"x":' + b"[" * 5000 + b'\n{"tracks":[{"id":"\xff"}]}\n'
    far = b'{"t_ms":1,"tracks":[{"id":"a","x_m":1e308,"y_m":0}]}\n'
    path.write_bytes(hostile + far + line(1000).encode())
    observations, bad = read(path)
    assert [o.time_ms for o in observations] == [1000]
    assert len(bad) == 3
