"""Signing in, and the language and colours of pages."""

import re
from urllib.parse import urlencode

from tests.integration.cloud.client import Client


def test_signing_in_opens_reading_alone(client: Client):
    http = client.http
    assert http.get("/", follow_redirects=False).headers["location"] == "/login"
    assert "API key" in http.get("/login").text
    refused = http.post("/login", content="key=stk_wrong")
    assert (refused.status_code, "No such key" in refused.text) == (401, True)
    assert "lacks the scope members" in http.post("/login", content=f"key={_secret(client.key('read'))}").text
    assert http.post("/login", content="key=" + "x" * 5000).status_code == 401
    secret = _secret(client.key("read", "members", "admin"))
    entered = http.post("/login", content=f"key={secret}", follow_redirects=False)
    cookie = entered.headers["set-cookie"]
    assert entered.status_code == 303
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert secret not in cookie
    page = http.get("/")
    assert page.url.path == "/overview"
    assert "All shops" in page.text
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    script = http.get(re.findall(r'src="(/static/[^"]+/views/overview\.js)"', page.text)[0])
    assert script.headers["x-content-type-options"] == "nosniff"
    assert "immutable" in script.headers["cache-control"], "its address changes with its content"
    assert http.get("/v1/stores").status_code == 200
    assert http.put("/v1/stores/x", json={"name": "x", "time_zone": "UTC"}).status_code == 401
    client.cloud.now_ms += 13 * 3_600_000
    assert http.get("/v1/stores").status_code == 401, "the session has expired"
    client.cloud.now_ms -= 13 * 3_600_000
    http.post("/logout")
    assert http.get("/v1/stores").status_code == 401


def test_signing_in_leads_to_the_page_that_was_asked_for(client: Client):
    http, secret = client.http, _secret(client.key("read", "members"))
    asked = http.get("/shop", params={"store": "west", "period": "7d"})
    assert asked.url.path == "/login"
    assert 'value="/shop?store=west&amp;period=7d"' in asked.text
    for wanted, reached in {
        "/shop?store=west": "/shop?store=west",
        "//evil.example": "/",
        "/\\evil.example": "/",
        "https://evil.example/": "/",
        "/v1/../login": "/",
    }.items():
        body = urlencode({"key": secret, "next": wanted})
        assert http.post("/login", content=body, follow_redirects=False).headers["location"] == reached


def test_the_page_speaks_and_looks_as_its_reader_likes(client: Client):
    http = client.http
    assert (
        '<html lang="zh" data-theme="auto">' in http.get("/login", headers={"Accept-Language": "zh-CN,en;q=0.5"}).text
    )
    chosen = http.get("/login", params={"lang": "zh", "theme": "dark", "next": "/codes"})
    assert '<html lang="zh" data-theme="dark">' in chosen.text
    assert "lang=en" in chosen.text
    assert '<html lang="zh" data-theme="dark">' in http.get("/login").text, "kept in a cookie"
    assert '<html lang="zh" data-theme="dark">' in http.get("/login", params={"lang": "xx", "theme": "pink"}).text


def _secret(headers: dict[str, str]) -> str:
    return headers["Authorization"].removeprefix("Bearer ")
