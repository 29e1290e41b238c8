"""Makes the small models beside it that the tests load. Run it with the extra `dev` installed.

`tiny_detector.onnx` finds the same three boxes in every image, two of them one person, each with
the image's mean brightness times .9, .8, .7 as score. `tiny_embedder.onnx` gives the mean colour.
"""

from pathlib import Path

import numpy as np

from models.building.graph import FLOAT, UINT8, GraphBuilder, tensor_info

HERE = Path(__file__).parent


def tiny_detector() -> bytes:
    graph = GraphBuilder()
    pixels = graph.add("Cast", ["images"], "pixels", to=FLOAT)
    mean = graph.add("ReduceMean", [pixels], "mean", axes=[1, 2, 3], keepdims=0)
    column = graph.add("Unsqueeze", [mean, graph.constant("one", [1], np.int64)], "column")
    weights = graph.constant("weights", np.array([[0.9, 0.8, 0.7]]) / 255)
    graph.add("Mul", [column, weights], "scores")
    boxes = graph.constant("three_boxes", [[[10, 10, 20, 40], [11, 10, 21, 40], [40, 5, 50, 35]]])
    graph.add("Identity", [boxes], "boxes")
    outputs = [tensor_info("boxes", FLOAT, ["N", "A", 4]), tensor_info("scores", FLOAT, ["N", "A"])]
    model = graph.model("tiny_detector", [tensor_info("images", UINT8, ["N", "H", "W", 3])], outputs)
    return bytes(model.SerializeToString(deterministic=True))


def tiny_embedder() -> bytes:
    graph = GraphBuilder()
    graph.add("ReduceMean", ["crops"], "vectors", axes=[2, 3], keepdims=0)
    inputs = [tensor_info("crops", FLOAT, ["N", 3, 64, 32])]
    model = graph.model("tiny_embedder", inputs, [tensor_info("vectors", FLOAT, ["N", 3])])
    return bytes(model.SerializeToString(deterministic=True))


if __name__ == "__main__":
    (HERE / "tiny_detector.onnx").write_bytes(tiny_detector())
    (HERE / "tiny_embedder.onnx").write_bytes(tiny_embedder())
