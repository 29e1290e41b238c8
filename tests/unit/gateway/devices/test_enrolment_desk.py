"""A code counts once, in time, and few may be tried."""

import stat
from pathlib import Path

import pytest

from contracts.enrolment import Enrolment, EnrolmentRequest, decode_enrolment, encode_enrolment
from contracts.errors import ContractError
from contracts.events import Source
from gateway.access import write_passwords
from gateway.adapters.credential_rows import CredentialRows
from gateway.adapters.device_database import DeviceDatabase
from gateway.adapters.enrolment_desk import BrokerAddress, EnrolmentDesk
from gateway.adapters.http_server import Reply, Request
from gateway.adapters.try_limits import TryLimits
from gateway.core.devices.passwords import matches
from gateway.core.devices.rate_limit import RateRule
from gateway.errors import ConfigurationError

GATEWAY = Source("acme", "store-1", "gateway")
CODE = "7K3M-XQ2T"
T = 1_772_442_000_000


class Store:
    """A desk whose time the test sets."""

    def __init__(self, path: Path) -> None:
        self.path, self.now_ms = path, T
        self.rows = CredentialRows(DeviceDatabase(path))
        limits = TryLimits(lambda: self.now_ms / 1000, RateRule(3, 30.0), RateRule(5, 6.0))
        address = BrokerAddress(8883, None, "pem")
        self._desk = EnrolmentDesk(GATEWAY, self.rows, address, limits, lambda: self.now_ms, lambda n: b"\x07" * n)

    def enrol(self, code: str, address: str = "10.0.0.7") -> Reply:
        body = encode_enrolment(EnrolmentRequest(code=code))
        return self._desk.enrol(Request("POST", "/v1/enrol", {}, "", address, body))

    def raw(self, body: bytes) -> Reply:
        return self._desk.enrol(Request("POST", "/v1/enrol", {}, "", "10.0.0.9", body))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "devices.sqlite")
    made.rows.register("cam-1", "camera", CODE, T, T + 60_000)
    return made


def test_who_shows_the_code_gets_a_password_of_which_only_a_hash_is_kept(store: Store):
    found = decode_enrolment(store.enrol(" 7k3m xq2t ").body)
    assert (found.device, found.kind, found.store, found.ca_pem) == ("cam-1", "camera", "store-1", "pem")
    kept = store.rows.hashes()["cam-1"]
    assert kept is not None
    assert matches(found.password.encode(), kept)
    content = store.path.read_bytes()
    for secret in (found.password, CODE, CODE.replace("-", "")):
        assert secret.encode() not in content
    assert found.password not in repr(found)
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("code", "later_ms", "reason"),
    [
        ("AAAA-AAAA", 0, "no device is expected"),
        ("short", 0, "this is no code"),
        (CODE, 60_000, "has expired; make another: shopthread gateway register cam-1"),
    ],
)
def test_a_wrong_or_late_code_is_refused_with_the_reason(store: Store, code: str, later_ms: int, reason: str):
    store.now_ms += later_ms
    reply = store.enrol(code)
    assert reply.status == 403
    assert reason in reply.body.decode()
    assert store.rows.hashes() == {}


def test_a_code_counts_once(store: Store):
    assert store.enrol(CODE).status == 200
    again = store.enrol(CODE)
    assert again.status == 403
    assert b"used already" in again.body


def test_a_second_code_takes_the_place_of_the_first(store: Store):
    store.rows.register("cam-1", "camera", "AAAA-AAAA", T, T + 60_000)
    assert store.enrol(CODE).status == 403
    assert store.enrol("AAAA-AAAA").status == 200


def test_few_codes_may_be_tried(store: Store):
    statuses = [store.enrol("AAAA-AAAA").status for _ in range(4)]
    assert statuses == [403, 403, 403, 429]
    assert [store.enrol("AAAA-AAAA", f"10.0.1.{n}").status for n in range(3)] == [403, 403, 429], "altogether"
    store.now_ms += 31_000
    assert store.enrol(CODE).status == 200
    assert store.enrol("AAAA-AAAA").status == 403, "who has shown that it may begins anew"


def test_what_is_no_request_is_told(store: Store):
    reply = store.raw(b"{}")
    assert (reply.status, b"expected an enrolment code" in reply.body) == (400, True)
    with pytest.raises(ContractError, match="expected an enrolment, got"):
        decode_enrolment(b"{}")


def test_revoking_takes_credentials_and_codes_away(store: Store):
    assert not store.rows.revoke("cam-1", T), "it has none yet, its code holds no more"
    assert store.enrol(CODE).status == 403
    store.rows.register("cam-1", "camera", CODE, T, T + 60_000)
    assert store.enrol(CODE, "10.0.0.8").status == 200
    assert store.rows.revoke("cam-1", T + 1)
    assert store.rows.hashes() == {"cam-1": None}
    assert [(each.device, each.is_revoked) for each in store.rows.registered()] == [("cam-1", True)]


def test_the_answer_survives_the_wire():
    enrolment = Enrolment(tenant="a", store="b", device="c", kind="pos", password="p", broker_port=1, broker_host="h")
    assert decode_enrolment(encode_enrolment(enrolment)) == enrolment


def test_mosquittos_passwords_are_written_whole_and_private(tmp_path: Path):
    write_passwords(tmp_path, {"cam-1": "$7$x"})
    path = tmp_path / "passwords"
    assert path.read_text() == "cam-1:$7$x\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    path.write_text("printer:y\n" + path.read_text())
    write_passwords(tmp_path, {"cam-1": None})
    assert path.read_text() == "printer:y\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    before = path.stat().st_mtime_ns
    write_passwords(tmp_path, {"cam-1": None})
    assert path.stat().st_mtime_ns == before
    with pytest.raises(ConfigurationError, match="mosquitto_dir: cannot write"):
        write_passwords(tmp_path / "nowhere", {"cam-1": "x"})
