"""The resolver, as a phone and as a machine see it: pages, link sets, recorded scans, refused ones."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace
from sqlalchemy import select

from cloud.app import create_app
from cloud.codes.registry import Product, put_products
from cloud.codes.store_token import SLOT_MS, InStore, make_token
from cloud.config import ConfigError
from cloud.tables import event_log
from tests.integration.cloud.support import KEY, TENANT, Cloud, NewCloud, serving
from tests.integration.cloud.test_codes import GTIN, INNER, OUTER, issue
from tests.unit.cloud.test_codes_phones import PHONE

NASTY = "<script>alert('x')</script>{{ 7*7 }}"
PAGE = "https://example.com/red?a=1&b=2"
CAP, PACK = f"/01/{GTIN}/21/CAP", f"/01/{GTIN}/10/L1/21/PACK"
HEADERS = {"User-Agent": PHONE, "Accept": "text/html"}


class Phone:
    """A browser, the cloud that it asks, and the scans that the cloud holds."""

    def __init__(self, http: httpx.Client, cloud: Cloud) -> None:
        self.http, self.cloud = http, cloud

    def get(self, path: str, **headers: str) -> httpx.Response:
        answer = self.http.get(path, headers={**HEADERS, **headers}, follow_redirects=False)
        self.cloud.projector.catch_up()
        return answer

    def scans(self) -> list[tuple[object, ...]]:
        """Return store, device, zone, proof and serial of each scan."""
        return [(row[2], row[3], row[6], row[7], row[14]) for row in self.cloud.state()["touches"]]


@pytest.fixture
def phone(new_cloud: NewCloud, tmp_path: Path) -> Iterator[Phone]:
    cloud, key = new_cloud(), tmp_path / "token.key"
    key.write_bytes(KEY + b"\n")
    issue(cloud, OUTER, INNER)
    with cloud.database.write() as session:
        put_products(session, TENANT, [Product(gtin=GTIN, name=NASTY, page_url=PAGE)])
    settings = replace(
        cloud.settings,
        resolver_tenant=TENANT,
        resolver_url="https://id.example",
        resolver_requests_per_minute=12,
        store_token_key_file=str(key),
    )
    with serving(create_app(settings, cloud.clock, cloud.token, runs_projections=False)) as http:
        yield Phone(http, cloud)


def test_it_is_off_unless_set(new_cloud: NewCloud):
    cloud = new_cloud()
    with serving(create_app(cloud.settings, cloud.clock, cloud.token, runs_projections=False)) as http:
        assert {http.get(path).status_code for path in (CAP, "/.well-known/gs1resolver", "/in-store/x")} == {404}


def test_a_key_of_store_tokens_that_cannot_be_used_is_named(new_cloud: NewCloud, tmp_path: Path):
    (tmp_path / "short.key").write_bytes(b"short")
    for name, fault in (("short.key", "holds 5 bytes, at least 16"), ("none.key", "cannot be read")):
        settings = replace(new_cloud().settings, resolver_tenant=TENANT, store_token_key_file=str(tmp_path / name))
        with pytest.raises(ConfigError, match=fault):
            create_app(settings)


def test_a_phone_is_told_genuine_then_scanned_before(phone: Phone):
    first = phone.get(CAP)
    assert (first.status_code, "Genuine" in first.text, first.headers["content-language"]) == (200, True, "en")
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;{{ 7*7 }}" in first.text
    assert "<script" not in first.text
    assert first.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert phone.scans() == [("web", "resolver", None, "none", "CAP")]
    phone.get(CAP)
    assert len(phone.scans()) == 1, "the same page once more within a minute is no scan"
    phone.cloud.now_ms += 2 * SLOT_MS
    again = phone.get(CAP, **{"Accept-Language": "zh-CN,zh;q=0.9"})
    assert ("首次扫描于 2026-03-02 10:00 UTC" in again.text, 'lang="zh"' in again.text) == (True, True)
    assert [row[5] for row in phone.cloud.state()["code_verdicts"]] == ["first", "repeat"]
    assert "Genuine" in phone.get(PACK).text, "its cap was opened, so the pack authenticates too"
    assert "never issued" in phone.get(f"/01/{GTIN}/21/GUESSED").text
    expected = phone.cloud.state()
    phone.cloud.projector.rebuild()
    assert phone.cloud.state() == expected


def test_nothing_is_recorded_of_programs_and_of_products_without_serial(phone: Phone):
    assert phone.http.head(CAP, headers=HEADERS).status_code == 200
    for headers in ({"Purpose": "prefetch"}, {"User-Agent": "WhatsApp/2.23"}, {"Accept": "application/linkset+json"}):
        assert phone.get(CAP, **headers).status_code == 200
    assert "names a product" in phone.get(f"/01/{GTIN}").text
    assert phone.scans() == []


def test_a_page_shows_the_lot_that_was_issued_not_the_one_that_a_link_claims(phone: Phone):
    page = phone.get(f"/01/{GTIN}/10/FAKE/21/PACK").text
    assert ("<dd>L1</dd>" in page, "FAKE" in page) == (True, False)


def test_machines_get_link_sets_and_redirects(phone: Phone):
    by_header = phone.get(CAP, Accept="application/linkset+json")
    by_query = phone.get(f"{CAP}?linkType=all")
    assert by_header.json() == by_query.json()
    (entry,) = by_query.json()["linkset"]
    assert (entry["anchor"], entry["itemDescription"]) == (f"https://id.example{CAP}", NASTY)
    assert entry["https://gs1.org/voc/pip"] == [{"href": PAGE, "title": NASTY, "type": "text/html"}]
    assert entry["https://gs1.org/voc/defaultLink"][0]["href"] == f"https://id.example{CAP}"
    redirect = phone.get(f"{CAP}?linkType=gs1:pip")
    assert (redirect.status_code, redirect.headers["location"]) == (307, PAGE)
    unknown = phone.get(f"{CAP}?linkType=gs1:recipeInfo")
    assert (unknown.status_code, "recipeInfo" in unknown.text) == (404, True)
    described = phone.get("/.well-known/gs1resolver").json()
    assert (described["resolverRoot"], described["supportedPrimaryKeys"]) == ("https://id.example", ["01"])
    assert phone.scans() == []


def test_a_fresh_store_token_proves_the_store_and_an_old_one_nothing(phone: Phone):
    shelf = InStore(store="store-1", terminal="till-1", zone_id="checkout")
    token = make_token(KEY, TENANT, shelf, phone.cloud.now_ms)
    assert phone.get("/in-store/a~b~c~1~x").status_code == 400
    assert "You are in the store" in phone.get(f"/in-store/{token}").text
    phone.get(PACK)
    assert phone.scans() == [("store-1", "resolver-checkout--till-1", "checkout", "store_token", "PACK")]
    phone.cloud.now_ms += 3 * SLOT_MS
    assert phone.get(f"/in-store/{token}").status_code == 400
    phone.get(PACK, Cookie=f"shopthread_store={token}")
    assert ("web", "resolver", None, "none", "PACK") in phone.scans()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/01/09521230000186/21/CAP", 400),
        (f"/01/{GTIN}/21/{'A' * 21}", 400),
        (f"/01/{GTIN}/21/A%00B", 422),
        (f"/01/{GTIN}/21/a'%20OR%201=1", 400),
        (f"/01/{GTIN}/21/{'A' * 3000}", 400),
        ("/01/", 404),
        ("/01/../../etc/passwd", 404),
        ("/01/09506000134352/21/A", 404),
    ],
)
def test_what_cannot_be_read_or_is_not_known_is_said(phone: Phone, path: str, status: int):
    answer = phone.get(path)
    assert answer.status_code == status
    assert "<script" not in answer.text
    if status == 400:
        machine = phone.get(path, Accept="application/json")
        assert (machine.status_code, machine.headers["content-type"]) == (400, "application/problem+json")


def test_machines_are_told_of_unknown_products_in_a_problem_document(phone: Phone):
    answer = phone.get("/01/09506000134352", Accept="application/json")
    assert (answer.status_code, "09506000134352" in answer.json()["detail"]) == (404, True)


def test_who_asks_too_often_waits_and_no_address_is_kept(phone: Phone):
    answers = [phone.get(f"/01/{GTIN}").status_code for _ in range(13)]
    assert answers == [200] * 12 + [429]
    phone.cloud.now_ms += SLOT_MS
    assert phone.get(f"/01/{GTIN}").status_code == 200
    with phone.cloud.database.read() as session:
        assert "127.0.0.1" not in repr(session.rows(select(event_log)))
