"""The API over HTTP: keys, ingest, dead letters, and what is refused how."""

import gzip
import time
from pathlib import Path

import pytest
import zstandard

from cloud.app import create_app
from cloud.config import Settings
from cloud.migrate import upgrade
from contracts.delivery import INGEST_PATH, MAX_BATCH_BYTES, decode_receipt
from tests.integration.cloud.client import Client
from tests.integration.cloud.support import (
    STORE,
    T0,
    TENANT,
    Cloud,
    Shop,
    serving,
)


def test_every_endpoint_but_health_needs_a_key(client: Client):
    paths = client.http.get("/openapi.json").json()["paths"]
    assert len(paths) > 15
    for path, methods in paths.items():
        for method in methods:
            filled = path.replace("{store}", "s").replace("{", "").replace("}", "")
            answer = client.http.request(method, filled)
            if path == "/healthz":
                assert answer.json() == {"status": "ok"}
            else:
                assert answer.status_code == 401, (method, path)
                assert answer.headers["content-type"] == "application/problem+json"
                assert "create-key" in answer.json()["detail"]


def test_wrong_key_wrong_scope_and_revoked_key(client: Client):
    wrong = client.http.get("/v1/stores", headers={"Authorization": "Bearer stk_nonsense"})
    assert (wrong.status_code, wrong.json()["type"]) == (401, "urn:shopthread:problem:wrong-key")
    basic = client.http.get("/v1/stores", headers={"Authorization": "Basic x"})
    assert basic.status_code == 401
    narrow = client.http.get("/v1/profiles", headers=client.key("read"))
    assert narrow.status_code == 403
    assert "needs scope 'members', the key has read" in narrow.json()["detail"]
    made = client.http.post("/v1/keys", json={"scopes": ["read"]}, headers=client.headers).json()
    headers = {"Authorization": f"Bearer {made['key']}"}
    assert client.http.get("/v1/stores", headers=headers).status_code == 200
    assert client.http.delete(f"/v1/keys/{made['id']}", headers=client.headers).status_code == 204
    assert client.http.get("/v1/stores", headers=headers).status_code == 401
    assert client.http.delete(f"/v1/keys/{made['id']}", headers=client.headers).status_code == 404
    assert client.http.post("/v1/keys", json={"scopes": ["root"]}, headers=client.headers).status_code == 422


@pytest.mark.parametrize("encoding", ["identity", "gzip", "zstd"])
def test_ingest_answers_with_a_receipt(client: Client, shop: Shop, encoding: str):
    raw = shop.crossing(T0)
    body = b"\n".join([raw, b"", raw, b"{"])
    packed = {"identity": body, "gzip": gzip.compress(body), "zstd": zstandard.ZstdCompressor().compress(body)}
    headers = {**client.headers, "Content-Encoding": encoding}
    answer = client.http.post(INGEST_PATH, content=packed[encoding], headers=headers)
    receipt = decode_receipt(answer.content)
    assert (receipt.received, receipt.inserted, receipt.duplicate, receipt.rejected) == (3, 1, 1, 1)
    assert receipt.rejections[0].line == 3


def test_ingest_refuses_what_is_too_large_or_damaged(client: Client):
    def status(body: bytes, encoding: str = "identity") -> int:
        headers = {**client.headers, "Content-Encoding": encoding}
        return client.http.post(INGEST_PATH, content=body, headers=headers).status_code

    assert status(b"x" * (MAX_BATCH_BYTES + 1)) == 413
    assert status(gzip.compress(bytes(MAX_BATCH_BYTES + 1)), "gzip") == 413
    assert status(b"x", "zstd") == 400
    assert status(b"x", "br") == 415
    assert status(b"") == 200


def test_dead_letters_are_shown_and_replayed(client: Client, shop: Shop):
    client.send(b"{", shop.crossing(T0))
    found = client.get("/v1/dead-letters")
    assert (found["total"], found["by_reason"], found["items"][0]["raw"]) == (1, {"not_json": 1}, "{")
    narrow = client.http.get("/v1/dead-letters", headers=client.key("read")).json()
    assert narrow["items"][0]["raw"] is None
    letter = found["items"][0]["id"]
    one = client.http.post(f"/v1/dead-letters/{letter}/replay", headers=client.headers).json()
    every = client.http.post("/v1/dead-letters/replay", headers=client.headers).json()
    assert one == every == {"replayed": 0, "still_rejected": 1, "not_replayable": 0}
    assert client.http.post("/v1/dead-letters/99/replay", headers=client.headers).status_code == 404
    assert client.http.post("/v1/dead-letters/replay", headers=client.key("read")).status_code == 403


def test_unknown_paths_answer_with_a_problem(client: Client):
    answer = client.http.get("/nowhere")
    assert (answer.status_code, answer.json()["title"]) == (404, "Not Found")
    assert client.http.delete("/v1/stores").status_code == 405


def test_openapi_reads_well(client: Client):
    document = client.http.get("/openapi.json").json()
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["summary"], path
            assert operation.get("description"), path
            assert operation["tags"], path
            if path != "/healthz":
                assert "401" in operation["responses"], path
            for parameter in operation.get("parameters", []):
                assert parameter.get("description"), (path, parameter["name"])
            for status, response in operation["responses"].items():
                assert response["description"] != "Validation Error", path
                if int(status) >= 400:
                    assert list(response["content"]) == ["application/problem+json"], (path, status)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/stores/store-1/visits?before=99999999999999999999.x"),
        ("GET", "/v1/stores/store-1/visits?before=1.%00"),
        ("GET", "/v1/stores/store-1/visits?from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z"),
        ("GET", "/v1/visits/%00"),
        ("GET", "/v1/links/%00"),
        ("GET", "/v1/links?touch_id=%00"),
        ("GET", "/v1/profiles/%00"),
        ("GET", "/v1/dead-letters?after_id=9223372036854775808"),
        ("POST", "/v1/dead-letters/9223372036854775808/replay"),
        ("DELETE", "/v1/keys/%00"),
    ],
)
def test_what_no_column_holds_is_refused(client: Client, shop: Shop, method: str, path: str):
    client.send(shop.crossing(T0))
    answer = client.http.request(method, path, headers=client.headers)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def test_a_body_that_cannot_be_read_is_a_problem(client: Client):
    json_headers = {**client.headers, "Content-Type": "application/json"}
    damaged = client.http.post("/v1/keys", content=b"\xff\xff", headers=json_headers)
    assert (damaged.status_code, damaged.headers["content-type"]) == (400, "application/problem+json")
    form_headers = {**client.headers, "Content-Type": "application/x-www-form-urlencoded"}
    form = client.http.post("/v1/keys", content=b'{"scopes": ["read"]}', headers=form_headers)
    assert "Content-Type: application/json" in form.json()["detail"]
    nul = client.http.put("/v1/stores/s", json={"name": "a\0b", "time_zone": "UTC"}, headers=client.headers)
    assert nul.status_code == 422


def test_a_fault_is_a_problem_too(client: Client, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("cloud.stores.repository.list_stores", fail)
    answer = client.http.get("/v1/stores", headers=client.headers)
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.json()["detail"] == "GET /v1/stores met a fault of the service; its log tells which"


def test_a_busy_database_asks_to_try_again(tmp_path: Path, shop: Shop):
    busy = Cloud(Settings(data_dir=str(tmp_path / "busy"), busy_timeout_s=0.05))
    upgrade(busy.database)
    headers = {"Authorization": f"Bearer {busy.keys.create(TENANT, ['ingest']).secret}"}
    app = create_app(busy.settings, busy.clock, busy.token, runs_projections=False)
    with serving(app) as http, busy.database.write():
        answer = http.post(INGEST_PATH, content=shop.crossing(T0), headers=headers)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "database is locked; send the same request again" in answer.json()["detail"]
    busy.close()


def test_the_application_moves_its_projections_itself(tmp_path: Path, shop: Shop):
    own = Cloud(Settings(data_dir=str(tmp_path / "own")))
    upgrade(own.database)
    headers = {"Authorization": f"Bearer {own.keys.create(TENANT, ['ingest', 'read']).secret}"}
    with serving(create_app(own.settings, own.clock, own.token)) as http:
        http.post(INGEST_PATH, content=shop.crossing(T0), headers=headers)
        deadline = time.monotonic() + 10
        while not http.get("/v1/stores", headers=headers).json():
            assert time.monotonic() < deadline
        assert http.get(f"/v1/stores/{STORE}/reconciliation", headers=headers).json()["projection_failure"] is None
    own.close()
