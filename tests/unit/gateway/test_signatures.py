"""The gateway's desk for signatures: who asks gets the day's key, what is made under it is taken in, nothing else."""

from dataclasses import dataclass, field
from datetime import UTC, time

import pytest

from contracts.events import Source, draft_event, encode_event
from contracts.operations import DeviceHealth
from contracts.payloads import AppearanceSignature
from contracts.signature_keys import (
    SignatureKey,
    SignatureKeyRequest,
    decode_key,
    encode_key_message,
    key_request_topic,
    key_topic,
)
from contracts.topics import event_topic, parse_topic
from gateway.adapters.signatures import SignatureDesk

ONE, TWO = Source("acme", "store-1", "cam-1"), Source("acme", "store-1", "cam-2")
SEGMENT = "018bcfe5-687b-7394-9be1-4a151985b9d5"
DAY_MS = 86_400_000
REQUEST = encode_key_message(SignatureKeyRequest(software_version="1"))


@dataclass
class World:
    """A desk, what it took in, and how often it said to forget."""

    taken: list[tuple[AppearanceSignature, int]] = field(default_factory=list)
    forgot: int = 0

    def __post_init__(self) -> None:
        self._drawn = 0
        self.desk = SignatureDesk(
            time(0), UTC, self._draw, lambda _, told, t_ms: self.taken.append((told, t_ms)), self._forget
        )

    def _draw(self, size: int) -> bytes:
        self._drawn += 1
        return self._drawn.to_bytes(size, "big")

    def _forget(self) -> None:
        self.forgot += 1

    def ask(self, device: Source, now_ms: int) -> SignatureKey:
        ((topic, body),) = self.desk.handle(parse_topic(key_request_topic(device)), REQUEST, now_ms)
        assert topic == key_topic(device)
        return decode_key(body)

    def tell(self, device: Source, key_id: str, now_ms: int, topic: str | None = None) -> list[tuple[str, bytes]]:
        told = AppearanceSignature(segment_id=SEGMENT, key_id=key_id, signature=b"looks")
        body = encode_event(draft_event(device, told, 77).numbered(device, 1))
        return self.desk.handle(parse_topic(topic or event_topic(device, AppearanceSignature)), body, now_ms)


def test_all_devices_of_a_day_get_one_key_and_those_of_the_next_another():
    world = World()
    first = world.ask(ONE, 1000)
    assert world.ask(TWO, DAY_MS - 1) == first
    assert world.forgot == 0
    second = world.ask(ONE, DAY_MS)
    assert (second.key_id, second.secret) != (first.key_id, first.secret)
    assert world.forgot == 1


def test_what_is_made_under_the_key_is_taken_in_with_its_time():
    world = World()
    key = world.ask(ONE, 1000)
    assert world.tell(ONE, f"{key.key_id}:reid-1", 1001) == []
    ((told, t_ms),) = world.taken
    assert (told.segment_id, told.signature, t_ms) == (SEGMENT, b"looks", 77)


def test_who_still_uses_an_old_key_is_told_the_new_one_now_and_then():
    """After a restart the gateway has another key, and no device knows."""
    world = World()
    answers = [world.tell(ONE, "before", now_ms) for now_ms in (1000, 1001, 10_999, 11_000)]
    assert [len(each) for each in answers] == [1, 0, 0, 1]
    assert [len(world.tell(TWO, "before", now_ms)) for now_ms in (11_000, 11_001)] == [1, 0]
    assert (world.taken, world.desk.counts["old_key"]) == ([], 6)
    assert len(world.tell(ONE, "before", DAY_MS)) == 1


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b"[" * 99])
def test_junk_is_counted_and_answered_by_nothing(body: bytes, caplog: pytest.LogCaptureFixture):
    world = World()
    for topic in (key_request_topic(ONE), event_topic(ONE, AppearanceSignature)):
        assert world.desk.handle(parse_topic(topic), body, 5) == []
    assert world.desk.counts["bad"] == 2
    assert "[[" not in caplog.text


def test_a_device_speaks_for_itself_alone_and_of_signatures_alone():
    world = World()
    key = world.ask(ONE, 1000)
    assert world.tell(ONE, f"{key.key_id}:e", 1001, topic=event_topic(TWO, AppearanceSignature)) == []
    health = DeviceHealth(uptime_s=1.0, software_version="1", queue_depth=0)
    body = encode_event(draft_event(ONE, health, 77).numbered(ONE, 1))
    assert world.desk.handle(parse_topic(event_topic(ONE, AppearanceSignature)), body, 1002) == []
    assert (world.taken, world.desk.counts["bad"]) == ([], 2)
