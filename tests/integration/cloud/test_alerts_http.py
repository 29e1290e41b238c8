"""Alerts as people and programs get them: acknowledged, told by webhook and e-mail, listed."""

import base64
import hmac
import json
from collections.abc import Iterator
from hashlib import sha256

import pytest
from msgspec.structs import replace
from sqlalchemy import select
from typer.testing import CliRunner

from cloud.alerts.tables import alert_rules
from cloud.app import create_app, make_alert_evaluator, make_alert_sender
from shopthread.cloud_commands import app as cli
from tests.integration.cloud.alert_watch import HOUR_MS, Watch, add_channel, end, silence
from tests.integration.cloud.client import Client
from tests.integration.cloud.receivers import receiving
from tests.integration.cloud.support import STORE, T0, TENANT, NewCloud, Shop, serving


@pytest.fixture
def watch(client: Client) -> Watch:
    return Watch(client)


def test_two_processes_open_one_alert(watch: Watch, shop: Shop):
    watch.cloud.take_in(shop.coverage(T0 - HOUR_MS, T0))
    watch.rule(measure="camera_silence", condition="above", limit=60)
    other = make_alert_evaluator(watch.cloud.settings, watch.cloud.database, watch.cloud.clock)
    watch.cloud.now_ms = T0 + HOUR_MS
    rounds = [list(each._rounds(watch.cloud.now_ms)) for each in (watch.evaluator, other)]
    for each, found in zip((watch.evaluator, other), rounds, strict=True):
        each._rounds = lambda _now_ms, found=found: iter(found)  # type: ignore[method-assign, misc]  # both read first
        each.step()
    assert len(watch.client.get("/v1/alerts")["items"]) == 1


def test_an_alert_is_acknowledged_once_by_whom_and_when(watch: Watch, shop: Shop):
    alert = silence(watch, shop)
    http, path = watch.client.http, f"/v1/alerts/{alert['id']}/acknowledge"
    assert http.post(path, json={"by": "Ana"}, headers=watch.client.key("read")).status_code == 403
    watch.cloud.now_ms += 5000
    first = http.post(path, json={"by": "Ana Ruiz"}, headers=watch.client.headers).json()
    assert (first["state"], first["acknowledged_by"]) == ("acknowledged", "Ana Ruiz")
    assert first["acknowledged_at"] == "2026-03-02T10:00:05.000Z"
    again = http.post(path, json={"by": "Bo"}, headers=watch.client.headers).json()
    assert again["acknowledged_by"] == "Ana Ruiz", "the first one counts"
    assert [each["what"] for each in again["log"]] == ["opened", "told", "acknowledged"]
    assert again["log"][2]["detail"] == {"by": "Ana Ruiz", "key": first["acknowledged_key"]}
    counts = watch.client.get("/v1/alerts", state="open")
    assert (counts["open"], counts["acknowledged"], counts["items"]) == (0, 1, [])
    assert len(watch.client.get("/v1/alerts", state="acknowledged", store=STORE)["items"]) == 1
    assert watch.client.get("/v1/alerts", store="elsewhere")["items"] == []
    assert http.get("/v1/alerts/nothing", headers=watch.client.headers).status_code == 404


def test_the_log_comes_in_pages(watch: Watch, shop: Shop):
    watch.cloud.take_in(*(shop.coverage(T0 - HOUR_MS, T0, device=f"cam-{number}") for number in range(5)))
    watch.rule(measure="camera_silence", condition="above", limit=60)
    watch.judge(T0 + HOUR_MS)
    seen, before = [], None
    while True:
        page = watch.client.get("/v1/alerts", limit="2", **({} if before is None else {"before": before}))
        seen += [each["device"] for each in page["items"]]
        before = page["next_before"]
        if before is None:
            break
    assert sorted(seen) == [f"cam-{number}" for number in range(5)]
    refused = watch.client.http.get("/v1/alerts", params={"before": "x"}, headers=watch.client.headers)
    assert (refused.status_code, "next_before" in refused.json()["detail"]) == (422, True)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_rules_are_checked_and_kept(watch: Watch):
    http, headers = watch.client.http, watch.client.headers
    good = {"name": "r", "measure": "people_now", "condition": "above", "limit": 5}
    for change, named in (
        ({"measure": "hats"}, "measure must be one of people_now"),
        ({"grain": "hour"}, "it is of the moment"),
        ({"measure": "heads"}, "grain must be one of hour, day"),
        ({"channels": ["nobody"]}, "GET /v1/alert-channels"),
        ({"name": "a\nb"}, "body.name"),
        ({"quiet": [{"start": "25:00", "end": "07:00"}]}, "body.quiet.0.start"),
        ({"limit": "NaN"}, "body.limit"),
    ):
        answer = http.post("/v1/alert-rules", json={**good, **change}, headers=headers)
        assert (answer.status_code, named in answer.json()["detail"]) == (422, True), answer.text
    made = watch.rule(**good)
    assert watch.client.get(f"/v1/alert-rules/{made['id']}") == made
    assert watch.client.get("/v1/alert-rules")["items"] == [made]
    for method in ("get", "put", "delete"):
        body = {"json": good} if method == "put" else {}
        answer = getattr(http, method)("/v1/alert-rules/nothing", headers=headers, **body)
        assert (answer.status_code, "GET /v1/alert-rules" in answer.json()["detail"]) == (404, True)
    measures = {each["name"]: each for each in watch.client.get("/v1/alert-measures")["items"]}
    assert measures["people_now"]["is_live"]
    assert measures["members_new"]["grains"] == ["day"]
    with watch.cloud.database.write() as session:
        row = {**dict(session.rows(select(alert_rules))[0]._mapping)}
        session.insert(alert_rules, [{**row, "id": f"r{number}"} for number in range(199)])
    assert http.post("/v1/alert-rules", json=good, headers=headers).status_code == 409


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_page_of_the_dashboard_may_acknowledge_and_a_foreign_one_may_not(watch: Watch, shop: Shop):
    alert = silence(watch, shop)
    http, path = watch.client.http, f"/v1/alerts/{alert['id']}/acknowledge"
    secret = watch.client.key("read", "members", "alerts")["Authorization"].removeprefix("Bearer ")
    http.post("/login", content=f"key={secret}")
    own = str(http.base_url).rstrip("/")
    for origin in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": own + "1"}):
        assert http.post(path, json={}, headers=origin).status_code == 401, origin
    refused = http.put("/v1/stores/x", json={"name": "x", "time_zone": "UTC"}, headers={"Origin": own})
    assert refused.status_code == 401, "only alerts are opened to pages"
    assert http.post(path, json={}, headers={"Origin": own}).status_code == 200


@pytest.fixture
def outbound(new_cloud: NewCloud) -> Iterator[Watch]:
    """Return a cloud that may send to this machine."""
    cloud = new_cloud()
    cloud.settings = replace(cloud.settings, webhook_allow_private=True)
    with serving(create_app(cloud.settings, cloud.clock, cloud.token, runs_projections=False)) as http:
        yield Watch(Client(http, cloud))


def test_a_webhook_is_told_signed_until_it_takes_it(outbound: Watch, shop: Shop):
    with receiving() as receiver:
        channel = add_channel(outbound, kind="webhook", target=receiver.url)
        other = add_channel(outbound, kind="webhook", target=receiver.url)
        alert = silence(outbound, shop, channels=[channel["id"]])
        receiver.statuses = [500]
        sender = make_alert_sender(outbound.cloud.settings, outbound.cloud.database, outbound.cloud.clock)
        assert sender.step()
        assert not sender.step(), "it waits before it tries again"
        outbound.cloud.now_ms += 5000
        assert sender.step()
        end(outbound, shop)
        assert sender.step()
        assert not sender.step()
    assert receiver.ids() == [f"alert_{alert['id']}_{what}" for what in ("opened", "opened", "resolved")]
    headers, body = receiver.got[1]
    key = base64.b64decode(channel["secret"].removeprefix("whsec_"))
    signed = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body))
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(hmac.new(key, signed, sha256).digest()).decode()}"
    message = json.loads(body)
    assert (message["type"], message["data"]["id"]) == ("alert.opened", alert["id"])
    path = "/v1/alert-channels/{}/deliveries"
    items = outbound.client.get(path.format(channel["id"]))["items"]
    assert [(each["what"], each["state"], each["attempts"], each["status"]) for each in items] == [
        ("resolved", "delivered", 1, 204),
        ("opened", "delivered", 2, 204),
    ]
    assert outbound.client.get(path.format(other["id"]))["items"] == []
    assert outbound.client.get(path.format(channel["id"]), before=str(items[0]["id"]), state="delivered")["items"] == [
        items[1]
    ]
    assert outbound.client.get(f"/v1/alerts/{alert['id']}")["deliveries"] == items


def test_a_receiver_that_never_answers_leaves_a_dead_letter_that_can_be_sent_again(outbound: Watch, shop: Shop):
    with receiving() as receiver:
        channel = add_channel(outbound, kind="webhook", target=receiver.url)
        silence(outbound, shop, channels=[channel["id"]])
        receiver.statuses = [500, 500]
        settings = replace(outbound.cloud.settings, webhook_attempts=2)
        sender = make_alert_sender(settings, outbound.cloud.database, outbound.cloud.clock)
        for _ in range(2):
            assert sender.step()
            outbound.cloud.now_ms += 24 * HOUR_MS
        assert not sender.step()
        path = f"/v1/alert-channels/{channel['id']}/deliveries"
        (dead,) = outbound.client.get(path, state="dead")["items"]
        assert (dead["attempts"], dead["status"]) == (2, 500)
        assert "answered 500" in dead["fault"]
        http, headers = outbound.client.http, outbound.client.headers
        assert http.post(f"{path}/{dead['id']}/retry", headers=headers).status_code == 204
        assert http.post(f"{path}/{dead['id'] + 1}/retry", headers=headers).status_code == 404
        assert sender.step()
        assert len(receiver.got) == 3
        receiver.statuses = [410]
        end(outbound, shop)
        assert sender.step()
        (gone,) = outbound.client.get("/v1/alert-channels")["items"]
        assert gone["disabled_at"] is not None
        assert http.delete(f"/v1/alert-channels/{channel['id']}", headers=headers).status_code == 204
        assert http.delete(f"/v1/alert-channels/{channel['id']}", headers=headers).status_code == 404
        assert http.get(path, headers=headers).status_code == 404


def test_in_quiet_hours_nobody_is_told_until_they_end(outbound: Watch, shop: Shop):
    with receiving() as receiver:
        channel = add_channel(outbound, kind="webhook", target=receiver.url)
        night = [{"start": "09:30", "end": "11:00", "days": ["monday"]}]
        alert = silence(outbound, shop, channels=[channel["id"]], quiet=night)
        sender = make_alert_sender(outbound.cloud.settings, outbound.cloud.database, outbound.cloud.clock)
        assert alert["told_at"] is None
        assert not sender.step()
        (alert,) = outbound.judge(T0 + 2 * HOUR_MS)
        assert alert["told_at"] == "2026-03-02T11:00:00.000Z"
        assert sender.step()
        end(outbound, shop)
        assert sender.step()
        assert len(receiver.got) == 2


def test_what_ends_while_it_is_quiet_is_told_to_nobody(outbound: Watch, shop: Shop):
    with receiving() as receiver:
        channel = add_channel(outbound, kind="webhook", target=receiver.url)
        alert = silence(outbound, shop, channels=[channel["id"]], quiet=[{"start": "00:00", "end": "24:00"}])
        end(outbound, shop)
        assert outbound.client.get(f"/v1/alerts/{alert['id']}")["deliveries"] == []
        assert receiver.got == []


def test_channels_are_checked(outbound: Watch, watch: Watch):
    http, headers = outbound.client.http, outbound.client.headers
    for body, status, named in (
        ({"kind": "webhook", "target": "ftp://x"}, 422, "http:// or https://"),
        ({"kind": "webhook", "target": "http://x", "secret": "short"}, 422, "whsec_"),
        ({"kind": "email", "target": "ana@example.com"}, 409, "SHOPTHREAD_CLOUD_SMTP_HOST"),
        ({"kind": "pigeon", "target": "coop"}, 422, "kind"),
    ):
        answer = http.post("/v1/alert-channels", json={"name": "c", **body}, headers=headers)
        assert (answer.status_code, named in answer.json()["detail"]) == (status, True), answer.text
    for _ in range(50):
        add_channel(outbound, kind="webhook", target="http://x.example")
    body = {"name": "c", "kind": "webhook", "target": "http://x.example"}
    assert http.post("/v1/alert-channels", json=body, headers=headers).status_code == 409
    private = watch.client.http.post("/v1/alert-channels", json=body, headers=watch.client.headers)
    assert (private.status_code, "https://" in private.json()["detail"]) == (422, True)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_the_command_shows_what_is_open(watch: Watch, shop: Shop):
    folder = watch.cloud.settings.data_dir

    def run(*options: str) -> tuple[int, str]:
        outcome = CliRunner().invoke(cli, ["alerts", "--tenant", TENANT, "--data-dir", folder, *options])
        return outcome.exit_code, outcome.output

    assert run() == (0, "0 open, 0 acknowledged; 0 rules, 0 channels, 0 dead deliveries\n")
    alert = silence(watch, shop, name="Camera gone")
    status, told = run()
    assert status == 3
    assert f"warning  open  {STORE} cam-1: Camera gone, camera_silence 60 min 00 s" in told
    watch.client.http.post(f"/v1/alerts/{alert['id']}/acknowledge", json={"by": "Ana"}, headers=watch.client.headers)
    status, told = run("--state", "acknowledged", "--json")
    assert (status, json.loads(told)["id"]) == (0, alert["id"])
    status, told = run("--state", "all", "--evaluate")
    assert status == 0
    assert "resolved by Ana" in told, "the real clock is years on: the camera is no longer expected"
