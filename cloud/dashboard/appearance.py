"""Which language and which colours a browser gets: as its address asks, else as it chose before, else as it is set."""

from typing import Final

from fastapi import Request, Response
from msgspec import Struct

from cloud.dashboard.messages import LANGUAGES, best_language

THEMES: Final = ("auto", "light", "dark")
"""`auto` follows the system."""
_LANGUAGE_COOKIE = "shopthread_language"
_THEME_COOKIE = "shopthread_theme"
_KEPT_S = 365 * 24 * 3600


class Appearance(Struct, frozen=True, kw_only=True):
    """How a page looks.

    Attributes:
        language: One of `LANGUAGES`.
        theme: One of `THEMES`.
        chosen: The cookies that the address chose, by name.
    """

    language: str
    theme: str
    chosen: dict[str, str]

    def keep(self, response: Response) -> None:
        """Let the browser remember what the address chose."""
        for name, value in self.chosen.items():
            response.set_cookie(name, value, max_age=_KEPT_S, samesite="lax", httponly=True)


def appearance_of(request: Request) -> Appearance:
    """Return how a page looks for who asks. Unknown languages and themes are passed over."""
    asked = {_LANGUAGE_COOKIE: request.query_params.get("lang"), _THEME_COOKIE: request.query_params.get("theme")}
    allowed = {_LANGUAGE_COOKIE: tuple(LANGUAGES), _THEME_COOKIE: THEMES}
    chosen = {name: value for name, value in asked.items() if value is not None and value in allowed[name]}
    kept = {name: value for name, value in request.cookies.items() if value in allowed.get(name, ())}
    held = {
        _LANGUAGE_COOKIE: best_language(request.headers.get("accept-language", "")),
        _THEME_COOKIE: THEMES[0],
        **kept,
        **chosen,
    }
    return Appearance(
        language=held[_LANGUAGE_COOKIE],
        theme=held[_THEME_COOKIE],
        chosen=chosen,
    )
