"""NanoDet-g reduced to one class, as an ONNX graph that decodes its own boxes.

Input: `images`, uint8 (N, H, W, 3), BGR, sides multiples of 32. Outputs: `boxes`, float32
(N, A, 4) as x1, y1, x2, y2 in input pixels, and `scores`, float32 (N, A), of the class person.

The published network knows 80 classes and leaves normalization and decoding to its caller. Here
the first is a matter of the graph, the second is reduced to persons.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import onnx

from models.building.graph import FLOAT, UINT8, GraphBuilder, tensor_info
from models.building.source import Convolution

MEAN_BGR = (103.53, 116.28, 123.675)
STD_BGR = (57.375, 57.12, 58.395)
STRIDES_PX = (8, 16, 32)
_CLASSES = 80
_PERSON = 0
_BINS = 11  # each side's distance is the mean of a distribution over 0..10 strides
_LEAK = 0.1


class NanoDetBuilder:
    """Lays the network layer by layer, taking the published convolutions in order."""

    def __init__(self, convolutions: Sequence[Convolution]) -> None:
        self._graph = GraphBuilder()
        self._next: Iterator[tuple[int, Convolution]] = iter(enumerate(convolutions))

    def build(self) -> onnx.ModelProto:
        """Return the whole model, checked."""
        pyramid = self._neck(*self._backbone(self._normalized()))
        levels = [
            self._level(level, features, stride_px)
            for level, (features, stride_px) in enumerate(zip(pyramid, STRIDES_PX, strict=True))
        ]
        self._graph.add("Concat", [boxes for boxes, _ in levels], "boxes", axis=1)
        self._graph.add("Concat", [scores for _, scores in levels], "scores", axis=1)
        if next(self._next, None) is not None:
            msg = "the published network has more convolutions than this one applies"
            raise ValueError(msg)
        return self._graph.model(
            "nanodet_g_person",
            [tensor_info("images", UINT8, ["N", "H", "W", 3])],
            [tensor_info("boxes", FLOAT, ["N", "A", 4]), tensor_info("scores", FLOAT, ["N", "A"])],
        )

    def _normalized(self) -> str:
        """Keep (x - mean) / std explicit: folded into the first layer it would change the border."""
        graph = self._graph
        pixels = graph.add("Cast", ["images"], "pixels", to=FLOAT)
        planes = graph.add("Transpose", [pixels], "planes", perm=[0, 3, 1, 2])
        mean = graph.constant("mean_bgr", np.reshape(MEAN_BGR, (1, 3, 1, 1)))
        scale = graph.constant("inverse_std_bgr", 1 / np.reshape(STD_BGR, (1, 3, 1, 1)))
        centred = graph.add("Sub", [planes, mean], "centred")
        return graph.add("Mul", [centred, scale], "normalized")

    def _convolve(self, features: str, *, stride: int = 1, leaky: bool = True, rows: list[int] | None = None) -> str:
        """Apply the next published convolution; `rows` keeps only those output channels."""
        k, layer = next(self._next)
        weights, bias = layer.weights, layer.bias
        if rows is not None:
            weights, bias = weights[rows], bias[rows]
        height, width = weights.shape[2:]
        output = self._graph.add(
            "Conv",
            [
                features,
                self._graph.constant(f"conv{k}.weights", weights),
                self._graph.constant(f"conv{k}.bias", bias),
            ],
            f"conv{k}",
            kernel_shape=[height, width],
            strides=[stride, stride],
            pads=[height // 2, width // 2, height // 2, width // 2],
        )
        return self._graph.add("LeakyRelu", [output], f"leaky{k}", alpha=_LEAK) if leaky else output

    def _concatenate(self, first: str, second: str) -> str:
        return self._graph.add("Concat", [first, second], f"{first}+{second}", axis=1)

    def _stage(self, features: str, *, stride: int, blocks: int) -> str:
        """Apply a cross-stage-partial stage: residual blocks beside a shortcut."""
        shortcut = self._convolve(features, stride=stride)
        deep = shortcut
        for _ in range(blocks):
            inner = self._convolve(deep)
            deep = self._concatenate(self._convolve(inner), inner)
        return self._concatenate(self._convolve(deep), shortcut)

    def _backbone(self, image: str) -> tuple[str, str, str]:
        """Return features at 1/8, 1/16 and 1/32 of the input's size."""
        stem = self._graph.add(
            "MaxPool",
            [self._convolve(image, stride=2)],
            "stem",
            kernel_shape=[3, 3],
            strides=[2, 2],
            pads=[1, 1, 1, 1],
        )
        quarter = self._stage(stem, stride=1, blocks=1)
        eighth = self._stage(quarter, stride=2, blocks=2)
        sixteenth = self._stage(eighth, stride=2, blocks=2)
        return eighth, sixteenth, self._stage(sixteenth, stride=2, blocks=3)

    def _neck(self, eighth: str, sixteenth: str, last: str) -> tuple[str, str, str]:
        """Mix the three scales: down the pyramid, then up again."""
        fine, middle, coarse = (self._convolve(features, leaky=False) for features in (eighth, sixteenth, last))
        middle = self._graph.add("Add", [middle, self._resize(coarse, 2.0)], "middle_down")
        fine = self._graph.add("Add", [fine, self._resize(middle, 2.0)], "fine")
        middle = self._graph.add("Add", [middle, self._resize(fine, 0.5)], "middle")
        coarse = self._graph.add("Add", [coarse, self._resize(middle, 0.5)], "coarse")
        return fine, middle, coarse

    def _resize(self, features: str, factor: float) -> str:
        scales = self._graph.constant(f"scales_{factor}", [1.0, 1.0, factor, factor])
        return self._graph.add(
            "Resize",
            [features, "", scales],
            f"{features}_x{factor}",
            mode="linear",
            coordinate_transformation_mode="half_pixel",
        )

    def _level(self, level: int, features: str, stride_px: int) -> tuple[str, str]:
        """Return the names of one scale's boxes (N, A, 4) and scores (N, A)."""
        graph = self._graph
        kept = [_PERSON, *range(_CLASSES, _CLASSES + 4 * _BINS)]
        raw = self._convolve(self._convolve(features), leaky=False, rows=kept)
        logits, distances = graph.add_many(
            "Split",
            [raw, graph.constant("one_and_sides", [1, 4 * _BINS], np.int64)],
            [f"logits{level}", f"bins{level}"],
            axis=1,
        )
        grid = graph.add("Sigmoid", [logits], f"grid_scores{level}")
        flat = graph.constant("flat", [0, -1], np.int64)
        scores = graph.add("Reshape", [grid, flat], f"scores{level}")
        sides = self._side_distances(level, distances)
        offsets = graph.add("Mul", [sides, graph.constant("directions", [-1, -1, 1, 1])], f"offsets{level}")
        corners = graph.add("Add", [self._centres(level, grid), offsets], f"corners{level}")
        stride = graph.constant(f"stride{level}", float(stride_px))
        return graph.add("Mul", [corners, stride], f"boxes{level}"), scores

    def _side_distances(self, level: int, bins: str) -> str:
        """Return distances from the cell's centre to left, top, right, bottom, in strides."""
        graph = self._graph
        shape = graph.constant("sides_and_bins", [0, 4, _BINS, -1], np.int64)
        sides = graph.add("Reshape", [bins, shape], f"sides{level}")
        last = graph.add("Transpose", [sides], f"bins_last{level}", perm=[0, 3, 1, 2])
        shares = graph.add("Softmax", [last], f"shares{level}", axis=-1)
        values = graph.constant("bin_values", np.arange(_BINS))
        weighted = graph.add("Mul", [shares, values], f"weighted{level}")
        axis = graph.constant("last_axis", [-1], np.int64)
        return graph.add("ReduceSum", [weighted, axis], f"distances{level}", keepdims=0)

    def _centres(self, level: int, grid: str) -> str:
        """Return every cell's centre twice, (1, A, 4) as x, y, x, y in strides."""
        graph = self._graph
        shape = graph.add("Shape", [grid], f"grid_shape{level}")
        axes = {"y": 2, "x": 3}
        counts, lines = {}, {}
        for axis, dimension in axes.items():
            index = graph.constant(f"dimension_{axis}", dimension, np.int64)
            counts[axis] = graph.add("Gather", [shape, index], f"count_{axis}{level}")
            lines[axis] = self._axis_centres(f"{axis}{level}", counts[axis])
        first = graph.constant("axis0", [0], np.int64)
        second = graph.constant("axis1", [1], np.int64)
        columns = {
            "y": graph.add("Unsqueeze", [lines["y"], second], f"rows{level}"),
            "x": graph.add("Unsqueeze", [lines["x"], first], f"columns{level}"),
        }
        sizes = [graph.add("Unsqueeze", [counts[axis], first], f"size_{axis}{level}") for axis in axes]
        cells = graph.add("Concat", sizes, f"cells{level}", axis=0)
        as_column = graph.constant("as_column", [1, -1, 1], np.int64)
        flat = {}
        for axis in axes:
            spread = graph.add("Expand", [columns[axis], cells], f"spread_{axis}{level}")
            flat[axis] = graph.add("Reshape", [spread, as_column], f"centre_{axis}{level}")
        corners = [flat["x"], flat["y"], flat["x"], flat["y"]]
        return graph.add("Concat", corners, f"centres{level}", axis=2)

    def _axis_centres(self, name: str, count: str) -> str:
        graph = self._graph
        zero = graph.constant("zero", 0, np.int64)
        one = graph.constant("one", 1, np.int64)
        cells = graph.add("Range", [zero, count, one], f"cells_{name}")
        places = graph.add("Cast", [cells], f"places_{name}", to=FLOAT)
        half = graph.constant("half", 0.5)
        return graph.add("Add", [places, half], f"middles_{name}")
