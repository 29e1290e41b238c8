"""PUBLISH packets mean what paho says they mean; broken ones are refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt import _packet
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway.core.publish_packet import NO_TOPIC, Published, decode_publish, encode_acks

TEXT = st.text(st.characters(categories=("L", "N", "P")), max_size=20)
PAIRS = st.lists(st.tuples(TEXT, TEXT), max_size=4)
OTHERS = st.fixed_dictionaries(
    {},
    optional={
        "PayloadFormatIndicator": st.sampled_from([0, 1]),
        "MessageExpiryInterval": st.integers(0, 2**32 - 1),
        "ContentType": TEXT,
        "ResponseTopic": TEXT,
        "CorrelationData": st.binary(max_size=9),
        "SubscriptionIdentifier": st.integers(1, 268_435_455),
        "TopicAlias": st.integers(1, 65_535),
    },
)


def _packed(topic: bytes, packet_id: int, properties: bytes, body: bytes) -> bytes:
    number = packet_id.to_bytes(2, "big") if packet_id else b""
    return len(topic).to_bytes(2, "big") + topic + number + properties + body


@settings(deadline=None)
@given(st.text("a/é", min_size=1), st.integers(0, 65_535), PAIRS, OTHERS, st.binary())
def test_a_packet_is_read_as_paho_reads_it(
    topic: str, packet_id: int, pairs: list[tuple[str, str]], others: dict[str, object], body: bytes
):
    properties = Properties(PacketTypes.PUBLISH)
    if pairs:
        properties.UserProperty = pairs
    for name, value in others.items():
        setattr(properties, name, value)
    flags = 0x32 if packet_id else 0x30
    packet = _packed(topic.encode(), packet_id, properties.pack(), body)
    oracle = _packet.decode_publish(flags, bytearray(packet), MQTTProtocolVersion.MQTTv5)
    read = decode_publish(flags, packet)
    assert read == Published(topic, oracle.mid, dict(pairs), bytes(oracle.payload))
    assert read.wants_ack == (packet_id > 0)


@settings(deadline=None)
@given(st.binary(max_size=60), st.sampled_from([0x30, 0x32]))
def test_no_bytes_whatever_do_more_than_be_refused(packet: bytes, flags: int):
    try:
        read = decode_publish(flags, packet)
    except ValueError as error:
        assert "PUBLISH packet" in str(error)  # noqa: PT017 - most bytes are refused, some are a packet
    else:
        assert packet.endswith(read.body)


@pytest.mark.parametrize(
    ("packet", "words"),
    [
        (b"\x00\x01t\x05\x02", "its properties end at byte 9 of 5"),
        (b"\x00\x01t\x02\x7f\x00", "a property of a PUBLISH packet, got number 127"),
        (b"\x00\x01t", "ends too early"),
        (b"\x00\x01t\x01\x03", "ends too early"),
    ],
)
def test_what_is_wrong_is_named(packet: bytes, words: str):
    with pytest.raises(ValueError, match=words):
        decode_publish(0x30, packet)


def test_text_that_is_not_utf_8_harms_nothing():
    read = decode_publish(0x30, b"\x00\x01\xff\x07\x26\x00\x01\xfe\x00\x01\xfdbody")
    assert read == Published(NO_TOPIC, 0, {"�": "�"}, b"body")


def test_acknowledgements_are_packets_one_after_the_other():
    assert encode_acks([1, 0x1234]) == b"\x40\x02\x00\x01\x40\x02\x12\x34"
