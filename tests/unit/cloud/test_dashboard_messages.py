"""The dashboard's texts: the same in every language, and none that scripts or pages use is missing."""

import re

import pytest

from cloud.dashboard.assets import HERE
from cloud.dashboard.messages import LANGUAGES, best_language, messages_in

_PLACES = re.compile(r"\{(\w+)\}")
_USED = (re.compile(r"\bt\(\s*[\"']([a-z0-9_.]+[a-z0-9])[\"']"), re.compile(r"[\"']((?:login)\.[a-z_]+)[\"']"))


def _keys(language: str) -> set[str]:
    return set(messages_in(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_keys_with_the_same_places(language: str):
    english, texts = messages_in("en"), messages_in(language)
    assert _keys(language) == _keys("en")
    for key, text in texts.items():
        assert text.strip()
        assert set(_PLACES.findall(text)) == set(_PLACES.findall(english[key])), key


def test_every_text_that_is_used_is_there():
    sources = [*HERE.glob("static/[!v]*/*.js"), *HERE.glob("static/views/*.js"), *HERE.glob("templates/*.html")]
    used = {key for path in sources for each in _USED for key in each.findall(path.read_text(encoding="utf-8"))}
    assert len(used) > 50
    assert {key for key in used if not {key, f"{key}.other"} & _keys("en")} == set()


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("de-DE,de;q=0.9,zh;q=0.2,en;q=0.1", "zh"),
        ("zh;q=0,en;q=0.5", "en"),
        ("en;q=nonsense,zh;q=0.1", "zh"),
        ("fr", "en"),
    ],
)
def test_the_browser_language_is_spoken_where_it_is_known(accepted: str, language: str):
    assert best_language(accepted) == language
