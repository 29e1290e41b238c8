"""What `shopthread models evaluate` measures, as tables and figures."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from shopthread.console import out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.detection import Image
    from models.evaluate import Evaluation
    from models.registry import RegisteredModel
    from models.reidentification import EmbedderScores, PersonPicture


def evaluate_detectors(
    models: "Sequence[RegisteredModel]", video: Path, truth: Path, size_wh_px: tuple[int, int], frames: range
) -> "dict[str, Evaluation]":
    """Print and return how well detectors find people in footage.

    Raises:
        ModelError: A model is refused, or the footage or its truth cannot be read.
    """
    from models.detection import PersonDetector
    from models.evaluate import evaluate as measure
    from models.evaluate import read_truth
    from models.loader import load_model
    from models.video import opencv_resize, read_frames

    columns = ("model", "AP50", "precision", "recall", "threshold", "ms median", "frames", "people")
    table = Table(*columns, title=f"{video.name} at {size_wh_px[0]}x{size_wh_px[1]}")
    figures: dict[str, Evaluation] = {}
    people = read_truth(truth)
    for model in models:
        detector = PersonDetector(load_model(model), size_wh_px, opencv_resize, score_threshold=0.05)
        settings = model.manifest.detector
        result = measure(
            detector.detect,
            read_frames(video, first=frames.start, every=frames.step),
            people,
            score_threshold=settings.score_threshold if settings else 0.0,
            monotonic_ns=time.perf_counter_ns,
        )
        shares = (result.average_precision, result.precision, result.recall)
        table.add_row(
            model.manifest.name,
            *(f"{share:.3f}" for share in shares),
            f"{result.score_threshold:.2f}",
            f"{result.detect_ms_median:.1f}",
            str(result.frames),
            str(result.people),
        )
        figures[model.manifest.name] = result
    out.print(table)
    return figures


def evaluate_embedders(
    models: "Sequence[RegisteredModel]",
    pictures: "Sequence[PersonPicture]",
    query_camera: str | None,
    sample: int | None,
    splits: int,
) -> "dict[str, EmbedderScores]":
    """Print and return how well embedders find people again in other cameras.

    Raises:
        ModelError: A model is refused, or the pictures cannot be used.
    """
    import cv2
    import numpy as np

    from models.embedding import PersonEmbedder
    from models.loader import load_model
    from models.reidentification import embed_pictures, score_embedder
    from models.video import opencv_resize

    def read(path: Path) -> "Image | None":
        picture = cv2.imread(str(path))
        return None if picture is None else np.asarray(picture, dtype=np.uint8)

    table = Table("model", "rank 1", "rank 5", "rank 10", "mAP", "people", "queries", "gallery", "splits")
    figures: dict[str, EmbedderScores] = {}
    for model in models:
        embedder = PersonEmbedder(load_model(model), opencv_resize)
        signatures = embed_pictures(pictures, read, embedder.embed)
        result = score_embedder(pictures, signatures, query_camera=query_camera, people=sample, splits=splits)
        shares = (result.rank_1, result.rank_5, result.rank_10, result.mean_average_precision)
        counts = (result.people, result.queries, result.gallery, result.splits)
        table.add_row(model.manifest.name, *(f"{share:.1%}" for share in shares), *(f"{count:.0f}" for count in counts))
        figures[model.manifest.name] = result
    out.print(table)
    return figures
