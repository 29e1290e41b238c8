"""What the dashboard says, in each language that it speaks: one catalogue a language, with the same keys."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Final

from cloud.dashboard.assets import HERE

LANGUAGES: Final[Mapping[str, str]] = {"en": "English", "zh": "中文"}
"""By code, what each calls itself. The first is spoken to whoever understands none of them."""


@cache
def messages_in(language: str) -> Mapping[str, str]:
    """Return a language's texts by key."""
    texts: dict[str, str] = json.loads((HERE / "messages" / f"{language}.json").read_text(encoding="utf-8"))
    return texts


def best_language(accepted: str) -> str:
    """Return the language that a browser's Accept-Language header likes best of those that are spoken here.

    Args:
        accepted: The header, such as `zh-CN,zh;q=0.9,en;q=0.8` (RFC 9110).
    """
    wishes = []
    for position, part in enumerate(accepted.split(",")):
        tag, _, weight = part.strip().partition(";q=")
        wishes.append((-_weight(weight), position, tag.partition("-")[0].lower()))
    known = (tag for weight, _, tag in sorted(wishes) if weight < 0 and tag in LANGUAGES)
    return next(known, next(iter(LANGUAGES)))


def _weight(text: str) -> float:
    try:
        return float(text or 1)
    except ValueError:
        return 0.0
