"""What must not get in: refused with the reason and the field, and nothing of it written."""

import gzip

import httpx
import msgspec
import pytest
import zstandard
from sqlalchemy import func, select

from cloud.app import create_app
from cloud.config import Settings
from cloud.schema import metadata
from contracts.delivery import INGEST_PATH, MAX_BATCH_BYTES, decode_receipt
from tests.integration.cloud.support import STORE, T0, TENANT, Cloud, Shop, serving

_FIFTY_MB = 50 * 1024 * 1024
_RECORDS = ("event_log", "dead_letters", "identity_statements", "identity_mentions", "consents", "stores")
_INJECTION = "=cmd|' /C calc'!A1'); DROP TABLE event_log; --"


def rows_of(cloud: Cloud) -> dict[str, int]:
    with cloud.database.read() as session:
        counts = {name: select(func.count()).select_from(metadata.tables[name]) for name in _RECORDS}
        return {name: session.number(statement) for name, statement in counts.items()}


@pytest.fixture
def headers(cloud: Cloud) -> dict[str, str]:
    made = cloud.keys.create(TENANT, ["ingest", "read", "members", "admin"])
    return {"Authorization": f"Bearer {made.secret}"}


def assert_problem(answer: httpx.Response, status: int, *words: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    for word in words:
        assert word in answer.json()["detail"]


def test_batches_that_are_too_much_leave_nothing(cloud: Cloud, settings: Settings, headers: dict[str, str]):
    stream = zstandard.ZstdCompressor().compressobj()
    bombs = {
        "gzip": gzip.compress(bytes(_FIFTY_MB)),
        "zstd": stream.compress(bytes(_FIFTY_MB)) + stream.flush(),
    }
    with serving(create_app(settings, cloud.clock, runs_projections=False)) as http:
        for encoding, bomb in bombs.items():
            answer = http.post(INGEST_PATH, content=bomb, headers={**headers, "Content-Encoding": encoding})
            assert_problem(answer, 413, str(MAX_BATCH_BYTES))
        with httpx.Client(base_url=http.base_url, trust_env=False, timeout=60) as other:
            try:
                large = other.post(INGEST_PATH, content=b"x" * _FIFTY_MB, headers=headers)
            except httpx.TransportError:
                pass  # The server may hang up before it has read what it will not take.
            else:
                assert_problem(large, 413, str(MAX_BATCH_BYTES))
    assert set(rows_of(cloud).values()) == {0}


def test_lines_are_refused_one_by_one_with_their_field(
    cloud: Cloud, shop: Shop, settings: Settings, headers: dict[str, str]
):
    sale = msgspec.json.decode(shop.sale(1, "r1", 100))
    bad = [
        {**sale, "time": "1970-01-01T00:00:01.000Z"},
        {**sale, "time": "2099-01-01T00:00:00.000Z"},
        {**sale, "data": {**sale["data"], "total_minor": "free"}},
        {**sale, "data": {**sale["data"], "receipt_id": _INJECTION}},
        {**sale, "source": f"/other/{STORE}/pos-1"},
        {**sale, "source": f"/{TENANT}/{_INJECTION}/pos-1"},
    ]
    good = shop.sale(2, "r2", -100)
    body = b"\n".join([*(msgspec.json.encode(each) for each in bad), b"{", good])
    with serving(create_app(settings, cloud.clock, runs_projections=False)) as http:
        receipt = decode_receipt(http.post(INGEST_PATH, content=body, headers=headers).content)
    assert (receipt.received, receipt.inserted, receipt.rejected) == (8, 1, 7)
    told = [(each.reason.value, each.detail) for each in receipt.rejections]
    for (reason, detail), (wanted, field) in zip(
        told,
        [
            ("impossible_time", "time"),
            ("impossible_time", "time"),
            ("invalid_data", "total_minor"),
            ("invalid_data", "receipt_id"),
            ("wrong_source", "tenant"),
            ("invalid_envelope", "source"),
            ("not_json", "truncated"),
        ],
        strict=True,
    ):
        assert (reason, field in detail) == (wanted, True), detail
    assert rows_of(cloud)["event_log"] == 1
    assert rows_of(cloud)["dead_letters"] == 7


def test_a_record_with_a_multitude_of_identifiers_is_refused(cloud: Cloud, settings: Settings, headers: dict[str, str]):
    many = [{"namespace": "phone", "pseudonym": f"{number:032d}"} for number in range(100_000)]
    said = {"id": "crm:1", "source": "crm", "at": "2026-03-01T09:00:00Z", "identifiers": many}
    with serving(create_app(settings, cloud.clock, runs_projections=False)) as http:
        answer = http.post("/v1/identity/statements", json={"statements": [said]}, headers=headers)
        assert_problem(answer, 422, "identifiers")
        assert len(answer.text) < 10_000, "the answer does not repeat what was sent"
    assert set(rows_of(cloud).values()) == {0}


def test_names_that_are_commands_are_only_names(cloud: Cloud, shop: Shop, settings: Settings, headers: dict[str, str]):
    cloud.take_in(shop.crossing(T0))
    with serving(create_app(settings, cloud.clock, runs_projections=False)) as http:
        body = {"name": _INJECTION, "time_zone": "UTC"}
        put = http.put(f"/v1/stores/{STORE}", json=body, headers=headers)
        assert (put.status_code, put.json()["name"]) == (200, _INJECTION)
        assert_problem(http.get("/v1/stores/a'%20OR%201=1/footfall", headers=headers), 422, "path.store")
        assert http.get("/v1/stores", headers=headers).json()[0]["name"] == _INJECTION
    assert rows_of(cloud)["event_log"] == 1
