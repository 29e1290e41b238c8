"""Packed properties are the bytes that the client itself would write."""

from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from contracts.delivery import EPOCH_PROPERTY, EVENT_MEDIA_TYPE, OLDEST_PROPERTY, SEQUENCE_PROPERTY
from shopthread.fleet.packed import PackedProperties


@given(st.from_regex(r"[a-z0-9-]{1,64}", fullmatch=True), st.integers(1, 10**16 - 1), st.integers(1, 10**16 - 1))
def test_they_are_what_the_client_packs(epoch: str, sequence: int, oldest: int):
    plain = Properties(PacketTypes.PUBLISH)
    plain.ContentType = EVENT_MEDIA_TYPE
    plain.UserProperty = [
        (EPOCH_PROPERTY, epoch),
        (SEQUENCE_PROPERTY, str(sequence)),
        (OLDEST_PROPERTY, str(oldest)),
    ]
    packed = PackedProperties(epoch, sequence, oldest)
    assert packed.pack() == plain.pack()
    assert str(packed) == plain.pack().hex()
