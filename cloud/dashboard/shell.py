"""What stands around every view: navigation, language, colours."""

from typing import Final
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.templating import Jinja2Templates
from msgspec import Struct

from cloud.dashboard.appearance import THEMES, appearance_of
from cloud.dashboard.assets import HERE, Assets
from cloud.dashboard.messages import LANGUAGES, messages_in

_templates = Jinja2Templates(HERE / "templates")


class View(Struct, frozen=True, kw_only=True):
    """One page of the dashboard.

    Attributes:
        name: Of its address, its script and its texts.
        controls: What can be chosen above it: one `store` or all `stores`, and a `period`.
        chapter: The view that the navigation marks while this one is shown; None: itself.
    """

    name: str
    controls: tuple[str, ...] = ()
    chapter: str | None = None


VIEWS: Final = (
    View(name="overview", controls=("period",)),
    View(name="shop", controls=("store", "period")),
    View(name="floor", controls=("store", "period")),
    View(name="customers", controls=("stores", "period")),
    View(name="profiles"),
    View(name="profile", chapter="profiles"),
    View(name="codes"),
    View(name="alerts", controls=("stores",)),
    View(name="quality", controls=("store",)),
    View(name="audits", controls=("stores",)),
)
"""In the navigation's order; the first is where people begin."""


def render(request: Request, template: str, status: int = 200, **values: object) -> Response:
    """Return a page in the language and colours of who asks."""
    appearance = appearance_of(request)
    assets: Assets = request.app.state.assets
    messages = messages_in(appearance.language)
    response = _templates.TemplateResponse(
        request,
        template,
        {
            "appearance": appearance,
            "assets": assets,
            "languages": LANGUAGES,
            "messages": messages,
            "themes": THEMES,
            "views": VIEWS,
            "here": lambda **changes: _address(request, changes),
            "t": messages.__getitem__,
            **values,
        },
        status_code=status,
    )
    appearance.keep(response)
    return response


def _address(request: Request, changes: dict[str, str]) -> str:
    """Return this page's address with some parameters changed."""
    return f"{request.url.path}?{urlencode({**request.query_params, **changes})}"
