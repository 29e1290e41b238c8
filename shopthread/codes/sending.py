"""Sends issued codes to the cloud in batches, packs before what lies in them."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice

import httpx
from msgspec import Struct

from shopthread.cloud_api import post
from shopthread.codes.table import CodeRow

BATCH = 500


class Sent(Struct, frozen=True, kw_only=True):
    """How many codes the cloud had not known, and how many it had."""

    added: int
    known: int


def send(read: Callable[[], Iterable[CodeRow]], client: httpx.Client, on_sent: Callable[[int], None]) -> Sent:
    """Register codes and name their products. Sending the same again changes nothing.

    Args:
        read: Reads what to send: once for the packs, and once more for what lies in them.
        client: Has the cloud's address and a key with scope admin.
        on_sent: Told how many more codes were sent.

    Raises:
        CloudRefusedError: The cloud refused a batch or cannot be reached.
    """
    added = known = 0
    for kind in ("outer", "inner"):
        remaining = (code for code in read() if code.kind == kind)
        while batch := list(islice(remaining, BATCH)):
            answer = post(client, "/v1/codes", body_of(batch))
            added, known = added + int(answer["added"]), known + int(answer["known"])
            on_sent(len(batch))
    return Sent(added=added, known=known)


def body_of(codes: Sequence[CodeRow]) -> dict[str, object]:
    """Return what tells the cloud of these codes and their products."""
    products = {code.gtin: code for code in codes if code.product_name is not None}
    names = ("gtin", "serial", "kind", "lot", "outer_serial", "sold_at")
    return {
        "products": [
            {"gtin": gtin, "name": code.product_name, "page_url": code.page_url} for gtin, code in products.items()
        ],
        "codes": [{name: getattr(code, name) for name in names} for code in codes],
    }
