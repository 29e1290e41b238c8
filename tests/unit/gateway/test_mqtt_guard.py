"""What a device may say to the broker, packet by packet, however the bytes are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import Source
from gateway.core.mqtt_guard import (
    GuardError,
    Login,
    check_login,
    check_packet,
    login_as,
    read_login,
    split_packets,
)

CAMERA = Source("acme", "store-1", "cam-1")
OWN = "shopthread/v1/acme/store-1/cam-1"


def _binary(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def _packet(first: int, content: bytes) -> bytes:
    length, out = len(content), bytearray([first])
    while length >= 128:
        out.append(length % 128 + 128)
        length //= 128
    return bytes([*out, length]) + content


def _connect(
    user: bytes = b"cam-1",
    password: bytes = b"secret",
    *,
    client_id: bytes = b"acme-store-1-cam-1",
    will: bytes | None = None,
    flags: int = 0xC2,
    name: bytes = b"MQTT",
    version: int = 5,
) -> bytes:
    content = (
        _binary(name) + bytes([version, flags | (0x04 if will is not None else 0)]) + b"\x00\x1e\x05\x11\0\0\0\x10"
    )
    content += _binary(client_id)
    if will is not None:
        content += b"\x00" + _binary(will) + _binary(b"{}")
    return _packet(0x10, content + _binary(user) + _binary(password))


def _publish(topic: bytes, body: bytes = b"{}") -> bytes:
    return _packet(0x32, _binary(topic) + b"\x00\x01\x00" + body)


def _subscribe(*filters: bytes) -> bytes:
    return _packet(0x82, b"\x00\x07\x00" + b"".join(_binary(each) + b"\x01" for each in filters))


@given(
    st.lists(st.sampled_from([_connect(), _publish(b"a/b", b"x" * 300), _subscribe(b"q"), b"\xc0\x00"]), max_size=6),
    st.lists(st.integers(1, 50), min_size=1, max_size=60),
)
def test_packets_come_out_as_they_went_in_however_they_are_cut(packets: list[bytes], cuts: list[int]):
    data, rest, found, at = b"".join(packets), b"", [], 0
    for cut in [*cuts, len(data)]:
        whole, rest = split_packets(rest + data[at : at + cut])
        found += whole
        at += cut
    assert (found, rest) == (packets, b"")


def test_packets_that_are_too_long_and_lengths_that_are_none_are_refused():
    with pytest.raises(GuardError, match="at most 100"):
        split_packets(b"\x30\xff\x01", 100)
    with pytest.raises(GuardError, match="four bytes"):
        split_packets(b"\x30\xff\xff\xff\xff\x01")
    assert split_packets(b"") == ([], b"")


@given(st.binary(max_size=60), st.none() | st.just(f"{OWN}/status/presence".encode()))
def test_a_login_is_read_and_sent_on_under_another_name(password: bytes, will: bytes | None):
    login = read_login(_connect(password=password, will=will))
    assert (login.user, login.password, login.client_id) == ("cam-1", password, "acme-store-1-cam-1")
    check_login(login, CAMERA)
    again = read_login(login_as(login, "gate", "inner"))
    assert (again.user, again.password, again.will_topic) == ("gate", b"inner", login.will_topic)
    assert again.before_user == login.before_user
    assert "secret" not in repr(Login("c", "u", b"secret", None, b""))


def test_a_long_login_is_sent_on_whole():
    login = read_login(_connect(client_id=b"acme-store-1-cam-1-" + b"x" * 300))
    assert read_login(login_as(login, "gate", "p" * 200)).client_id == login.client_id


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (_publish(b"x"), "first packet"),
        (_connect(version=4), "MQTT 5"),
        (_connect(name=b"MQIsdp"), "MQTT 5"),
        (_connect(flags=0x02), "user name"),
        (_connect(flags=0x82), "user name"),
        (_connect(user=b"\xff"), "UTF-8"),
        (_connect()[:1] + b"\x08" + _connect()[2:10], "too early"),
        (b"\x10\x0a" + _connect()[2:12], "too early"),
        (b"\x10\x00", "too early"),
    ],
)
def test_who_does_not_sign_in_is_refused(packet: bytes, reason: str):
    with pytest.raises(GuardError, match=reason):
        read_login(packet)


@pytest.mark.parametrize("client_id", [b"acme-store-1-cam-1", b"acme-store-1-cam-1-local"])
def test_a_device_has_sessions_of_its_own(client_id: bytes):
    check_login(read_login(_connect(client_id=client_id)), CAMERA)


@pytest.mark.parametrize("client_id", [b"acme-store-1-cam-10", b"acme-store-1-cam-2", b"", b"acme-store-1-gateway"])
def test_a_device_takes_no_session_of_another(client_id: bytes):
    with pytest.raises(GuardError, match="client id must be"):
        check_login(read_login(_connect(client_id=client_id)), CAMERA)


def test_a_last_will_may_not_speak_for_another():
    with pytest.raises(GuardError, match="may not publish"):
        check_login(read_login(_connect(will=b"shopthread/v1/acme/store-1/cam-2/status/presence")), CAMERA)


@pytest.mark.parametrize(
    "packet",
    [
        _publish(f"{OWN}/event/device.health.v1".encode()),
        _publish(f"{OWN}/local/x".encode()),
        _publish(f"{OWN}/state/x".encode()),
        _subscribe(f"{OWN}/cmd/ack".encode(), f"{OWN}/cmd/+".encode()),
        b"\xc0\x00",
        b"\xe0\x00",
        b"\x40\x02\x00\x01",
    ],
)
def test_a_device_may_do_what_is_its_own(packet: bytes):
    check_packet(packet, CAMERA)


@pytest.mark.parametrize(
    "packet",
    [
        _publish(b""),
        _publish(f"{OWN}/cmd/ack".encode()),
        _publish(f"{OWN}/event".encode()),
        _publish(f"{OWN}/event/".encode()),
        _publish(f"{OWN}/event/x/y".encode()),
        _publish(f"{OWN}/event/+".encode()),
        _publish(b"shopthread/v1/acme/store-1/cam-2/event/x"),
        _publish(b"\xff\xff"),
        _subscribe(b"#"),
        _subscribe(f"{OWN}/cmd/#".encode()),
        _subscribe(f"{OWN}/cmd/ack".encode(), b"shopthread/v1/acme/store-1/cam-2/cmd/+"),
        _subscribe(b"$share/group/" + f"{OWN}/cmd/ack".encode()),
        _subscribe(f"{OWN}/event/+".encode()),
        _packet(0x82, b"\x00\x07\x00\x00\x01a"),
        _packet(0x82, b"\x00\x07"),
        _connect(),
    ],
)
def test_a_device_may_do_nothing_else(packet: bytes):
    with pytest.raises(GuardError):
        check_packet(packet, CAMERA)


@given(st.binary(min_size=2, max_size=80))
def test_whatever_comes_is_refused_in_one_way(data: bytes):
    try:
        for packet in split_packets(data)[0]:
            check_packet(packet, CAMERA)
            read_login(packet)
    except GuardError:
        pass
