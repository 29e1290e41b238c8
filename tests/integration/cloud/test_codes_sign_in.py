"""Shoppers who sign in: their scans are theirs, on the way through the brand's login and in its app."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import ECKey, KeySet
from msgspec.structs import replace
from sqlalchemy import select

from cloud.app import create_app
from cloud.codes.registry import Product, put_products
from cloud.codes.shopper_token import MEMBER_CLAIM
from cloud.codes.store_token import SLOT_MS, InStore, make_token
from cloud.config import ConfigError, Settings
from cloud.linking.tables import terminal_models
from cloud.tables import consents, event_log, touches
from contracts.payloads import CodeScanned, Correction
from tests.integration.cloud.support import KEY, MEMBERS, STORE, T0, TENANT, Cloud, NewCloud, Shop, serving
from tests.integration.cloud.test_codes import GTIN, INNER, OUTER, issue
from tests.integration.cloud.test_codes_resolver import CAP, HEADERS, PACK
from tests.unit.cloud.test_codes_shopper_token import LOGIN, LOGIN_KEYS, login_key
from tests.unit.cloud.test_codes_shopper_token import make_token as make_login_token

LOGIN_URL = "https://login.example/start?brand=acme"


def login_settings(settings: Settings, folder: Path, **changed: object) -> Settings:
    folder.mkdir(exist_ok=True)
    (folder / "keys.json").write_text(json.dumps(LOGIN_KEYS.as_dict(private=False)))
    (folder / "token.key").write_bytes(KEY)
    ours = {
        "resolver_tenant": TENANT,
        "resolver_login_issuer": LOGIN.issuer,
        "resolver_login_audience": LOGIN.audience,
        "resolver_login_keys_file": str(folder / "keys.json"),
        "resolver_login_url": LOGIN_URL,
        "store_token_key_file": str(folder / "token.key"),
    }
    return replace(settings, **{**ours, **changed})


class Browser:
    """A shopper's phone; it keeps cookies and goes nowhere by itself."""

    def __init__(self, http: httpx.Client, cloud: Cloud) -> None:
        self.http, self.cloud = http, cloud

    def get(self, path: str, **headers: str) -> httpx.Response:
        answer = self.http.get(path, headers={**HEADERS, **headers}, follow_redirects=False)
        self.cloud.projector.catch_up()
        return answer

    def token(self, member: int = 0, **claims: object) -> str:
        now_s = self.cloud.now_ms // 1000
        named = f"{MEMBERS[member].namespace}:{MEMBERS[member].pseudonym}"
        return make_login_token({"iat": now_s, "exp": now_s + 600, MEMBER_CLAIM: named, **claims})

    def begin(self, item: str) -> str:
        """Follow the link to the login; return the number that the login puts into its token."""
        start = self.get(f"/sign-in?item={item}")
        assert (start.status_code, start.headers["location"][: len(LOGIN_URL)]) == (303, LOGIN_URL)
        query = parse_qs(urlsplit(start.headers["location"]).query)
        assert query["redirect_uri"][0].endswith("/signed-in")
        return query["nonce"][0]

    def sign_in(self, item: str, **claims: object) -> httpx.Response:
        token = self.token(**{"nonce": self.begin(item), **claims})  # type: ignore[arg-type]  # claims of any kind
        answer = self.get(f"/signed-in?token={token}")
        return self.get(urlsplit(answer.headers["location"]).path)

    def scans(self) -> list[tuple[str, str | None]]:
        statement = select(touches.c.serial, touches.c.pseudonym).order_by(touches.c.time_ms, touches.c.touch_id)
        with self.cloud.database.read() as session:
            return [(row.serial, row.pseudonym) for row in session.rows(statement)]

    def verdicts(self) -> list[object]:
        return [row[5] for row in self.cloud.state()["code_verdicts"]]


@pytest.fixture
def browser(new_cloud: NewCloud, tmp_path: Path) -> Iterator[Browser]:
    cloud = new_cloud()
    issue(cloud, OUTER, INNER)
    with cloud.database.write() as session:
        put_products(session, TENANT, [Product(gtin=GTIN, name="Red", page_url=None)])
    app = create_app(login_settings(cloud.settings, tmp_path), cloud.clock, cloud.token, runs_projections=False)
    with serving(app) as http:
        yield Browser(http, cloud)


def test_whoever_signs_in_after_the_scan_has_made_it(browser: Browser):
    first = browser.get(CAP)
    assert ("Genuine" in first.text, f"/sign-in?item={CAP}" in first.text) == (True, True)
    assert browser.scans() == [("CAP", None)]
    browser.cloud.now_ms += 20_000
    page = browser.sign_in(CAP)
    assert ("You are signed in" in page.text, "Genuine" in page.text, "Sign out" in page.text) == (True, True, True)
    assert ("CAP", MEMBERS[0].pseudonym) in browser.scans()
    assert browser.verdicts() == ["first"], "the scan from before no longer counts, so this is no repeat"
    with browser.cloud.database.read() as session:
        types = [row.type for row in session.rows(select(event_log.c.type).order_by(event_log.c.position))]
    assert types == [CodeScanned.TYPE, CodeScanned.TYPE, Correction.TYPE]
    expected = browser.cloud.state()
    browser.cloud.projector.rebuild()
    assert browser.cloud.state() == expected
    browser.cloud.now_ms += 2 * SLOT_MS
    assert "You are signed in" in browser.get(PACK).text, "for as long as the token stands"
    out = browser.get(f"/sign-out?item={PACK}")
    assert (out.status_code, urlsplit(out.headers["location"]).path) == (303, PACK)
    assert "Sign in" in browser.get(PACK).text


def test_only_ones_own_scan_of_the_same_item_is_superseded(browser: Browser):
    browser.get(PACK)
    browser.sign_in(CAP)
    assert sorted(serial for serial, _ in browser.scans()) == ["CAP", "PACK"]
    with browser.cloud.database.read() as session:
        assert not session.rows(select(event_log).where(event_log.c.type == Correction.TYPE))
    browser.cloud.now_ms += 2 * SLOT_MS
    theirs = browser.cloud.state()["touches"][0][1]
    browser.http.cookies.set("shopthread_scan", str(theirs))
    browser.get(CAP)
    browser.http.cookies.set("shopthread_scan", "00000000-0000-0000-0000-000000000000")
    browser.get(PACK)
    with browser.cloud.database.read() as session:
        assert not session.rows(select(event_log).where(event_log.c.type == Correction.TYPE))


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"aud": "shopthread:other"}, "was not accepted"),
        ({"iss": "https://evil.example"}, "was not accepted"),
        ({"nonce": "another"}, "was not accepted"),
        ({"exp": 1_772_442_000}, "has expired"),
    ],
)
def test_a_refused_sign_in_is_told_and_the_item_shown(browser: Browser, claims: dict[str, object], told: str):
    page = browser.sign_in(CAP, **claims)
    assert (page.status_code, told in page.text, "Genuine" in page.text) == (200, True, True)
    assert browser.scans() == [("CAP", None)]
    assert told not in browser.get(CAP).text, "it is told once"


def test_a_cookie_that_ran_out_is_told_and_dropped(browser: Browser):
    browser.sign_in(CAP)
    browser.cloud.now_ms += 3_600_000
    cookie = browser.http.cookies["shopthread_shopper"]
    page = browser.get(PACK)
    assert ("has expired" in page.text, "Max-Age=0" in page.headers["set-cookie"]) == (True, True)
    assert ("PACK", None) in browser.scans()
    assert "was not accepted" in browser.get(PACK, Cookie=f"shopthread_shopper=x{cookie}").text


def test_nobody_comes_back_who_did_not_go(browser: Browser):
    assert "not begun here" in browser.get(f"/signed-in?token={browser.token()}").text
    for path in (
        "/sign-in?item=//evil.example/",
        "/sign-in?item=@evil.example/",
        "/sign-out?item=https://evil.example",
    ):
        assert browser.get(path).status_code == 400, path
    browser.http.cookies.set("shopthread_sign_in", "n~//evil.example/x")
    assert browser.get(f"/signed-in?token={browser.token(nonce='n')}").status_code == 400


def test_an_app_brings_its_token_along_and_the_consent_with_it(browser: Browser):
    at_s = T0 // 1000
    said = {"visit_linking_consent": True, "visit_linking_consent_at": at_s}
    bearer = f"Bearer {browser.token(1, **said)}"
    page = browser.get(PACK, Authorization=bearer)
    assert ("You are signed in" in page.text, "Sign out" in page.text) == (True, False)
    browser.cloud.now_ms += 2 * SLOT_MS
    browser.get(PACK, Authorization=bearer)
    with browser.cloud.database.read() as session:
        held = [(row.pseudonym, row.granted, row.at_ms) for row in session.rows(select(consents))]
    assert held == [(MEMBERS[1].pseudonym, True, at_s * 1000)], "once, however often the token comes"
    assert browser.scans() == [("PACK", MEMBERS[1].pseudonym)] * 2
    assert "was not accepted" in browser.get(CAP, Authorization="Bearer x").text
    assert ("CAP", None) in browser.scans()


def test_a_signed_in_scan_at_a_shelf_is_linked_and_each_shelf_is_a_terminal(browser: Browser, shop: Shop):
    cloud = browser.cloud
    shelves = [InStore(store=STORE, terminal="tag-1", zone_id=zone) for zone in ("wine", "tea")]
    at_s = T0 // 1000
    token = browser.token(0, exp=at_s + 90_000, visit_linking_consent=True, visit_linking_consent_at=at_s)
    visits, minute = [], 0
    for number in range(10):
        shelf = shelves[number % 2]
        place = (1.0, 2.0) if shelf.zone_id == "wine" else (8.0, 5.0)
        at_ms = T0 + (60 + minute) * SLOT_MS
        begin_s = (at_ms - T0) / 1000 - 20
        path = [(begin_s, *place), (begin_s + 40, place[0] + 0.1, place[1])]
        visits.append(shop.visit(number, 1, (shelf.zone_id, begin_s, begin_s + 40), path=path, kind="shelf"))
        minute += 3
        cloud.now_ms = at_ms
        browser.http.cookies.set("shopthread_store", make_token(KEY, TENANT, shelf, at_ms))
        browser.get(PACK, Authorization=f"Bearer {token}")
    cloud.take_in(*visits)
    with cloud.database.read() as session:
        devices = {row.device for row in session.rows(select(touches.c.device))}
        places = {row.device: (row.place_x_m, row.place_y_m) for row in session.rows(select(terminal_models))}
    assert devices == {"resolver-wine--tag-1", "resolver-tea--tag-1"}
    assert places["resolver-wine--tag-1"] == pytest.approx((1.0, 2.0), abs=0.3)
    assert places["resolver-tea--tag-1"] == pytest.approx((8.0, 5.0), abs=0.3)
    assert sorted(cloud.decisions().values()) == ["linked"] * 10


def test_settings_that_let_nobody_sign_in_are_named(new_cloud: NewCloud, tmp_path: Path):
    (tmp_path / "empty.json").write_text('{"keys": []}')
    settings = new_cloud().settings
    for changed, fault in (
        ({"resolver_login_issuer": None}, "resolver_login_issuer must be set"),
        ({"resolver_login_audience": None}, "resolver_login_audience must be set"),
        ({"resolver_login_url": "http://login.example"}, "must begin with https://"),
        ({"resolver_login_keys_file": str(tmp_path / "none.json")}, "cannot be read"),
        ({"resolver_login_keys_file": str(tmp_path / "empty.json")}, "neither a JWK set nor a public key"),
    ):
        with pytest.raises(ConfigError, match=fault):
            create_app(login_settings(settings, tmp_path / "keys", **changed))


def test_new_keys_of_the_login_hold_without_a_restart(
    browser: Browser, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    """The browser's cloud reads its keys from `tmp_path`; the login exchanges them while it runs."""
    file, new = tmp_path / "keys.json", login_key("b")

    def is_signed_in(key: ECKey) -> bool:
        claims = {"exp": browser.cloud.now_ms // 1000 + 600, "iat": browser.cloud.now_ms // 1000}
        token = make_login_token(claims, key)
        return "You are signed in" in browser.get(PACK, Authorization=f"Bearer {token}").text

    assert (is_signed_in(login_key()), is_signed_in(new)) == (True, False)
    file.write_text(json.dumps(KeySet([login_key(), new]).as_dict(private=False)))
    assert (is_signed_in(new), is_signed_in(login_key())) == (True, True), "at once: the key was not known"
    file.write_text(json.dumps(KeySet([new]).as_dict(private=False)))
    browser.cloud.now_ms += 10_000
    assert (is_signed_in(login_key()), is_signed_in(new)) == (False, True), "a key that was taken back holds no longer"
    for fault in ("no keys", None):
        file.write_text(fault) if fault else file.unlink()
        browser.cloud.now_ms += 10_000
        assert is_signed_in(new), "the keys from before hold on"
    said = [record.getMessage() for record in caplog.records if "keys from before" in record.getMessage()]
    assert [("neither" in said[0]), ("cannot be read" in said[1]), len(said)] == [True, True, 2]


def test_without_a_login_page_only_apps_sign_in(new_cloud: NewCloud, tmp_path: Path):
    cloud = new_cloud()
    issue(cloud, OUTER)
    app_only = login_settings(cloud.settings, tmp_path, resolver_login_url=None)
    with serving(create_app(app_only, cloud.clock, cloud.token, runs_projections=False)) as http:
        browser = Browser(http, cloud)
        assert "Sign in" not in browser.get(PACK).text
        assert browser.get(f"/sign-in?item={PACK}").status_code == 404
    nobody = login_settings(
        cloud.settings,
        tmp_path,
        **dict.fromkeys(
            ("resolver_login_issuer", "resolver_login_audience", "resolver_login_keys_file", "resolver_login_url")
        ),
    )
    with serving(create_app(nobody, cloud.clock, cloud.token, runs_projections=False)) as http:
        assert Browser(http, cloud).get(f"/sign-in?item={PACK}").status_code == 404
