"""The page behind a code, for people: one file without scripts or anything from elsewhere. Pure."""

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Literal

from jinja2 import Environment, StrictUndefined
from msgspec import Struct

from cloud.codes.visitors import Language

Said = Literal[
    "first",
    "before",
    "issued",
    "cloned",
    "unknown",
    "unregistered",
    "product",
    "unreadable",
    "missing",
    "in_store",
    "no_sign_in",
]
Notice = Literal["signed_in", "expired", "refused"]

_STYLE = """:root{color-scheme:light dark;--good:#0a6b3d;--bad:#a3260f;--line:#8886}
@media(prefers-color-scheme:dark){:root{--good:#5fd69a;--bad:#ff9a85}}
body{font:1.05rem/1.5 system-ui,sans-serif;max-width:32rem;margin:0 auto;padding:1.5rem}
h1{font-size:1.4rem;margin:0 0 .5rem}p{margin:.5rem 0}
.said{border-left:.35rem solid var(--line);padding:.5rem 1rem;margin:1rem 0}
.good{border-color:var(--good)}.bad{border-color:var(--bad)}
dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;font-size:.9rem}dd{margin:0;overflow-wrap:anywhere}"""

CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_TEXTS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "first": "Genuine. This is the first time that this item's code is scanned.",
        "before": "This code was first scanned on {at}. If that was not you, the item may be a copy.",
        "issued": "The maker issued this code. Codes on packs can be scanned by anybody before the sale.",
        "cloned": "Careful: this code was found on several items. Yours may be a copy.",
        "unknown": "Careful: the maker never issued this code.",
        "unregistered": "Nothing is known of single items of this product.",
        "unreadable": "This code cannot be read. Scan it again, or copy the address anew.",
        "missing": "This product is not known here.",
        "in_store": "You are in the store. Scan an item now; this counts for a minute.",
        "no_sign_in": "This sign-in was not begun here, or too long ago. Scan the item and sign in again.",
        "signed_in": "You are signed in: this scan counts as yours.",
        "expired": "Your sign-in has expired: this scan does not count as yours.",
        "refused": "Your sign-in was not accepted: this scan does not count as yours.",
        "sign_in": "Sign in",
        "sign_out": "Sign out",
        "product": "This code names a product, not a single item.",
        "serial": "Serial",
        "lot": "Lot",
        "more": "More about this product",
        "title": "Item",
    },
    "zh": {
        "first": "正品。这是该商品的编码首次被扫描。",
        "before": "该编码首次扫描于 {at}。如果不是您本人扫描，商品可能是仿品。",  # noqa: RUF001 - Chinese
        "issued": "该编码由生产商签发。销售前任何人都可能扫描包装上的编码。",
        "cloned": "请注意：多件商品上出现了同一编码，您的商品可能是仿品。",  # noqa: RUF001 - Chinese
        "unknown": "请注意：生产商从未签发过该编码。",  # noqa: RUF001 - Chinese
        "unregistered": "该产品没有单件商品的登记信息。",
        "unreadable": "无法识别该编码，请重新扫描或重新复制网址。",  # noqa: RUF001 - Chinese
        "missing": "这里没有该产品的信息。",
        "in_store": "您在门店内。请现在扫描商品，一分钟内有效。",  # noqa: RUF001 - Chinese
        "no_sign_in": "此登录并非从这里开始，或已过时。请扫描商品后重新登录。",  # noqa: RUF001 - Chinese
        "signed_in": "您已登录，本次扫描计入您的账户。",  # noqa: RUF001 - Chinese
        "expired": "登录已过期，本次扫描不计入您的账户。",  # noqa: RUF001 - Chinese
        "refused": "登录未被接受，本次扫描不计入您的账户。",  # noqa: RUF001 - Chinese
        "sign_in": "登录",
        "sign_out": "退出登录",
        "product": "该编码表示产品，而不是单件商品。",  # noqa: RUF001 - Chinese
        "serial": "序列号",
        "lot": "批号",
        "more": "了解该产品",
        "title": "商品",
    },
}
_GOOD, _BAD = frozenset({"first", "issued", "in_store"}), frozenset({"cloned", "unknown", "no_sign_in"})

_PAGE = Environment(autoescape=True, undefined=StrictUndefined).from_string(
    """<!doctype html>
<html lang="{{ language }}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex"><title>{{ page.name or texts.title }}</title>
<style>{{ style|safe }}</style></head><body><main><h1>{{ page.name or texts.title }}</h1>
<p class="said {{ mood }}">{{ said }}</p>
{% if page.notice %}<p class="said {{ '' if page.notice == 'signed_in' else 'bad' }}" role="status">
{{ texts[page.notice] }}</p>{% endif %}
{% if page.gtin %}<dl><dt>GTIN</dt><dd>{{ page.gtin }}</dd>
{% if page.lot %}<dt>{{ texts.lot }}</dt><dd>{{ page.lot }}</dd>{% endif %}
{% if page.serial %}<dt>{{ texts.serial }}</dt><dd>{{ page.serial }}</dd>{% endif %}</dl>{% endif %}
{% if page.page_url %}<p><a rel="noopener noreferrer" href="{{ page.page_url }}">{{ texts.more }}</a></p>{% endif %}
{% if page.sign_in %}
<p><a rel="nofollow" href="/sign-in?item={{ page.sign_in|urlencode }}">{{ texts.sign_in }}</a></p>{% endif %}
{% if page.sign_out %}
<p><a rel="nofollow" href="/sign-out?item={{ page.sign_out|urlencode }}">{{ texts.sign_out }}</a></p>{% endif %}
</main></body></html>
"""
)


class ItemPage(Struct, frozen=True, kw_only=True):
    """What a page tells.

    Attributes:
        first_at: When the item was first authenticated, as a day.
        notice: What became of the shopper's sign-in.
        sign_in: The path of the item for which a shopper may sign in here.
        sign_out: The path of the item to come back to after signing out.
    """

    said: Said
    gtin: str | None = None
    serial: str | None = None
    lot: str | None = None
    name: str | None = None
    page_url: str | None = None
    first_at: str | None = None
    notice: Notice | None = None
    sign_in: str | None = None
    sign_out: str | None = None


def render(page: ItemPage, language: Language) -> str:
    """Return a page as HTML; everything that others wrote is escaped."""
    texts = _TEXTS[language]
    mood = "good" if page.said in _GOOD else "bad" if page.said in _BAD else ""
    said = texts[page.said].format(at=page.first_at or "")
    return _PAGE.render(page=page, texts=texts, language=language, style=_STYLE, mood=mood, said=said)
