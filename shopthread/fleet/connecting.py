"""Brings a fleet's connections up, and up again."""

import random
import secrets
import selectors
from collections.abc import Callable, Sequence

from edge.config import BrokerSettings
from gateway.core.retry import RetryPolicy, wait_s
from shopthread.fleet.errors import FleetError
from shopthread.fleet.lanes import Lane
from shopthread.fleet.link import Link
from shopthread.fleet.tally import Tally

_FIRST_S = 15.0
_ANSWER_S = 5.0
_POLL_S = 0.05
_RETRY = RetryPolicy(first_s=0.2, longest_s=5.0)


def make_links(
    broker: BrokerSettings, lanes: Sequence[Lane], connections: int, tally: Tally, selector: selectors.BaseSelector
) -> list[Link]:
    """Return connections that share the devices evenly; one of a single device connects under the device's name."""
    token = secrets.token_hex(4)
    links = []
    for index in range(min(connections, len(lanes))):
        mine = lanes[index::connections]
        source = mine[0].outbox.source
        own_name = "-".join((source.tenant, source.store, source.device))
        client_id = own_name if len(mine) == 1 else f"fleet-{token}-{index}"
        links.append(Link(broker, client_id, mine, tally, selector))
    return links


class Connecting:
    """Tries again what failed or broke, later each time.

    Args:
        links: The connections.
        address: Where the broker is, for messages.
    """

    def __init__(self, links: Sequence[Link], address: str) -> None:
        self._links, self._address = links, address
        self._failures = [0] * len(links)
        self._due_s = [0.0] * len(links)
        self._chance = random.SystemRandom().random

    def connect_all(
        self, monotonic_s: Callable[[], float], listen: Callable[[float, float], None], stopped: Callable[[], bool]
    ) -> None:
        """Bring every connection up for the first time.

        Raises:
            FleetError: Nobody answers there, or the broker refuses.
        """
        until_s = monotonic_s() + _FIRST_S
        for index, link in enumerate(self._links):
            try:
                link.open(monotonic_s())
            except OSError as error:
                msg = f"no broker answers at {self._address}: {error}; start one, or name another one with --broker"
                raise FleetError(msg) from error
            self._due_s[index] = monotonic_s() + _ANSWER_S
            listen(monotonic_s(), 0.0)
        while not all(link.is_up for link in self._links) and not stopped():
            listen(monotonic_s(), _POLL_S)
            if refusal := next((link.refusal for link in self._links if link.refusal), ""):
                msg = f"the broker at {self._address} refuses the connection: {refusal}; check --username and its ACL"
                raise FleetError(msg)
            if monotonic_s() > until_s:
                up = sum(link.is_up for link in self._links)
                msg = (
                    f"the broker at {self._address} took {up} of {len(self._links)} connections in {_FIRST_S:.0f} s; "
                    "give fewer --connections, or raise the broker's limit"
                )
                raise FleetError(msg)

    def reconnect(self, now_s: float) -> None:
        """Try again where a connection is down and its time has come."""
        for index, link in enumerate(self._links):
            if link.is_up:
                self._failures[index] = 0
                continue
            if now_s < self._due_s[index]:
                continue
            self._failures[index] += 1
            if link.is_open:  # the broker took it and said nothing
                link.close()
            try:
                link.open(now_s)
                self._due_s[index] = now_s + _ANSWER_S
            except OSError:
                self._due_s[index] = now_s + wait_s(_RETRY, self._failures[index], self._chance())
