"""The lane of signatures: a key in memory, a bounded queue in memory, and nothing made under a key that ended."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from contracts.errors import PrivacyError
from contracts.events import Source, decode_event, draft_event
from contracts.payloads import AppearanceSignature
from contracts.signature_keys import SignatureKey, decode_key_request, encode_key_message
from edge.adapters.outbox import Outbox
from edge.adapters.signature_lane import SignatureLane

CAMERA = Source("acme", "store-1", "cam-1")
SEGMENT = "018bcfe5-687b-7394-9be1-4a151985b9d5"
LOOKS = np.array([0.6, 0.8, 0.0])
ASKING = "shopthread/v1/acme/store-1/cam-1/local/signature-key-request"
SIGNING = "shopthread/v1/acme/store-1/cam-1/local/appearance.signature.v1"


def _key(name: str = "k1", until_ms: int = 1000) -> bytes:
    return encode_key_message(
        SignatureKey(key_id=name, secret=name.encode().ljust(32), valid_from_ms=0, valid_until_ms=until_ms)
    )


@dataclass
class World:
    """A lane, its clocks, and what it published."""

    now_ms: int = 0
    now_s: float = 0.0
    published: list[tuple[str, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lane = SignatureLane(CAMERA, "1", "reid-1", lambda: self.now_ms, lambda: self.now_s, most_waiting=3)

    def pump(self) -> list[str]:
        """Return the topics of what is published now."""
        before = len(self.published)
        self.lane.pump(lambda topic, body: self.published.append((topic, body)))
        return [topic for topic, _ in self.published[before:]]

    def signatures(self) -> list[AppearanceSignature]:
        """Return every signature that was published."""
        events = [decode_event(body).data for topic, body in self.published if topic == SIGNING]
        return [each for each in events if isinstance(each, AppearanceSignature)]


def test_a_device_asks_until_it_has_a_key_ever_more_seldom():
    world, asked_s = World(), []
    for second in range(200):
        world.now_s = float(second)
        asked_s += [second] * len(world.pump())
    assert asked_s == [0, 2, 6, 14, 30, 62, 122, 182]
    assert decode_key_request(world.published[0][1]).software_version == "1"
    world.lane.received(_key())
    world.now_s = 900.0
    assert world.pump() == []
    world.lane.connected()
    assert world.pump() == [ASKING]


def test_signatures_go_out_once_under_the_key_and_encoder():
    world = World()
    world.lane.received(_key())
    world.lane.send(SEGMENT, LOOKS, 7)
    assert world.pump() == [SIGNING]
    assert world.pump() == []
    (told,) = world.signatures()
    assert (told.segment_id, told.key_id, len(told.signature)) == (SEGMENT, "k1:reid-1", 3)
    assert decode_event(world.published[0][1]).time_ms == 7
    assert world.lane.counts().sent == 1


def test_without_a_key_they_are_lost_and_counted():
    world = World()
    world.lane.send(SEGMENT, LOOKS, 7)
    world.lane.received(_key())
    assert world.pump() == []
    assert world.lane.counts().without_key == 1


def test_of_too_many_that_wait_the_oldest_are_lost():
    world = World()
    world.lane.received(_key())
    for time_ms in range(5):
        world.lane.send(SEGMENT, LOOKS, time_ms)
    world.pump()
    assert [decode_event(body).time_ms for _, body in world.published] == [2, 3, 4]
    assert world.lane.counts().dropped == 2


def test_with_its_key_ends_everything_that_was_made_under_it():
    world = World()
    world.lane.received(_key())
    world.lane.send(SEGMENT, LOOKS, 7)
    world.now_ms = 1000
    assert not world.lane.has_key
    assert world.pump() == [ASKING]
    world.lane.received(_key("k2", until_ms=2000))
    world.lane.send(SEGMENT, LOOKS, 8)
    world.lane.received(_key("k3", until_ms=2000))
    world.lane.send(SEGMENT, LOOKS, 9)
    world.pump()
    assert [told.key_id for told in world.signatures()] == ["k3:reid-1"]
    assert world.lane.counts().dropped == 2


def test_the_same_key_again_changes_nothing_and_junk_is_passed_over():
    world = World()
    for body in (_key(), b"junk", b"{}", _key()):
        world.lane.received(body)
        world.lane.send(SEGMENT, LOOKS, 1)
    world.lane.send(SEGMENT, np.array([np.nan, 0.0, 0.0]), 2)
    world.lane.send(SEGMENT, np.ones(2) / 2**0.5, 3)  # another length needs another matrix
    world.pump()
    assert [len(told.signature) for told in world.signatures()] == [3, 3, 2]


def test_no_text_of_the_lane_holds_the_secret(caplog: pytest.LogCaptureFixture):
    world = World()
    with caplog.at_level("DEBUG"):
        world.lane.received(_key("secretive"))
        world.lane.received(_key("secretive")[:-9])
    assert "secretive " not in caplog.text + repr(world.lane)


def test_an_outbox_refuses_what_must_not_be_written_down(tmp_path):  # noqa: ANN001
    outbox = Outbox(tmp_path / "outbox.sqlite", CAMERA, lambda: "a1")
    told = AppearanceSignature(segment_id=SEGMENT, key_id="k1:reid-1", signature=b"secret looks")
    with pytest.raises(PrivacyError, match="must not be written down"):
        outbox.append([draft_event(CAMERA, told, 1)])  # type: ignore[arg-type]  # the type checker refuses it too
    outbox.close()
    assert not any(b"secret looks" in path.read_bytes() for path in tmp_path.iterdir())
