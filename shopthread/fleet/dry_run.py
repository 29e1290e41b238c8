"""How much a scenario's devices say, found out without a broker."""

from collections import Counter

from msgspec import Struct

from contracts.events import decode_event
from shopthread.fleet.stores import StorePlan, VirtualStore

_SECONDS_PER_HOUR = 3600


class Volume(Struct, frozen=True, kw_only=True):
    """What one device says in an hour of store time.

    Attributes:
        device_id: The device in the scenario.
        kind: What it is.
        events: Events by type.
        bytes: Their bytes together, as published.
    """

    device_id: str
    kind: str
    events: dict[str, float]
    bytes: float


def measure(plan: StorePlan) -> list[Volume]:
    """Simulate one store from its beginning to its end and return what each device says in an hour.

    Raises:
        ScenarioError: The scenario cannot be simulated.
        ConfigurationError: A device cannot be configured so.
    """
    store = VirtualStore(plan, lambda: "dry-run")
    while not store.is_over:
        store.step()
    hours = (store.now_ms - plan.start_ms) / 1000 / _SECONDS_PER_HOUR
    volumes = []
    for device_id, outbox in store.outboxes.items():
        bodies = [row.body for row in outbox.rows(range(1, outbox.made + 1))]
        counts = Counter(decode_event(body).type for body in bodies)
        volumes.append(
            Volume(
                device_id=device_id,
                kind=outbox.presence.kind,
                events={name: count / hours for name, count in counts.most_common()},
                bytes=sum(map(len, bodies)) / hours,
            )
        )
    return volumes
