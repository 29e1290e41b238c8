"""Roll-outs of models in the devices' file, and their exchange with the devices."""

import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from contracts.device_model import (
    MODEL_CHUNK_NAME,
    MODEL_DESIRED_NAME,
    MODEL_REPORTED_NAME,
    MODEL_REQUEST_NAME,
    DesiredModel,
    ModelRequest,
    ReportedModel,
    WantedModel,
    decode_model_message,
    encode_model_message,
)
from gateway.adapters.device_database import DeviceDatabase
from gateway.adapters.device_link import Order
from gateway.adapters.model_files import ModelFiles
from gateway.adapters.sightings import Sighting
from gateway.core.devices.rollout import DeviceReport, Member, Rollout, RolloutRules, step, wanted
from gateway.errors import ConfigurationError

logger = logging.getLogger(__name__)

_STEP_MS = 500


class RolloutRows:
    """Rolls models out. Methods raise `DeviceStoreError`.

    Args:
        database: The devices' file.
        sightings: What was last heard of each device.
        clock_ms: The wall clock, Unix milliseconds.
    """

    names = frozenset({MODEL_REPORTED_NAME, MODEL_REQUEST_NAME})

    def __init__(
        self,
        database: DeviceDatabase,
        sightings: Callable[[], Mapping[str, Sighting]] = dict,
        clock_ms: Callable[[], int] = lambda: 0,
    ) -> None:
        self._database, self._sightings, self._clock_ms = database, sightings, clock_ms
        self.files = ModelFiles(models_folder(database))
        self._told: dict[str, int] = {}
        self._connection, self._due_ms = 0, 0

    def begin(self, model: WantedModel, name: str, canaries: list[str], rest: list[str], rules: RolloutRules) -> None:
        """Begin a roll-out; what is under way is taken for done as far as it got.

        Raises:
            ConfigurationError: No device is named, or one twice.
        """
        devices = [*canaries, *rest]
        if not canaries or len(set(devices)) < len(devices):
            msg = f"a roll-out needs a canary and names each device once, got {', '.join(devices) or 'none'}"
            raise ConfigurationError(msg)
        with self._database.transaction() as db:
            before = dict(db.execute("SELECT device, sha256 FROM model_wanted").fetchall())
            members = tuple(
                Member(device=each, is_canary=each in canaries, previous=before.get(each)) for each in devices
            )
            rollout = Rollout(sha256=model.sha256, name=name, members=members, rules=rules)
            db.execute("INSERT OR REPLACE INTO model VALUES (?, ?)", (model.sha256, msgspec.json.encode(model)))
            db.execute("DELETE FROM rollout")
            db.execute("INSERT INTO rollout VALUES (?)", (msgspec.json.encode(rollout),))

    def current(self) -> Rollout | None:
        """Return the last roll-out."""
        with self._database.reading() as db:
            row = db.execute("SELECT state FROM rollout").fetchone()
        return None if row is None else msgspec.json.decode(row[0], type=Rollout)

    def take(self, device: str, name: str, body: bytes) -> Iterable[Order]:
        """See `StateWatch.take`."""
        if name == MODEL_REQUEST_NAME:
            piece = self.files.piece(decode_model_message(body, ModelRequest))
            return [] if piece is None else [Order(device, MODEL_CHUNK_NAME, encode_model_message(piece))]
        said = decode_model_message(body, ReportedModel)
        with self._database.transaction() as db:
            db.execute(
                "UPDATE model_wanted SET reported = ?, error = ? WHERE device = ?", (said.version, said.error, device)
            )
        return []

    def orders(self, online: frozenset[str], connection: int) -> Iterable[Order]:
        """See `StateWatch.orders`."""
        if connection != self._connection:
            self._connection = connection
            self._told.clear()
        now_ms = self._clock_ms()
        if not 0 <= self._due_ms - now_ms <= _STEP_MS:  # a clock that went back must not stop it
            self._due_ms = now_ms + _STEP_MS
            self._step(online, now_ms)
        with self._database.reading() as db:
            rows = db.execute(
                "SELECT device, version, content FROM model_wanted LEFT JOIN model USING (sha256) ORDER BY device"
            ).fetchall()
        for device, version, content in rows:
            if self._told.get(device) != version:
                self._told[device] = version
                model = None if content is None else msgspec.json.decode(content, type=WantedModel)
                desired = DesiredModel(version=version, model=model)
                yield Order(device, MODEL_DESIRED_NAME, encode_model_message(desired), retain=True)

    def _step(self, online: frozenset[str], now_ms: int) -> None:
        rollout = self.current()
        if rollout is None:
            return
        moved = step(rollout, self._reports(rollout, online), now_ms)
        if moved.phase != rollout.phase:
            logger.warning("the roll-out of %s: %s %s", moved.name, moved.phase.replace("_", " "), moved.reason)
        with self._database.transaction() as db:
            if moved != rollout:
                db.execute("UPDATE rollout SET state = ?", (msgspec.json.encode(moved),))
            now_wanted = dict(db.execute("SELECT device, sha256 FROM model_wanted").fetchall())
            for member in moved.members:
                sha256 = wanted(moved, member)
                if now_wanted.get(member.device) != sha256:
                    db.execute(
                        "INSERT INTO model_wanted VALUES (?, 1, ?, NULL, NULL) ON CONFLICT DO UPDATE SET"
                        " version = version + 1, sha256 = excluded.sha256, reported = NULL, error = NULL",
                        (member.device, sha256),
                    )

    def _reports(self, rollout: Rollout, online: frozenset[str]) -> dict[str, DeviceReport]:
        with self._database.reading() as db:
            rows = db.execute("SELECT device, version, sha256, reported, error FROM model_wanted").fetchall()
        states = {device: (version, sha256, reported, error) for device, version, sha256, reported, error in rows}
        seen, found = self._sightings(), {}
        for member in rollout.members:
            version, sha256, reported, error = states.get(member.device, (None, None, None, None))
            has_answered = sha256 == rollout.sha256 and reported == version
            sighting = seen.get(member.device)
            health = None if sighting is None else sighting.health
            has_new = member.stage == "waiting" or (health is not None and health.model_name == rollout.name)
            found[member.device] = DeviceReport(
                has_model=has_answered,
                error=error if has_answered else None,
                is_online=member.device in online,
                is_blind=health is not None and health.picture not in (None, "good"),
                fps=health.fps if health is not None and has_new else None,
            )
        return found


def models_folder(database: DeviceDatabase) -> Path:
    """Return where models that are rolled out lie."""
    return database.path.parent / "models"
