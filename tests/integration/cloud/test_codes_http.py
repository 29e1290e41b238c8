"""Item codes over HTTP: registered, listed, told about; bad values named."""

from collections.abc import Iterator

import httpx
import pytest

from cloud.app import create_app
from cloud.config import Settings
from tests.integration.cloud.support import MEMBERS, T0, TENANT, Cloud, NewCloud, Shop, serving
from tests.integration.cloud.test_codes import GTIN, scan

NASTY = "=cmd|' /C calc'!A0 <script>alert(1)</script>'; DROP TABLE item_codes;--"
PACK = {"gtin": GTIN[1:], "serial": "A/B-1", "kind": "outer", "lot": "L1"}
CAP = {"gtin": GTIN, "serial": "CAP", "kind": "inner", "lot": "L1", "outer_serial": "A/B-1"}


class Http:
    """A client with a key of each scope."""

    def __init__(self, http: httpx.Client, cloud: Cloud) -> None:
        self.http, self.cloud = http, cloud
        self.admin = self._header("admin", "read")
        self.reader = self._header("read")
        self.members = self._header("read", "members")

    def _header(self, *scopes: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.cloud.keys.create(TENANT, scopes).secret}"}

    def post(self, body: object, query: str = "") -> httpx.Response:
        answer = self.http.post(f"/v1/codes{query}", json=body, headers=self.admin)
        self.cloud.projector.catch_up()
        return answer

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return self.http.get(path, headers=headers or self.reader)


@pytest.fixture
def http(new_cloud: NewCloud) -> Iterator[Http]:
    cloud = new_cloud()
    app = create_app(Settings(data_dir=cloud.settings.data_dir), cloud.clock, cloud.token, runs_projections=False)
    with serving(app) as client:
        yield Http(client, cloud)


def test_codes_from_registration_to_an_alert(http: Http, shop: Shop):
    body = {"products": [{"gtin": GTIN, "name": NASTY}], "codes": [PACK, CAP]}
    assert http.post(body, "?dry_run=true").json()["added"] == 2
    assert http.get("/v1/codes").json()["items"] == []
    assert http.post(body).json() == {"added": 2, "known": 0, "sold": 0, "products": 1, "dry_run": False}
    assert http.post(body).json()["known"] == 2
    first = http.get(f"/v1/codes?limit=1&gtin={GTIN[1:]}").json()
    assert [(each["serial"], each["product_name"]) for each in first["items"]] == [("A/B-1", NASTY)]
    second = http.get(f"/v1/codes?limit=5&after={first['next_after']}").json()
    assert ([each["serial"] for each in second["items"]], second["next_after"]) == (["CAP"], None)
    http.cloud.take_in(*(scan(shop, "CAP", at_s, member) for at_s, member in enumerate(MEMBERS[:3])))
    http.cloud.take_in(scan(shop, "GUESS", 9), scan(shop, "A/B-1", 10, proof="terminal"))
    alerts = http.get("/v1/codes/alerts").json()
    assert [(each["serial"], each["alert"], each["kind"]) for each in alerts["items"]] == [
        ("GUESS", "unknown_code", None),
        ("CAP", "cloned", "inner"),
    ]
    assert alerts["total"] == 2
    assert http.get("/v1/codes/alerts?alert=cloned").json()["total"] == 1
    assert [each["serial"] for each in http.get("/v1/codes?alert=cloned").json()["items"]] == ["CAP"]
    code = http.get(f"/v1/codes/{GTIN}/CAP", http.members).json()
    assert [each["verdict"] for each in code["history"]] == ["first", "repeat", "repeat"]
    assert (code["link"], code["persons"]) == (f"/01/{GTIN}/10/L1/21/CAP", 3)
    assert all(each["one_id"] and each["store"] is None for each in code["history"])
    hidden = http.get(f"/v1/codes/{GTIN}/CAP").json()
    assert {each["one_id"] for each in hidden["history"]} == {None}
    opened = http.get(f"/v1/codes/{GTIN}/A/B-1").json()
    assert [(each["verdict"], each["store"]) for each in opened["history"]] == [("first", "store-1")]


def test_a_stores_position_is_set_and_checked(http: Http, shop: Shop):
    path, here = "/v1/stores/store-1/position", {"latitude_deg": 51.5, "longitude_deg": -0.1}
    missing = http.http.put(path, json=here, headers=http.admin)
    assert (missing.status_code, "store-1" in missing.json()["detail"]) == (404, True)
    http.cloud.take_in(shop.health(T0))
    assert http.http.put(path, json=here, headers=http.admin).json() == here
    assert http.http.put(path, json={**here, "latitude_deg": 91}, headers=http.admin).status_code == 422


@pytest.mark.parametrize(
    ("change", "status", "named"),
    [
        ({"gtin": "9521230000186"}, 422, "check digit"),
        ({"gtin": "12"}, 422, "'12'"),
        ({"serial": "A" * 21}, 422, "codes.0.serial"),
        ({"serial": "A B"}, 422, "codes.0.serial"),
        ({"kind": "middle"}, 422, "codes.0.kind"),
        ({"kind": "inner", "outer_serial": "NONE"}, 422, "'NONE'"),
        ({"sold_at": "yesterday"}, 422, "yesterday"),
    ],
)
def test_bad_codes_are_named(http: Http, change: dict[str, str], status: int, named: str):
    answer = http.post({"codes": [{**PACK, **change}]})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert named in answer.json()["detail"]


def test_bad_requests_are_named(http: Http):
    for page in ("javascript:alert(1)", "https://a b", 'https://a"onload='):
        answer = http.post({"products": [{"gtin": GTIN, "name": "x", "page_url": page}]})
        assert (answer.status_code, "page_url" in answer.json()["detail"]) == (422, True)
    http.post({"codes": [PACK]})
    other = http.post({"codes": [{**PACK, "lot": "L2"}]})
    assert (other.status_code, "'L1'" in other.json()["detail"]) == (409, True)
    assert http.http.post("/v1/codes", json={}, headers=http.reader).status_code == 403
    for path, named in (
        (f"/v1/codes/{GTIN}/NONE", f"{GTIN}/NONE"),
        ("/v1/codes/123/X", "'123'"),
        (f"/v1/codes/{GTIN}/{'X' * 3000}", "serial"),
        ("/v1/codes?after=x", "'x'"),
    ):
        answer = http.get(path)
        assert answer.status_code in {404, 422}, path
        assert named in answer.json()["detail"]
