"""Helpers of the model tests."""

from pathlib import Path

from models.inspection import Description, describe_file
from models.manifest import Task
from models.registry import ModelRegistry, RegisteredModel

HERE = Path(__file__).parent
TINY_DETECTOR = HERE / "tiny_detector.onnx"
TINY_EMBEDDER = HERE / "tiny_embedder.onnx"


def describe(name: str, task: Task) -> Description:
    return Description(name=name, task=task, licence="Apache-2.0", provenance="made by a script")


def add_detector(directory: Path) -> RegisteredModel:
    description = describe("tiny", Task.DETECTOR)
    return ModelRegistry(directory).add(describe_file(TINY_DETECTOR, description), TINY_DETECTOR)
