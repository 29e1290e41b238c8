"""What Frigate tells becomes segments: times and zones alone, whatever comes, in any order, once."""

import json
from contextlib import suppress
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import EventRejectedError
from contracts.events import Source, encode_event
from gateway.core.interop.frigate import MAX_BYTES, RULE_VERSION, read_frigate
from gateway.core.interop.rules import FrigateRules, PeerZone
from gateway.core.interop.tracks import MOST_STAYS, PeerTrack, give_up, is_told, observe, segment

START = 1_772_442_000.25
GATEWAY = Source("acme", "store-1", "gateway")
RULES = FrigateRules(
    cameras={"door": "frigate-door"},
    zones={
        "yard": PeerZone(id="entrance", kind="entrance"),
        "till": PeerZone(id="queue-1", kind="queue"),
        "till_2": PeerZone(id="queue-1", kind="queue"),
    },
)


def _body(kind: str = "update", at_s: float = 1.0, zones: tuple[str, ...] = (), **other: object) -> bytes:
    after = {
        "id": "1772442000.25-abc",
        "camera": "door",
        "label": "person",
        "start_time": START,
        "frame_time": START + at_s,
        "end_time": START + at_s if kind == "end" else None,
        "current_zones": list(zones),
        **other,
    }
    return json.dumps({"type": kind, "before": {"sub_label": "Jane"}, "after": after}).encode()


def _tell(*bodies: bytes) -> list[PeerTrack]:
    """Return what is known of the person whenever something was told."""
    now, told = None, []
    for body in bodies:
        seen = read_frigate(body, RULES)
        assert seen is not None
        after = observe(now, seen)
        if after is not None:
            if is_told(now, after):
                told.append(after)
            now = after
    return told


def test_a_person_becomes_a_segment_with_stays():
    tracks = _tell(
        _body("new", 0.5, ("yard",)),
        _body("update", 2, ("yard", "unknown")),
        _body("update", 3, ("till", "till_2")),
        _body("end", 9, ("till",)),
    )
    segments = [segment(GATEWAY, each, RULE_VERSION) for each in tracks]
    assert [each.data.phase for each in segments] == ["open", "update", "closed"]
    assert [each.data.ordinal for each in segments] == [0, 1, 2]
    last = segments[-1].data
    assert len({each.data.segment_id for each in segments}) == 1
    assert len({each.id for each in segments}) == 3
    assert last.closed_ms == round((START + 9) * 1000)
    assert [(it.zone_id, it.zone_kind, it.entered_ms, it.left_ms) for it in last.stays] == [
        ("entrance", "entrance", round((START + 0.5) * 1000), round((START + 3) * 1000)),
        ("queue-1", "queue", round((START + 3) * 1000), round((START + 9) * 1000)),
    ]
    assert last.path == ()


def test_names_faces_plates_pictures_and_frigate_s_own_ids_get_nowhere():
    secret: dict[str, Any] = {
        "sub_label": ["Jane Roe", 0.9],
        "recognized_license_plate": "B-JR-1",
        "snapshot": {"path": "/clips/jane.jpg"},
        "thumbnail": "aGVsbG8=",
        "data": {"face": "Jane", "attributes": ["blue coat"]},
        "current_attributes": [{"label": "face"}],
        "box": [1, 2, 3, 4],
    }
    for each in _tell(_body("new", zones=("yard",), **secret), _body("end", 2, **secret)):
        event = segment(GATEWAY, each, RULE_VERSION).numbered(Source("acme", "store-1", each.device), 1)
        text = (encode_event(event) + msgspec.json.encode(each)).decode()
        for word in ("Jane", "B-JR", "clips", "aGVs", "coat", "face", "sub_label", "1772442000.25-abc"):
            assert word not in text


@pytest.mark.parametrize("other", [{"camera": "yard"}, {"label": "car"}, {"false_positive": True}])
def test_others_are_left_alone(other: dict[str, Any]):
    assert read_frigate(_body(**other), RULES) is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b" " * (MAX_BYTES + 1), "too_large: expected at most 65536 bytes, got 65537"),
        (b"nothing", "not_json"),
        (b"{}", "invalid_data: a message of Frigate: Object missing required field `type`"),
        (_body(camera=5), "invalid_data: a message of Frigate: Expected `str`, got `int` - at `$.after.camera`"),
        (_body(at_s=-5), "was last seen before, 5000 ms"),
        (_body(current_zones=["x"] * 65), "Expected `array` of length <= 64"),
        (_body(start_time=1e300), "at `$.after.start_time`"),
    ],
)
def test_what_is_no_message_is_refused_with_its_reason(body: bytes, reason: str):
    with pytest.raises(EventRejectedError, match=reason.replace("$", r"\$").replace("[", r"\[")):
        read_frigate(body, RULES)


def test_late_and_repeated_messages_change_nothing():
    first, second, end = _body("new", 1, ("yard",)), _body("update", 2, ("till",)), _body("end", 3)
    assert _tell(first, second, end) == _tell(first, first, second, first, second, end, second, end)


def test_an_end_before_the_last_sight_still_ends():
    assert _tell(_body("new", 5), _body("end", 4))[-1].seen_ms == round((START + 5) * 1000)


def test_who_is_silent_left_when_last_seen():
    (track,) = _tell(_body("new", 5, ("yard",)))
    ended = give_up(track)
    assert (ended.is_closed, ended.seen_ms, ended.stays[0].left_ms) == (True, track.seen_ms, track.seen_ms)
    assert is_told(track, ended)


def test_a_zone_that_flickers_makes_no_endless_segment():
    bodies = [_body(at_s=number, zones=("yard",) if number % 2 else ()) for number in range(3 * MOST_STAYS)]
    assert len(_tell(*bodies)[-1].stays) == MOST_STAYS


STEPS = st.lists(st.tuples(st.floats(0, 100), st.sets(st.sampled_from(["yard", "till", "other"]))), min_size=1)


@given(STEPS, st.booleans())
def test_whatever_comes_stays_are_in_order_and_apart(steps: list[tuple[float, set[str]]], is_ended: bool):
    bodies = [_body("update", at_s, tuple(zones)) for at_s, zones in steps]
    tracks = _tell(*bodies, *([_body("end", 101)] if is_ended else []))
    for before, after in pairwise(tracks):
        assert before.seen_ms <= after.seen_ms
        assert after.ordinal == before.ordinal + 1
    last = tracks[-1]
    assert last.is_closed == is_ended
    for zone in ("entrance", "queue-1"):
        stays = [each for each in last.stays if each.zone_id == zone]
        for first, second in pairwise(stays):
            assert first.left_ms is not None
            assert first.entered_ms <= first.left_ms <= second.entered_ms
    assert all((each.left_ms is not None) >= is_ended for each in last.stays)
    msgspec.convert(
        msgspec.to_builtins(segment(GATEWAY, last, RULE_VERSION).data), type(segment(GATEWAY, last, "x").data)
    )


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.text() | st.floats(allow_nan=False),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["type", "after", "id", "camera"]), inner),
    ).map(lambda it: json.dumps(it).encode())
)
def test_hostile_bytes_end_in_one_way(body: bytes):
    with suppress(EventRejectedError):
        assert read_frigate(body, RULES) is None
