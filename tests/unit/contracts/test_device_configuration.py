"""What is wanted of a device and what it says survive the wire, and nothing else is taken for either."""

import pytest

from contracts.device_configuration import (
    DesiredConfiguration,
    ReportedConfiguration,
    config_desired_topic,
    config_reported_topic,
    decode_desired,
    decode_reported,
    encode_configuration,
)
from contracts.device_restart import (
    Restarted,
    RestartRequest,
    decode_restart,
    decode_restarted,
    encode_restart,
    restart_topic,
    restarted_topic,
)
from contracts.errors import ContractError
from contracts.topics import parse_topic
from tests.unit.contracts.samples import SOURCE


def test_decoding_undoes_encoding():
    desired = DesiredConfiguration(version=3, document="[camera]\n")
    assert decode_desired(encode_configuration(desired)) == desired
    for reported in (
        ReportedConfiguration(),
        ReportedConfiguration(version=1, refused=2, error="x", restart_needed=("a",)),
    ):
        assert decode_reported(encode_configuration(reported)) == reported
    for restart in (RestartRequest(reason="x"), RestartRequest(reason="", request_id="a1")):
        assert decode_restart(encode_restart(restart)) == restart
    restarted = Restarted(request_id="a1", started_ms=5)
    assert decode_restarted(encode_restart(restarted)) == restarted


@pytest.mark.parametrize("raw", [b"", b"\xff", b'{"version":0,"document":""}', b'{"version":0}', b"[]"])
def test_anything_else_is_refused(raw: bytes):
    with pytest.raises(ContractError, match="a desired configuration"):
        decode_desired(raw)
    with pytest.raises(ContractError, match="a report of a configuration"):
        decode_reported(raw)
    with pytest.raises(ContractError, match="a request to restart"):
        decode_restart(raw)
    with pytest.raises(ContractError, match="a report of a start"):
        decode_restarted(raw)


def test_the_gateway_wants_and_the_device_says():
    topics = [
        config_desired_topic(SOURCE),
        config_reported_topic(SOURCE),
        restart_topic(SOURCE),
        restarted_topic(SOURCE),
    ]
    assert [parse_topic(topic).channel for topic in topics] == ["cmd", "state", "cmd", "state"]
