"""What the change feed answers."""

from typing import Any, Literal

from pydantic import BaseModel, Field

ChangeKind = Literal[
    "profile.created",
    "profile.changed",
    "profile.merged",
    "profile.unmerged",
    "profile.removed",
    "link.asserted",
    "link.final",
    "link.retracted",
    "consent.recorded",
]


class ChangeBody(BaseModel):
    """Something that changed. The same `id` is the same change, in the feed and at a webhook."""

    id: str = Field(examples=["chg_4711"])
    at: str = Field(description="When it was published")
    kind: ChangeKind
    one_id: str = Field(description="The profile that it is about")
    data: dict[str, Any] = Field(
        description="Of a merge `into`, of an unmerge `from`; of a link `touch_id`, `visit_id`, `decision`, `stage`; "
        "of a consent `purpose` and `granted`. Read the profile for the rest"
    )


class ChangesPage(BaseModel):
    """Changes in their order, which never changes; nothing appears between two of them later."""

    items: list[ChangeBody]
    next_since: str = Field(description="Ask with `since` for what follows, now or whenever there is something")
    has_more: bool
