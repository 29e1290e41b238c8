"""The change feed loses nothing, and webhooks tell of it until they are heard."""

import base64
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from random import Random
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import Table, select

from cloud.alerts.tables import alert_channels
from cloud.app import create_app, make_key_service, make_webhook_sender
from cloud.background import BackgroundWorker
from cloud.changes import repository
from cloud.changes.repository import changes_after
from cloud.config import Settings
from cloud.webhooks.addresses import resolve_host
from cloud.webhooks.secrets import seal_clear_secrets
from cloud.webhooks.sender import HttpSender
from cloud.webhooks.signature import headers_for
from cloud.webhooks.tables import webhooks
from tests.integration.cloud.receivers import Receiver, receiving
from tests.integration.cloud.support import MEMBERS, TENANT, Cloud, NewCloud, Shop, serving
from tests.integration.cloud.test_identity import PHONES, one_id, state, stated, take_back
from tests.integration.cloud.test_properties import give_consent, worlds


@pytest.fixture
def client(cloud: Cloud, settings: Settings) -> Iterator[httpx.Client]:
    cloud.settings = replace(settings, webhook_allow_private=True)
    app = create_app(cloud.settings, cloud.clock, cloud.token, runs_projections=False)
    with serving(app) as http:
        http.headers["Authorization"] = f"Bearer {cloud.keys.create(TENANT, ['members']).secret}"
        yield http


def told(cloud: Cloud, after: int = 0) -> list[tuple[str, str, dict[str, Any]]]:
    with cloud.database.read() as session:
        rows = changes_after(session, TENANT, after, (), 10_000)
    return [(row.kind, row.one_id, row.data) for row in rows]


def test_the_feed_tells_of_profiles_links_and_consents(client: httpx.Client, cloud: Cloud, shop: Shop):
    number, phone = one_id(MEMBERS[0]), one_id(PHONES[0])
    give_consent(cloud, 0, granted=True, second=0)
    cloud.take_in(shop.visit(1, 1, ("kiosk", 10, None), status="open"), shop.scan(15, MEMBERS[0]))
    cloud.take_in(shop.visit(1, 2, ("kiosk", 10, 40)), shop.scan(500, PHONES[0]))
    state(cloud, stated(1, MEMBERS[0], PHONES[0]))
    take_back(cloud, "s1")
    give_consent(cloud, 0, granted=False, second=9)
    give_consent(cloud, 0, granted=False, second=9)
    cloud.projector.catch_up()
    seen = told(cloud)
    assert [(kind, who) for kind, who, _ in seen if kind not in {"profile.changed", "link.retracted"}] == [
        ("consent.recorded", number),
        ("link.asserted", number),
        ("profile.created", number),
        ("link.final", number),
        ("profile.created", phone),
        ("profile.merged", phone),
        ("profile.unmerged", phone),
        ("consent.recorded", number),
    ]
    assert [kind for kind, _, _ in seen].count("link.retracted") == 1
    assert ("profile.merged", phone, {"into": number}) in seen
    assert ("profile.unmerged", phone, {"from": number}) in seen
    pages, since = [], "0"
    while True:
        page = client.get("/v1/changes", params={"since": since, "limit": 3}).json()
        pages += [(each["kind"], each["one_id"], each["data"]) for each in page["items"]]
        since = page["next_since"]
        if not page["has_more"]:
            break
    assert pages == seen
    assert client.get("/v1/changes", params={"since": since}).json() == {
        "items": [],
        "next_since": since,
        "has_more": False,
    }
    some = client.get("/v1/changes", params={"kind": ["profile.merged", "profile.unmerged"]}).json()["items"]
    assert [each["kind"] for each in some] == ["profile.merged", "profile.unmerged"]
    for bad in ("-1", "x", "9" * 30):
        assert "next_since" in client.get("/v1/changes", params={"since": bad}).json()["detail"]


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=worlds(), order=st.randoms(use_true_random=False))
def test_who_follows_the_feed_knows_which_profiles_there_are(new_cloud: NewCloud, world: list[bytes], order: Random):
    cloud = new_cloud()
    steps: list[object] = [*world, stated(1, MEMBERS[0], PHONES[0]), stated(2, MEMBERS[1], PHONES[0]), "s1"]
    order.shuffle(steps)
    for step in steps:
        if isinstance(step, bytes):
            cloud.take_in(step)
        elif isinstance(step, str):
            _take_back_if_stated(cloud, step)
        else:
            state(cloud, step)  # type: ignore[arg-type]  # the only kind that is left
    followed: set[str] = set()
    for kind, who, _ in told(cloud):
        if kind in {"profile.created", "profile.unmerged"}:
            assert who not in followed
            followed.add(who)
        elif kind in {"profile.merged", "profile.removed"}:
            followed.discard(who)
        elif kind == "profile.changed":
            assert who in followed
    assert followed == {str(row[1]) for row in cloud.state()["profiles"]}
    before = told(cloud)
    cloud.projector.rebuild()
    assert told(cloud) == before, "a rebuild changes nothing, and tells nothing"


def _take_back_if_stated(cloud: Cloud, statement_id: str) -> None:
    if any(statement_id in row for row in cloud.state()["identity_statements"]):
        take_back(cloud, statement_id)


@pytest.mark.postgresql
@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_a_reader_misses_nothing_while_many_write(cloud: Cloud, settings: Settings):
    clouds = [Cloud(settings) for _ in range(4)]
    stop = threading.Event()
    followed: list[int] = []

    def follow() -> None:
        position = 0
        while True:
            done = stop.is_set()
            with cloud.database.read() as session:
                rows = changes_after(session, TENANT, position, (), 3)
            followed.extend(row.position for row in rows)
            position = rows[-1].position if rows else position
            if done and not rows:
                return

    def write(number: int) -> None:
        mine = clouds[number]
        shop = Shop(store=f"store-{number}")
        for step in range(6):
            mine.ingest(
                [
                    shop.scan(10 * step, MEMBERS[(number + step) % 4]),
                    shop.sale(10 * step, f"r{step}", 5, MEMBERS[number]),
                ]
            )
            mine.projector.catch_up()
            give_consent(mine, number, granted=bool(step % 2), second=step)
            mine.projector.catch_up()

    reader = threading.Thread(target=follow)
    reader.start()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    stop.set()
    reader.join()
    for each in clouds:
        each.close()
    with cloud.database.read() as session:
        everything = [row.position for row in changes_after(session, TENANT, 0, (), 10_000)]
    assert followed == everything
    assert len(everything) >= 24


def test_what_is_old_is_forgotten_and_a_cursor_before_it_is_refused(
    client: httpx.Client, cloud: Cloud, shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(repository, "_FORGETS", 2)
    cloud.take_in(*(shop.scan(10 + n, MEMBERS[n]) for n in range(3)))
    first = client.get("/v1/changes").json()
    old_cursor = client.get("/v1/changes", params={"limit": 1}).json()["next_since"]
    cloud.now_ms += 91 * 86_400_000
    cloud.take_in(shop.scan(500, MEMBERS[0]))
    cloud.take_in(shop.scan(501, MEMBERS[0]))
    rest = client.get("/v1/changes").json()["items"]
    assert [each["kind"] for each in rest] == ["profile.changed", "profile.changed"]
    answer = client.get("/v1/changes", params={"since": old_cursor})
    assert (answer.status_code, "no longer kept" in answer.json()["detail"]) == (410, True)
    assert client.get("/v1/changes", params={"since": first["next_since"]}).json()["items"] == rest
    header = client.get("/v1/exports/profiles.csv").headers["Shopthread-Changes-Since"]
    assert client.get("/v1/changes", params={"since": header}).json()["items"] == []


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def register(client: httpx.Client, receiver: Receiver, **body: object) -> dict[str, Any]:
    answer = client.post("/v1/webhooks", json={"url": receiver.url, **body})
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


def deliveries(client: httpx.Client, webhook: dict[str, Any], **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/v1/webhooks/{webhook['id']}/deliveries", params=query).json()["items"]
    return found


def test_a_webhook_gets_what_the_feed_tells_signed_and_once(
    client: httpx.Client, cloud: Cloud, shop: Shop, receiver: Receiver
):
    webhook = register(client, receiver)
    cloud.take_in(shop.scan(15, MEMBERS[0]), shop.scan(16, MEMBERS[1]))
    sender = make_webhook_sender(cloud.settings, cloud.database, cloud.clock)
    assert sender.step()
    assert not sender.step(), "what was taken is not sent again"
    items = client.get("/v1/changes").json()["items"]
    assert sorted(receiver.ids()) == sorted(item["id"] for item in items)
    key = base64.b64decode(webhook["secret"].removeprefix("whsec_"))
    for headers, body in receiver.got:
        signed = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body))
        expected = base64.b64encode(hmac.new(key, signed, sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"
        assert headers["webhook-timestamp"] == str(cloud.now_ms // 1000)
        message = json.loads(body)
        assert message["data"] in items
        assert message["type"] == message["data"]["kind"]
    assert {(each["state"], each["attempts"], each["status"]) for each in deliveries(client, webhook)} == {
        ("delivered", 1, 204)
    }
    assert "secret" not in client.get("/v1/webhooks").json()["items"][0]


def test_failures_are_tried_again_later_with_the_same_id_until_the_delivery_is_dead(
    client: httpx.Client, cloud: Cloud, shop: Shop, receiver: Receiver
):
    secret = "whsec_" + base64.b64encode(bytes(range(32))).decode()
    webhook = register(client, receiver, kinds=["profile.created"], secret=secret)
    assert webhook["secret"] == secret
    receiver.statuses = [500, 302, 503, 503]
    cloud.take_in(shop.scan(15, MEMBERS[0]))
    sender = make_webhook_sender(replace(cloud.settings, webhook_attempts=3), cloud.database, cloud.clock)
    for wait_ms in (0, 5_000, 25_000):
        cloud.now_ms += wait_ms
        assert sender.step()
        assert not sender.step(), "nothing is due yet"
    assert len(set(receiver.ids())) == 1
    (dead,) = deliveries(client, webhook, state="dead")
    assert (dead["attempts"], dead["status"], dead["fault"]) == (
        3,
        503,
        "the receiver answered 503 Service Unavailable",
    )
    assert not sender.step()
    path = f"/v1/webhooks/{webhook['id']}/deliveries/{dead['change_id']}/retry"
    for state_now in ("pending", "delivered"):
        assert client.post(path).status_code == 204
        assert sender.step()
        (again,) = deliveries(client, webhook)
        assert again["state"] == state_now
    assert client.post(path.replace(dead["change_id"], "chg_999")).status_code == 404


def test_the_database_holds_no_webhooks_secret_and_none_that_an_older_version_left(
    client: httpx.Client, cloud: Cloud, shop: Shop, receiver: Receiver
):
    made = register(client, receiver)
    channel = {"kind": "webhook", "name": "alerts", "target": receiver.url}
    keys = make_key_service(cloud.settings, cloud.database, cloud.clock)
    rows: dict[Table, dict[str, object]] = {}
    rows[webhooks] = {"id": "w-old", "tenant": TENANT, "url": receiver.url, "kinds": [], "created_ms": 1}
    rows[alert_channels] = {"id": "c-old", "tenant": TENANT, **channel, "language": "en", "created_ms": 1}
    old = "whsec_" + base64.b64encode(bytes(range(32))).decode()
    with cloud.database.write() as session:
        for table, row in rows.items():
            session.insert(table, [row | {"secret": old}])
    assert old in _held(cloud)
    assert (seal_clear_secrets(cloud.database, keys), seal_clear_secrets(cloud.database, keys)) == (2, 0)
    held = _held(cloud)
    for secret in (old, made["secret"]):
        assert secret not in held
        assert secret.removeprefix("whsec_") not in held
    cloud.take_in(shop.scan(15, MEMBERS[0]))
    assert make_webhook_sender(cloud.settings, cloud.database, cloud.clock).step()
    signed_with = {receiver_key(headers, body, (old, made["secret"])) for headers, body in receiver.got}
    assert signed_with == {old, made["secret"]}
    cloud.settings.secret_key_path.write_text("x" * 64, encoding="ascii")
    cloud.take_in(shop.scan(16, MEMBERS[1]))
    assert make_webhook_sender(cloud.settings, cloud.database, cloud.clock).step()
    (waiting, *_) = deliveries(client, made, state="pending")
    assert "the service's key is another one" in waiting["fault"]


def receiver_key(headers: dict[str, str], body: bytes, secrets: tuple[str, ...]) -> str:
    """Return the secret with which a message is signed."""
    sent = headers["webhook-id"], int(headers["webhook-timestamp"])
    return next(s for s in secrets if headers_for(s, *sent, body)["webhook-signature"] == headers["webhook-signature"])


def _held(cloud: Cloud) -> str:
    """Return what the database holds: SQLite's files byte by byte, PostgreSQL's rows."""
    path = cloud.settings.sqlite_path
    if path is not None:
        files = sorted(path.parent.glob(f"{path.name}*"))
        return b"".join(each.read_bytes() for each in files).decode(errors="replace")
    with cloud.database.read() as session:
        return str([tuple(row) for table in (webhooks, alert_channels) for row in session.rows(select(table))])


def test_a_receiver_that_is_gone_is_left_alone(client: httpx.Client, cloud: Cloud, shop: Shop, receiver: Receiver):
    webhook = register(client, receiver)
    receiver.statuses = [410] * 5
    cloud.take_in(shop.scan(15, MEMBERS[0]))
    sender = make_webhook_sender(cloud.settings, cloud.database, cloud.clock)
    assert sender.step()
    cloud.take_in(shop.scan(16, MEMBERS[1]))
    assert not sender.step()
    assert client.get("/v1/webhooks").json()["items"][0]["disabled_at"] is not None
    assert {each["state"] for each in deliveries(client, webhook)} == {"dead"}
    assert client.delete(f"/v1/webhooks/{webhook['id']}").status_code == 204
    assert client.delete(f"/v1/webhooks/{webhook['id']}").status_code == 404
    assert client.get(f"/v1/webhooks/{webhook['id']}/deliveries").status_code == 404


def test_whoever_dies_while_sending_leaves_it_to_be_sent_again(
    client: httpx.Client, cloud: Cloud, shop: Shop, receiver: Receiver
):
    register(client, receiver, kinds=["profile.created"])
    cloud.take_in(shop.scan(15, MEMBERS[0]))
    sender = make_webhook_sender(cloud.settings, cloud.database, cloud.clock)
    sender.record = lambda *_: None  # type: ignore[method-assign]  # it dies before it notes
    assert sender.step()
    fresh = make_webhook_sender(cloud.settings, cloud.database, cloud.clock)
    assert not fresh.step(), "another worker leaves it alone for a while"
    cloud.now_ms += 121_000
    assert fresh.step()
    first, second = receiver.ids()
    assert first == second, "at least once, with the same id"


def test_private_addresses_are_refused_unless_allowed(cloud: Cloud, receiver: Receiver):
    guarded = HttpSender(5, allow_private=False)
    assert "https://" in (guarded("http://crm.example/", {}, b"").fault or "")
    rebound = HttpSender(5, allow_private=False, resolve=lambda _host, _port: ["127.0.0.1"])
    assert "no public address" in (rebound("https://crm.example/", {}, b"").fault or "")
    assert receiver.got == []
    allowed = HttpSender(5, allow_private=True)
    assert allowed(receiver.url, {}, b"{}").status == 204
    port = receiver.url.split(":")[2].split("/")[0]
    assert "SSL" in (allowed(f"https://127.0.0.1:{port}/", {}, b"").fault or "")
    assert "127.0.0.1" in resolve_host("127.0.0.1", 80)
    app = create_app(cloud.settings, cloud.clock, cloud.token, runs_projections=False)
    with serving(app) as http:
        http.headers["Authorization"] = f"Bearer {cloud.keys.create(TENANT, ['members']).secret}"
        answer = http.post("/v1/webhooks", json={"url": receiver.url})
        assert (answer.status_code, "https://" in answer.json()["detail"]) == (422, True)
        answer = http.post("/v1/webhooks", json={"url": "https://crm.example", "secret": "short"})
        assert (answer.status_code, "whsec_" in answer.json()["detail"]) == (422, True)
        for _ in range(20):
            assert http.post("/v1/webhooks", json={"url": "https://crm.example"}).status_code == 200
        assert http.post("/v1/webhooks", json={"url": "https://crm.example"}).status_code == 409


def test_the_worker_sends_by_itself_and_outlives_a_failure(
    client: httpx.Client, cloud: Cloud, shop: Shop, receiver: Receiver
):
    register(client, receiver, kinds=["profile.created"])
    cloud.take_in(shop.scan(15, MEMBERS[0]))
    sender = make_webhook_sender(cloud.settings, cloud.database, cloud.clock)
    steps: list[Callable[[], bool]] = [_fails]
    step = sender.step
    sender.step = lambda: steps.pop()() if steps else step()  # type: ignore[method-assign]  # fails the first time
    worker = BackgroundWorker("webhooks", sender.step, interval_s=0.01)
    worker.start()
    deadline = time.monotonic() + 20
    while not receiver.got:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    worker.stop()
    assert not steps


def _fails() -> bool:
    msg = "the database is away"
    raise OSError(msg)
