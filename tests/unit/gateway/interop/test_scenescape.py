"""What SceneScape tells becomes segments, stays, paths and crossings: whatever comes, in any order, once."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import EventRejectedError
from contracts.events import Source, encode_event
from contracts.payloads import FootfallCrossing, VisitSegment
from gateway.core.interop.rules import PeerTripwire, PeerZone, SceneRules, SceneScapeRules
from gateway.core.interop.scene_tracks import MOST_TRACKS, Follower
from gateway.core.interop.scenescape import MAX_BYTES, read_scene, scene_filters
from gateway.core.interop.tracks import Change, PeerTrack

SCENE, QUEUE, SHELF, WIRE = "302cf49a-97ec", "5908cfbe-11d0", "ee94126c-1c5a", "23ae85b3-4b2c"
REGULATED, TRIPWIRE = f"scenescape/regulated/scene/{SCENE}", f"scenescape/event/tripwire/{SCENE}/{WIRE}/objects"
REGION = f"scenescape/event/region/{SCENE}/{QUEUE}/objects"
GATEWAY = Source("acme", "store-1", "gateway")
START_MS = 1_774_558_130_000
RULES = SceneScapeRules(
    scenes={SCENE: SceneRules(device="scene-floor")},
    regions={
        QUEUE: PeerZone(id="queue-1", kind="queue"),
        SHELF: PeerZone(id="shelf-1", kind="shelf"),
        f"{SHELF}-b": PeerZone(id="shelf-1", kind="shelf"),
    },
    tripwires={WIRE: PeerTripwire(id="door", kind="entrance", in_direction=-1)},
)


def _time(at_s: float) -> str:
    text = datetime.fromtimestamp((START_MS + round(at_s * 1000)) / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _thing(name: str = "0c373dbf", x_m: float = 2.0, first_s: float = 0.0, **other: object) -> dict[str, Any]:
    """Return an object as SceneScape tells of it, with what must get nowhere."""
    return {
        "id": name,
        "category": "person",
        "type": "person",
        "confidence": 0.998,
        "translation": [x_m, 3.0, 0.0],
        "size": [0.5, 0.5, 1.85],
        "velocity": [-0.489, 0.25, 0.0],
        "visibility": ["atag-qcam1"],
        "metadata": {"age": {"label": "41"}, "gender": {"label": "Male"}, "reid": {"embedding_vector": [[0.25]]}},
        "camera_bounds": {"atag-qcam1": {"x": 760, "y": 49, "width": 191, "height": 375, "projected": False}},
        "regions": {},
        "sensors": {"temperature_1": [["2026-03-26T20:48:45.629Z", 79]]},
        "similarity": None,
        "first_seen": _time(first_s),
        **other,
    }


def _scene(at_s: float, *things: dict[str, Any]) -> tuple[str, bytes]:
    message = {"id": SCENE, "timestamp": _time(at_s), "name": "Queuing", "scene_rate": 5.0, "objects": things}
    return REGULATED, json.dumps(message).encode()


def _region(at_s: float, came: list[dict[str, Any]], went: list[dict[str, Any]]) -> tuple[str, bytes]:
    exits = [{"object": each, "dwell": 19.6} for each in went]
    message = {
        "timestamp": _time(at_s),
        "scene_id": SCENE,
        "counts": {},
        "objects": [],
        "entered": came,
        "exited": exits,
    }
    return REGION, json.dumps(message).encode()


def _wire(at_s: float, *things: dict[str, Any]) -> tuple[str, bytes]:
    message = {"timestamp": _time(at_s), "tripwire_id": WIRE, "counts": {"person": 1}, "objects": things}
    return TRIPWIRE, json.dumps(message).encode()


def _inside(**regions: float) -> dict[str, Any]:
    return {{"queue": QUEUE, "shelf": SHELF, "shelf_b": f"{SHELF}-b"}[name]: {"entered": _time(at_s)}
            for name, at_s in regions.items()}  # fmt: skip


def _tell(*messages: tuple[str, bytes], rules: SceneScapeRules = RULES) -> list[Change]:
    """Return all that was told."""
    follower, tracks, told = Follower(GATEWAY, rules), dict[str, PeerTrack](), list[Change]()
    ended_ms: dict[str, int] = {}
    for topic, body in messages:
        look = read_scene(topic, body, rules)
        assert look is not None
        tracks, more = follower.follow(tracks, ended_ms, look)
        ended_ms |= {each.track.key: each.track.seen_ms for each in more if each.track.is_closed}
        told += more
    return told


def _segments(told: list[Change]) -> list[VisitSegment]:
    return [draft.data for each in told for draft in each.drafts if isinstance(draft.data, VisitSegment)]


def _crossings(told: list[Change]) -> list[FootfallCrossing]:
    return [draft.data for each in told for draft in each.drafts if isinstance(draft.data, FootfallCrossing)]


def test_a_person_becomes_a_segment_with_a_path_and_stays():
    told = _tell(
        _scene(1, _thing()),
        _scene(2, _thing(x_m=2.1, regions=_inside(queue=1.4))),
        _scene(3, _thing(x_m=3.0, regions=_inside(queue=1.4))),
        _scene(8, _thing(x_m=4.0, regions=_inside(shelf=7.5, shelf_b=6.5))),
        _scene(9, _thing("other")),
        _scene(19),
    )
    mine = [each for each in _segments(told) if each.track_id == told[0].track.track]
    assert [(each.phase, each.ordinal) for each in mine] == [("open", 0), ("update", 1), ("update", 2), ("closed", 3)]
    last = mine[-1]
    assert (last.opened_ms, last.closed_ms) == (START_MS, START_MS + 8000)
    assert [
        (it.zone_id, it.zone_kind, it.entered_ms - START_MS, (it.left_ms or 0) - START_MS) for it in last.stays
    ] == [
        ("queue-1", "queue", 1400, 8000),
        ("shelf-1", "shelf", 6500, 8000),
    ]
    assert [(it.t_ms - START_MS, it.x_m, it.y_m) for it in last.path] == [(1000, 2, 3), (3000, 3, 3), (8000, 4, 3)]
    assert last.path_error_m == RULES.position_error_m
    assert len({each.segment_id for each in mine}) == 1
    for each in told:
        for draft in each.drafts:
            encode_event(draft.numbered(GATEWAY, 1))


def test_who_stands_still_is_told_of_every_few_seconds():
    told = _tell(*(_scene(at_s / 10, _thing()) for at_s in range(110)))
    assert [each.updated_ms - START_MS for each in _segments(told)] == [0, 5000, 10_000]


def test_regions_events_tell_where_messages_of_the_scene_are_rare():
    told = _tell(
        _scene(0, _thing()),
        _region(1.25, [_thing()], []),
        _region(3.5, [], [_thing(translation=None)]),
        _region(4.5, [_thing("who", first_s=-100)], []),
    )
    (stay,) = _segments(told)[-2].stays
    assert (stay.zone_id, stay.entered_ms - START_MS, (stay.left_ms or 0) - START_MS) == ("queue-1", 1250, 3500)
    assert _segments(told)[-1].opened_ms == START_MS + 4500


def test_a_region_s_event_and_the_scene_s_message_of_one_frame_agree():
    entered = _thing(regions=_inside(queue=2))
    one = _tell(_scene(0, _thing()), _region(2, [_thing()], []), _scene(2, entered), _scene(3, entered))
    other = _tell(_scene(0, _thing()), _scene(2, entered), _region(2, [_thing()], []), _scene(3, entered))
    assert one == other
    assert [each.phase for each in _segments(one)] == ["open", "update"]


def test_crossings_have_the_track_of_their_segment():
    told = _tell(
        _scene(0, _thing()),
        _wire(1, _thing(direction=-1), _thing("car", category="vehicle", type="vehicle", direction=1)),
        _wire(2, _thing("new", direction=1, confidence=None, first_s=1.5)),
        _wire(0.5, _thing("new", direction=-1)),
    )
    first, second, late = _crossings(told)
    assert (first.tripwire_id, first.tripwire_kind, first.direction, first.confidence) == (
        "door",
        "entrance",
        "in",
        0.998,
    )
    assert (second.direction, second.confidence, late.direction) == ("out", 1.0, "in")
    opened = [each.track_id for each in _segments(told) if each.phase == "open"]
    assert [first.track_id, second.track_id, late.track_id] == [*opened, opened[1]]


def test_who_comes_back_under_the_same_id_is_another_track():
    told = _tell(_scene(0, _thing()), _scene(20), _scene(30, _thing()), _scene(41))
    one, ended, other, _ = _segments(told)
    assert one.segment_id == ended.segment_id != other.segment_id
    assert one.track_id != other.track_id
    assert other.opened_ms == START_MS + 30_000
    assert other.reentry_hint is None


def test_names_pictures_and_scenescape_s_own_ids_get_nowhere():
    told = _tell(_scene(0, _thing()), _wire(1, _thing(direction=1)), _region(2, [_thing()], []), _scene(60))
    text = "".join(
        encode_event(draft.numbered(GATEWAY, 1)).decode() + msgspec.json.encode(each.track).decode()
        for each in told
        for draft in each.drafts
    )
    for word in ("0c373dbf", "Male", "41", "embedding", "qcam", "temperature"):
        assert word not in text.replace(str(START_MS // 1000), "") or word == "41"


def test_a_scene_lies_on_the_floor_where_it_is_said_to():
    scene = SceneRules(device="scene-floor", origin_m=(10.0, 20.0), turn_deg=90.0)
    rules = msgspec.structs.replace(RULES, scenes={SCENE: scene})
    (point,) = _segments(_tell(_scene(0, _thing()), rules=rules))[0].path
    assert (point.x_m, point.y_m) == (7.0, 22.0)


@pytest.mark.parametrize(
    "topic",
    [
        "scenescape/regulated/scene/another",
        f"scenescape/event/region/{SCENE}/another/objects",
        f"scenescape/event/region/{SCENE}/{QUEUE}/count",
        f"scenescape/event/tripwire/{SCENE}/another/objects",
        f"other/regulated/scene/{SCENE}",
    ],
)
def test_others_are_left_alone(topic: str):
    assert read_scene(topic, b"nothing", RULES) is None


def test_only_persons_are_told_of():
    assert _tell(_scene(0, _thing(category="vehicle", type="vehicle"), _thing(category="", type=""))) == []
    assert len(_tell(_scene(0, _thing(category="person", type="")))) == 1


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ((REGULATED, b" " * (MAX_BYTES + 1)), "too_large: expected at most 1048576 bytes, got 1048577"),
        ((REGULATED, b"nothing"), "not_json"),
        ((REGULATED, b"{}"), "invalid_data: a message of SceneScape: Object missing required field `timestamp`"),
        ((REGULATED, b'{"timestamp":"2026-03-26T20:48:50.149","objects":[]}'), "timezone component"),
        ((REGULATED, b'{"timestamp":"1960-03-26T20:48:50.149Z","objects":[]}'), "expected a time after 1970, got 1960"),
        (_scene(0, _thing(id=5)), "Expected `str`, got `int` - at `$.objects"),
        (_scene(0, _thing(translation=[1])), "Expected `array` of length >= 2"),
        (_scene(0, _thing(translation=[1e9, 0, 0])), "].translation["),
        (_scene(0, _thing(translation=[None, 0, 0])), "Expected `float`, got `null`"),
        (_scene(0, _thing(confidence=7)), "].confidence`"),
        (_scene(0, _thing(first_seen="yesterday")), "Invalid RFC3339 encoded datetime"),
        (_scene(0, *[_thing()] * 1001), "Expected `array` of length <= 1000"),
        (_region(0, [{}], []), "missing required field `id`"),
        (_wire(0, _thing()), "somebody crossed door without a direction"),
        (_wire(0, _thing(direction=3)), "Invalid enum value 3"),
    ],
)
def test_what_is_no_message_is_refused_with_its_reason(message: tuple[str, bytes], reason: str):
    with pytest.raises(EventRejectedError) as refused:
        read_scene(*message, RULES)
    assert reason in str(refused.value)


def test_a_scene_full_of_nobody_makes_no_more_tracks_than_there_may_be():
    crowds = [_scene(at_s, *(_thing(f"{at_s}-{number}") for number in range(900))) for at_s in range(3)]
    assert len(_segments(_tell(*crowds))) == MOST_TRACKS


def test_late_and_repeated_messages_change_nothing():
    first, second, third = _scene(0, _thing()), _scene(5, _thing(x_m=3.0)), _scene(30)
    assert _tell(first, second, third) == _tell(first, first, second, second, first, third, third)


def test_what_is_read_is_subscribed_to():
    assert scene_filters(RULES) == [
        REGULATED,
        f"scenescape/event/region/{SCENE}/+/objects",
        f"scenescape/event/tripwire/{SCENE}/+/objects",
    ]


def test_two_scenes_have_two_devices():
    with pytest.raises(ValueError, match="expected a device of its own for each, got a, a"):
        SceneScapeRules(scenes={"1": SceneRules(device="a"), "2": SceneRules(device="a")})


STEPS = st.lists(
    st.tuples(
        st.floats(0, 100),
        st.dictionaries(st.sampled_from(["one", "two"]), st.sets(st.sampled_from(["queue", "shelf"]))),
        st.sampled_from(["scene", "came", "went", "wire"]),
    ),
    min_size=1,
    max_size=20,
)


@given(STEPS)
def test_whatever_comes_segments_are_whole_and_stays_in_order(steps: list[tuple[float, dict[str, set[str]], str]]):
    messages = []
    for at_s, people, kind in steps:
        things = [_thing(name, direction=1, regions=_inside(**dict.fromkeys(sorted(zones), at_s - 1)))
                  for name, zones in sorted(people.items())]  # fmt: skip
        if kind == "scene":
            messages.append(_scene(at_s, *things))
        elif kind == "wire":
            messages.append(_wire(at_s, *things))
        else:
            messages.append(_region(at_s, *((things, []) if kind == "came" else ([], things))))
    told = _tell(*messages, _scene(200))
    by_segment: dict[str, list[VisitSegment]] = {}
    for each in _segments(told):
        by_segment.setdefault(each.segment_id, []).append(each)
    for phases in by_segment.values():
        assert [each.ordinal for each in phases] == list(range(len(phases)))
        assert [each.phase for each in phases] == ["open", *["update"] * (len(phases) - 2), "closed"]
        assert all(before.updated_ms <= after.updated_ms for before, after in pairwise(phases))
        for zone in ("queue-1", "shelf-1"):
            stays = [each for each in phases[-1].stays if each.zone_id == zone]
            assert all(phases[0].opened_ms <= each.entered_ms <= (each.left_ms or 0) for each in stays)
            assert all((one.left_ms or 0) <= other.entered_ms for one, other in pairwise(stays))
    tracks = {each.track_id for each in _segments(told)}
    assert {each.track_id for each in _crossings(told)} <= tracks


@given(st.sampled_from([REGULATED, REGION, TRIPWIRE]), st.binary(max_size=200) | st.recursive(
    st.none() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["timestamp", "objects", "id", "entered"]), inner),
).map(lambda it: json.dumps(it).encode()))  # fmt: skip
def test_hostile_bytes_end_in_one_way(topic: str, body: bytes):
    with suppress(EventRejectedError):
        read_scene(topic, body, RULES)
