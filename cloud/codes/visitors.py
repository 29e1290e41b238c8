"""Who asks for an item's page: a person's phone, or a program that looks ahead. Pure."""

import re
from collections.abc import Mapping
from typing import Literal

Language = Literal["en", "zh"]

_PROGRAM = re.compile(
    r"(?<!cu)bot\b|crawl|spider|slurp|preview|facebookexternalhit|facebot|whatsapp|slack|telegram|discord|skype|embedly|"
    r"pinterest|headless|lighthouse|curl|wget|python|java/|go-http|okhttp|httpclient",
    re.IGNORECASE,
)
_LOOKS_AHEAD = ("purpose", "sec-purpose", "x-purpose", "x-moz")


def is_person(headers: Mapping[str, str]) -> bool:
    """Return whether a request seems to come from a browser that a person looks at.

    Args:
        headers: By lower-case name.
    """
    agent = headers.get("user-agent", "")
    ahead = any(word in headers.get(name, "").lower() for name in _LOOKS_AHEAD for word in ("prefetch", "preview"))
    return agent.startswith("Mozilla/") and _PROGRAM.search(agent) is None and not ahead


def language_of(accept_language: str) -> Language:
    """Return the language that a person prefers, English where neither is named (RFC 9110, section 12.5.4)."""
    best: dict[str, float] = {"en": 0.0, "zh": 0.0}
    for part in accept_language[:500].split(","):
        tag, _, weight = part.strip().lower().partition(";q=")
        name = tag.partition("-")[0]
        if name in best:
            best[name] = max(best[name], _quality(weight))
    return "zh" if best["zh"] > best["en"] else "en"


def wants(accept: str, *media_types: str) -> bool:
    """Return whether an Accept header names one of these media types before HTML."""
    names = [part.partition(";")[0].strip().lower() for part in accept[:500].split(",")]
    first = next((name for name in names if name in media_types or name in {"text/html", "*/*"}), "")
    return first in media_types


def _quality(text: str) -> float:
    try:
        return min(1.0, max(0.0, float(text))) if text else 1.0
    except ValueError:
        return 0.0
