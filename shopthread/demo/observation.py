"""Looks at the running demo from outside: outboxes, gateways' stores, the cloud's API."""

import sqlite3
from typing import Any

import httpx
from msgspec import Struct, field

from contracts.events import Source
from edge.adapters.outbox import OutboxCounts, read_counts
from edge.main import OUTBOX_FILE
from gateway.adapters.event_rows import SourceTally
from gateway.adapters.event_store import EventStore
from gateway.paths import STORE_FILE
from shopthread.demo.workspace import TENANT, DemoError, Workspace

_TIMEOUT_S = 5.0


class HopCounts(Struct, frozen=True, kw_only=True):
    """One device's events at every hop.

    Attributes:
        device: `store/device`.
        made: Events that the device made.
        received: Distinct events that the gateway holds or held.
        uploaded: Those that the cloud has confirmed.
        stored: Distinct events that the cloud holds.
        repeated: Deliveries that the gateway recognized as repetitions.
        bad_inputs: Lines of input that the device kept because it could not use them.
    """

    device: str
    made: int = 0
    received: int = 0
    uploaded: int = 0
    stored: int = 0
    repeated: int = 0
    bad_inputs: int = 0

    @property
    def is_equal(self) -> bool:
        """Return whether every hop has the same number of events."""
        return self.made == self.received == self.uploaded == self.stored


class Figures(Struct, frozen=True, kw_only=True):
    """What the cloud says of one store."""

    store: str
    visits: int = 0
    links: dict[str, int] = field(default_factory=dict)
    entered: int | None = None
    left: int | None = None
    inside: int | None = None
    lag_events: int = 0
    waiting_links: int = 0


class Snapshot(Struct, frozen=True, kw_only=True):
    """The demo at one instant."""

    hops: tuple[HopCounts, ...]
    figures: tuple[Figures, ...] = ()
    profiles: int = 0
    dead_letters: int = 0

    @property
    def is_equal(self) -> bool:
        """Return whether no event was lost or doubled anywhere."""
        return self.dead_letters == 0 and all(hop.is_equal for hop in self.hops)


class Observer:
    """Reads counts; never changes anything.

    Args:
        workspace: The demo's folder.
        devices: The devices of each store, without the gateways.
        client: An HTTP client with the cloud's address and an API key.
    """

    def __init__(self, workspace: Workspace, devices: dict[str, tuple[str, ...]], client: httpx.Client) -> None:
        self._workspace, self._devices, self._client = workspace, devices, client
        self._stores: dict[str, EventStore] = {}

    def snapshot(self) -> Snapshot:
        """Return the counts of now. A part that is down shows what is known without it."""
        hops: list[HopCounts] = []
        figures: list[Figures] = []
        letters = 0
        for store, devices in self._devices.items():
            tallies, buried = self._gateway(store)
            letters += buried
            reconciliation = self._get(f"/v1/stores/{store}/reconciliation")
            figures.append(self._figures(store, reconciliation))
            stored = _stored_by_device(reconciliation)
            for device in (*devices, "gateway"):
                source = str(Source(TENANT, store, device))
                tally = tallies.get(source, SourceTally(source, 0, 0, 0, 0))
                outbox = (
                    self._outbox(store, device)
                    if device != "gateway"
                    else OutboxCounts(self._made_by_gateway(store), 0, 0)
                )
                hops.append(
                    HopCounts(
                        device=f"{store}/{device}",
                        made=outbox.made,
                        received=tally.received,
                        uploaded=tally.uploaded,
                        stored=stored.get(device, 0),
                        repeated=tally.duplicate,
                        bad_inputs=outbox.bad_inputs,
                    )
                )
        profiles = self._get("/v1/profiles", limit=1)
        return Snapshot(
            hops=tuple(hops),
            figures=tuple(figures),
            profiles=int(profiles.get("total", 0)),
            dead_letters=letters,
        )

    def close(self) -> None:
        """Close the gateways' files."""
        for store in self._stores.values():
            store.close()

    def _outbox(self, store: str, device: str) -> OutboxCounts:
        path = self._workspace.data(store, device) / OUTBOX_FILE
        if not path.exists():
            return OutboxCounts(0, 0, 0)
        try:
            db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
            try:
                return read_counts(db)
            finally:
                db.close()
        except sqlite3.OperationalError:
            return OutboxCounts(0, 0, 0)  # it is being made right now

    def _gateway(self, store: str) -> tuple[dict[str, SourceTally], int]:
        if store not in self._stores:
            path = self._workspace.data(store, "gateway") / STORE_FILE
            if not path.exists():
                return {}, 0
            self._stores[store] = EventStore(path, Source(TENANT, store, "gateway"))
        opened = self._stores[store]
        return {tally.source: tally for tally in opened.tallies()}, opened.dead_letter_count()

    def _made_by_gateway(self, store: str) -> int:
        return self._stores[store].own_made() if store in self._stores else 0

    def _figures(self, store: str, reconciliation: dict[str, Any]) -> Figures:
        links = self._get("/v1/links", store=store, limit=1)
        visits = self._get(f"/v1/stores/{store}/visits", limit=1)
        occupancy = self._get(f"/v1/stores/{store}/occupancy")
        return Figures(
            store=store,
            visits=int(visits.get("customer_visits", 0)),
            links=links.get("counts", {}),
            entered=occupancy.get("entered_today"),
            left=occupancy.get("left_today"),
            inside=occupancy.get("inside_by_tripwires"),
            lag_events=int(reconciliation.get("lag_events", 0)),
            waiting_links=int(reconciliation.get("waiting_links", 0)),
        )

    def _get(self, path: str, **query: str | int) -> dict[str, Any]:
        """Return an answer of the cloud, empty where it does not know the thing or is down."""
        try:
            answer = self._client.get(path, params=query, timeout=_TIMEOUT_S)
        except httpx.TransportError:
            return {}
        if answer.status_code in (401, 403):
            msg = f"the cloud refuses the demo's API key on {path}; start afresh without --resume"
            raise DemoError(msg)
        return dict(answer.json()) if answer.is_success else {}


def _stored_by_device(reconciliation: dict[str, Any]) -> dict[str, int]:
    stored: dict[str, int] = {}
    for row in reconciliation.get("events", []):
        stored[row["device"]] = stored.get(row["device"], 0) + int(row["events"])
    return stored
