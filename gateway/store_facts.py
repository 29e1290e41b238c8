"""Gathers what the gateway shows of itself and its store."""

from collections.abc import Callable
from typing import get_args

from contracts.events import Source
from contracts.fields import StorageState
from gateway.adapters.device_database import DeviceDatabase
from gateway.adapters.event_store import EventStore
from gateway.adapters.live_zones import LiveZones
from gateway.adapters.own_clock import OwnClock
from gateway.adapters.sightings import Sightings
from gateway.adapters.store_pages import StoreFacts, StoreNow
from gateway.core.admission import IntakeRules
from gateway.core.devices.overview import DeviceView
from gateway.core.devices.own_clock import clock_light
from gateway.core.metrics import Metric, single
from gateway.device_overview import device_views
from gateway.errors import GatewayError

_LIGHTS = ("green", "yellow", "red", "grey")
_STATES: tuple[StorageState, ...] = get_args(StorageState)


class Shown:
    """What is known of the store, for health, figures and the page.

    Args:
        gateway: The gateway as its own events name it.
        database: The devices' file.
        store: The events.
        sightings: What was heard of each device.
        zones: Who is where.
        is_connected: Whether the broker is there.
        is_alive: Whether every part works.
        clock_ms: The wall clock, Unix milliseconds.
        intake: Tells whether it can be right.
        own_clock: Tells how far it is off.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the parts that are shown
        self,
        gateway: Source,
        database: DeviceDatabase,
        store: EventStore,
        sightings: Sightings,
        zones: LiveZones,
        is_connected: Callable[[], bool],
        is_alive: Callable[[], bool],
        clock_ms: Callable[[], int],
        intake: IntakeRules,
        own_clock: OwnClock,
    ) -> None:
        self._gateway, self._database, self._store = gateway, database, store
        self._sightings, self._zones, self._clock_ms = sightings, zones, clock_ms
        self._is_connected, self._is_alive, self._intake = is_connected, is_alive, intake
        self._own_clock = own_clock

    def facts(self) -> StoreFacts:
        """Return where pages get what they show."""
        return StoreFacts(self._is_alive, self.why_not_ready, self.metrics, self.now)

    def why_not_ready(self) -> list[str]:
        """Return what is missing for the gateway to take events; nothing where it can."""
        missing = [] if (why := self._intake.why_not_now(self._clock_ms())) is None else [why]
        if not self._is_connected():
            missing.append("the broker is not there")
        try:
            storage = self._store.storage()
            if storage is not None and storage.state == "full":
                missing.append("the event store is full: devices keep their events")
        except GatewayError as error:
            missing.append(str(error))
        return missing

    def now(self) -> StoreNow:
        """Return the store as it is.

        Raises:
            GatewayError: A file cannot be read.
        """
        now_ms, offset = self._clock_ms(), self._own_clock.offset()
        clock_shown, clock_why = clock_light(offset)
        people = self._store.people(now_ms)
        return StoreNow(
            store=self._gateway.store,
            now_ms=now_ms,
            people=None if people is None else people.people,
            went_in=None if people is None else people.went_in,
            went_out=None if people is None else people.went_out,
            waiting=self._store.queue_depth(),
            zones=self._zones.now(now_ms),
            devices=self._views(now_ms),
            storage=self._store.storage(),
            joining=self._store.joining(now_ms).line,
            clock_offset_s=None if offset is None else offset.offset_s,
            clock_light=clock_shown,
            clock_why=clock_why,
        )

    def metrics(self) -> list[Metric]:
        """Return figures for Prometheus.

        Raises:
            GatewayError: A file cannot be read.
        """
        now_ms = self._clock_ms()
        views, tallies, storage = self._views(now_ms), self._store.tallies(), self._store.storage()
        oldest_ms, counted = self._store.oldest_waiting_ms(), self._store.people(now_ms)
        people = None if counted is None else counted.people
        offset = self._own_clock.offset()
        return [
            single("shopthread_gateway_up", "gauge", "1 where every part works", float(self._is_alive())),
            single("shopthread_gateway_broker_connected", "gauge", "1 where it is", float(self._is_connected())),
            single("shopthread_gateway_waiting", "gauge", "Events that wait for the cloud", self._store.queue_depth()),
            single(
                "shopthread_gateway_waiting_seconds",
                "gauge",
                "Age of the oldest of them",
                None if oldest_ms is None else max(0.0, (now_ms - oldest_ms) / 1000),
            ),
            single(
                "shopthread_gateway_dead_letters", "gauge", "Unacceptable messages", self._store.dead_letter_count()
            ),
            single("shopthread_gateway_store_bytes", "gauge", "Bytes of the event store", self._store.used_bytes()),
            single(
                "shopthread_gateway_clock_offset_seconds",
                "gauge",
                "How far the gateway's clock is ahead of the cloud's, or else of most devices'",
                None if offset is None else offset.offset_s,
            ),
            Metric(
                "shopthread_gateway_storage",
                "gauge",
                "1 for the state that the event store is in",
                [] if storage is None else [({"state": name}, float(storage.state == name)) for name in _STATES],
            ),
            single(
                "shopthread_gateway_joins_cameras",
                "gauge",
                "1 where one visit is made of what several cameras see",
                float(self._store.joining(now_ms).joins),
            ),
            single("shopthread_store_people", "gauge", "People in the store", people),
            Metric(
                "shopthread_gateway_events_total",
                "counter",
                "Events by device and what became of them",
                [
                    ({"device": Source.parse(each.source).device, "outcome": outcome}, getattr(each, outcome))
                    for each in tallies
                    for outcome in ("received", "duplicate", "uploaded", "refused")
                ],
            ),
            *_device_metrics(views, now_ms),
        ]

    def _views(self, now_ms: int) -> list[DeviceView]:
        return device_views(self._database, self._store, self._gateway, now_ms, self._sightings.now())


def _device_metrics(views: list[DeviceView], now_ms: int) -> list[Metric]:
    named = [({"device": each.device}, each) for each in views]
    return [
        Metric(
            "shopthread_device_light",
            "gauge",
            "1 for the light that a device has",
            [({"device": each.device, "light": name}, float(each.light == name)) for each in views for name in _LIGHTS],
        ),
        Metric(
            "shopthread_device_silent_seconds",
            "gauge",
            "Since when a device said nothing",
            [(labels, None if it.seen_ms is None else max(0.0, (now_ms - it.seen_ms) / 1000)) for labels, it in named],
        ),
        Metric(
            "shopthread_device_clock_offset_milliseconds",
            "gauge",
            "How far a device's clock is ahead",
            [(labels, each.offset_ms) for labels, each in named],
        ),
        Metric("shopthread_device_fps", "gauge", "Frames a second", [(labels, each.fps) for labels, each in named]),
        Metric(
            "shopthread_device_missing", "gauge", "Missing events", [(labels, each.missing) for labels, each in named]
        ),
    ]
