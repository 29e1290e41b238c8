"""The page on which a person labels crossings: frames of the recording one by one, labels saved at once."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from statistics import median

import cv2
import msgspec
import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from edge.adapters.local_page import PAGES_DIR, Handler, Reply, Request, json_reply, page_files
from edge.auditing.folder import AuditError, AuditFolder, Labels
from edge.auditing.footage import FrameReader
from edge.camera_rules import pipeline_rules
from edge.core.geometry import Point

_QUALITY = 80
_KEPT_PICTURES = 200


class PageLine(Struct, frozen=True, kw_only=True):
    """A counting line as the page draws it; `points` are empty where it is drawn on the floor."""

    id: str
    points: tuple[Point, ...]


class PageSession(Struct, frozen=True, kw_only=True):
    """What the page needs to begin."""

    name: str
    device: str
    reason: str
    frame_wh_px: tuple[int, int]
    frame_ms: float
    times_ms: tuple[int, ...]
    lines: tuple[PageLine, ...]
    labels: Labels


class LabelSession:
    """One person who labels one recording.

    Args:
        folder: The audit.
        labeller: Who; None: the labels of `labels.json`, without a name of their own.
        on_saved: Called with how many crossings there are, after each save.

    Raises:
        AuditError: The folder cannot be used, or the configuration has no lines.
    """

    def __init__(
        self, folder: AuditFolder, labeller: str | None, on_saved: Callable[[int], None] = lambda _: None
    ) -> None:
        self._folder, self._labeller, self._on_saved = folder, labeller, on_saved
        self._manifest, self._config = folder.manifest(), folder.config()
        folder.labels_path(labeller)
        if not self._config.tripwires:
            msg = f"{folder.path}: the configuration has no line to label; add a [[tripwire]] and record anew"
            raise AuditError(msg)
        self._reader = FrameReader(folder.video(), self._config)
        self._guard = threading.Lock()
        self._pictures: OrderedDict[int, bytes] = OrderedDict()

    def handlers(self) -> dict[tuple[str, str], Handler]:
        """Return what the page asks for."""
        return {
            **page_files(PAGES_DIR / "audit"),
            ("GET", "/session"): lambda _: json_reply(self._session()),
            ("GET", "/frame"): self._frame,
            ("POST", "/labels"): self._save,
        }

    def close(self) -> None:
        """Let go of the video."""
        with self._guard:
            self._reader.close()

    def _session(self) -> PageSession:
        manifest, times_ms = self._manifest, self._manifest.frame_times_ms
        gaps_ms = np.diff(times_ms).tolist()
        is_in_picture = self._config.camera.plane == "image"
        fresh = Labels(labeller=self._labeller or manifest.operator or "labeller", looked_until_frame=0)
        return PageSession(
            name=self._folder.path.resolve().name,
            device=manifest.device,
            reason=manifest.reason,
            frame_wh_px=manifest.frame_wh_px,
            frame_ms=median(gaps_ms) if gaps_ms else 100.0,
            times_ms=times_ms,
            lines=tuple(
                PageLine(id=wire.id, points=wire.points if is_in_picture else ())
                for wire in pipeline_rules(self._config).tripwires
            ),
            labels=self._folder.labels(self._labeller) or fresh,
        )

    def _frame(self, request: Request) -> Reply:
        text = request.query.get("i", "")
        if not (text.isascii() and text.isdecimal()) or int(text) >= len(self._manifest.frame_times_ms):
            msg = f"frame {text!r} is none of 0 to {len(self._manifest.frame_times_ms) - 1}; reload the page"
            raise AuditError(msg)
        index = int(text)
        with self._guard:
            if index not in self._pictures:
                _, encoded = cv2.imencode(".jpg", self._reader.read(index), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
                self._pictures[index] = np.asarray(encoded).tobytes()
                if len(self._pictures) > _KEPT_PICTURES:
                    self._pictures.popitem(last=False)
            return Reply(self._pictures[index], "image/jpeg")

    def _save(self, request: Request) -> Reply:
        try:
            labels = msgspec.json.decode(request.body, type=Labels)
        except msgspec.MsgspecError as error:
            msg = f"labels cannot be saved: {error}; reload the page"
            raise AuditError(msg) from error
        frames, lines = len(self._manifest.frame_times_ms), {wire.id for wire in self._config.tripwires}
        placed = [crossing.frame for crossing in labels.crossings] + [mark.frame for mark in labels.density]
        placed.append(labels.looked_until_frame or 0)
        if not all(0 <= frame < frames for frame in placed):
            msg = f"labels cannot be saved: frames must be 0 to {frames - 1}, got {min(placed)} to {max(placed)}"
            raise AuditError(msg)
        if unknown := {crossing.tripwire_id for crossing in labels.crossings} - lines:
            msg = f"labels cannot be saved: lines must be {', '.join(sorted(lines))}, got {', '.join(sorted(unknown))}"
            raise AuditError(msg)
        labels = replace(
            labels,
            crossings=tuple(sorted(labels.crossings, key=lambda one: (one.frame, one.tripwire_id, one.direction))),
            density=tuple(sorted(labels.density, key=lambda mark: mark.frame)),
        )
        with self._guard:
            self._folder.save_labels(labels, self._labeller)
        self._on_saved(len(labels.crossings))
        return json_reply({"saved": len(labels.crossings)})
