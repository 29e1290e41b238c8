"""An erasure reaches what lies in a gateway's file, over HTTP, and what a backup brings back."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from cloud.app import create_app
from cloud.config import Settings
from contracts.erasure import ERASURES_PATH, ErasedIdentifier, decode_erasures
from contracts.events import Source, decode_event, draft_event
from contracts.payloads import CodeScanned
from contracts.pseudonym import MemberPseudonym
from gateway.adapters.erased_rows import ErasedRows
from gateway.adapters.event_store import EventStore
from gateway.adapters.forgetting import Forgetting
from gateway.adapters.uplink import UploadError
from gateway.backup import back_up, restore
from gateway.config import CloudSettings, GatewayConfig, StoreSettings
from gateway.paths import event_store_path
from tests.integration.cloud.support import MEMBERS, STORE, T0, TENANT, Cloud, serving

ANNA, BERTA = MEMBERS[:2]


@pytest.fixture
def http(cloud: Cloud, settings: Settings) -> Iterator[httpx.Client]:
    with serving(create_app(settings, cloud.clock, cloud.token, runs_projections=False)) as client:
        yield client


@pytest.fixture
def config(http: httpx.Client, tmp_path: Path) -> GatewayConfig:
    folder = tmp_path / "gateway"
    folder.mkdir()
    return GatewayConfig(
        gateway=StoreSettings(tenant=TENANT, store=STORE, data_dir=folder),
        cloud=CloudSettings(url=str(http.base_url).rstrip("/"), api_key_file=folder / "key"),
    )


def _keep(config: GatewayConfig, *members: MemberPseudonym) -> None:
    source = Source(TENANT, STORE, "gateway")
    store = EventStore(event_store_path(config), source)
    for number, member in enumerate(members):
        data = CodeScanned(scan_id=f"s{number}", code="m", result="member", member=member)
        store.append_own(draft_event(source, data, T0, data.scan_id), T0)
    store.close()


def _held(config: GatewayConfig) -> set[str]:
    """Return whom the events of the file name."""
    store = EventStore(event_store_path(config), config.gateway.source)
    data = [decode_event(each.body).data for each in store.waiting(100)]
    store.close()
    return {each.member.pseudonym for each in data if isinstance(each, CodeScanned) and each.member is not None}


def _ask(config: GatewayConfig, http: httpx.Client, key: str) -> int:
    rows = ErasedRows(event_store_path(config))
    try:
        with httpx.Client(base_url=http.base_url, headers={"authorization": f"Bearer {key}"}, timeout=60) as client:
            return Forgetting(rows, client, 1.0).step()
    finally:
        rows.close()


def test_a_gateways_file_forgets_whom_the_cloud_forgot_also_after_a_backup(
    cloud: Cloud, http: httpx.Client, config: GatewayConfig, tmp_path: Path
):
    ingest, members = (cloud.keys.create(TENANT, [scope]).secret for scope in ("ingest", "members"))
    _keep(config, ANNA, BERTA, ANNA)
    assert _ask(config, http, ingest) == 0
    back_up(config, tmp_path / "backup.tar", T0)
    path = f"/v1/members/{ANNA.namespace}/{ANNA.pseudonym}"
    assert http.delete(path, headers={"authorization": f"Bearer {members}"}).status_code == 200
    assert (_ask(config, http, ingest), _held(config)) == (2, {BERTA.pseudonym})
    assert _ask(config, http, ingest) == 0
    restore(config, tmp_path / "backup.tar", replaces=True)
    assert _held(config) == {ANNA.pseudonym, BERTA.pseudonym}
    assert (_ask(config, http, ingest), _held(config)) == (2, {BERTA.pseudonym})
    with pytest.raises(UploadError, match="HTTP 403"):
        _ask(config, http, members)


def test_erasures_come_in_order_page_by_page_and_name_nobody(cloud: Cloud, http: httpx.Client):
    ingest, members, other = (
        {"authorization": f"Bearer {cloud.keys.create(tenant, scopes).secret}"}
        for tenant, scopes in ((TENANT, ["ingest"]), (TENANT, ["members"]), ("other", ["ingest", "members"]))
    )
    assert decode_erasures(http.get(ERASURES_PATH, headers=ingest).content).secret is None
    for member, who in ((ANNA, members), (BERTA, other), (BERTA, members), (ANNA, members)):
        assert http.delete(f"/v1/members/{member.namespace}/{member.pseudonym}", headers=who).status_code == 200
        cloud.now_ms += 1000
    found: list[ErasedIdentifier] = []
    after = 0
    for _ in range(2):
        answer = http.get(ERASURES_PATH, params={"after": after, "limit": 1}, headers=ingest)
        page = decode_erasures(answer.content)
        found += page.items
        assert after < page.next_after
        after = page.next_after
        assert ANNA.pseudonym not in answer.text
        assert BERTA.pseudonym not in answer.text
    assert [each.until_ms - found[0].until_ms for each in found] == [0, 1000], "who was erased again comes again, last"
    assert not page.has_more
    assert decode_erasures(http.get(ERASURES_PATH, params={"after": after}, headers=ingest).content).items == ()
    ahead = decode_erasures(http.get(ERASURES_PATH, params={"after": after + 5}, headers=ingest).content)
    assert len(ahead.items) == 2, "an older backup of the cloud came back: everything anew"
