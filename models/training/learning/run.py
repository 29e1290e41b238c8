"""A training run: batches, steps, moving averages, checkpoints, and going on from one."""

import json
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from models.errors import ModelError
from models.reidentification import PersonPicture, score_embedder
from models.training.learning.augmentation import augmented, normalized
from models.training.learning.losses import loss_of
from models.training.learning.network import VECTORS, Network, head_parameters, make_cheaper, renormalize
from models.training.pictures import Shard
from models.training.recipe import Budget, Recipe, learning_rate_share
from models.training.sampling import Sampler, held_out

CHECKPOINT_FILE = "checkpoint.pt"
LOG_FILE = "log.jsonl"

_MOST_GRADIENT = 20.0
_SMOOTHING = 0.98
_AT_ONCE = 256
_FEW = 512
_ONE_OF = 3
QUERY_CAMERAS = 2
"""Of those who are held out, pictures by so many first cameras are looked for in the others."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Attributes:
        done: Share of the budget, 0 to 1.
        step: Batches so far.
        loss: Moving mean.
        named: Share of pictures whose person is named rightly, moving mean.
    """

    done: float
    step: int
    loss: float
    named: float


def decode(jpegs: Iterable[bytes]) -> Tensor:
    """Return pictures, shape (N, 3, 128, 64), uint8 RGB."""

    def one(jpeg: bytes) -> NDArray[np.uint8]:
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        return np.ascontiguousarray(np.asarray(picture, np.uint8)[..., ::-1].transpose(2, 0, 1))

    with ThreadPoolExecutor() as pool:
        return torch.from_numpy(np.stack(list(pool.map(one, jpegs))))


class Run:
    """One run, in a folder.

    Args:
        recipe: What it does.
        shard: All pictures; some people are held out to measure with.
        folder: Gets checkpoint and log.
        device: `cpu` or `cuda`.
    """

    def __init__(self, recipe: Recipe, shard: Shard, folder: Path, device: str) -> None:
        self.recipe, self._folder, self._device = recipe, folder, torch.device(device)
        measured = held_out(shard.person, recipe.held_out_share)
        trained, others = np.flatnonzero(~measured), np.flatnonzero(measured)
        self._sampler = Sampler(recipe, shard.person[trained], shard.camera[trained])
        self._pictures = decode(shard.jpegs[n] for n in trained.tolist()).to(self._device)
        self._figures = torch.from_numpy(shard.figure[trained]).to(self._device)
        self._measured = decode(shard.jpegs[n] for n in others.tolist()).to(self._device)
        self._names = torch.from_numpy(np.searchsorted(self._sampler.people, shard.person[trained]))
        self._labels = list(zip(shard.person[measured].tolist(), shard.camera[measured].tolist(), strict=True))
        torch.manual_seed(recipe.seed)
        self.network, self.average = (self._network() for _ in range(2))
        self.average.eval()
        make_cheaper(self.network, recipe.kept_layers, coarse=recipe.coarse)
        self._step, self._seconds, self.begun_from = 0, 0.0, "random weights"
        head = head_parameters(self.network)
        self._optimizer = torch.optim.AdamW(
            [
                {
                    "params": [
                        *self.network.features[recipe.kept_layers :].parameters(),
                        *self.network.levels.parameters(),
                    ],
                    "greatest": recipe.body_rate,
                },
                {"params": head, "greatest": recipe.head_rate},
            ],
            lr=recipe.head_rate,
            weight_decay=recipe.weight_decay,
        )
        folder.mkdir(parents=True, exist_ok=True)

    def _network(self) -> Network:
        """Return a network that keeps a pixel's channels together: on a CPU it learns half as fast again."""
        network = Network(len(self._sampler.people), self.recipe.dimensions, self.recipe.levelled)
        network.to(self._device, memory_format=torch.channels_last)
        return network

    def begin(self, initialize: Callable[[Network, Tensor], str]) -> None:
        """Give the network its first weights. `initialize` gets it, and some normalized pictures.

        People are first named by the mean of what these weights say of their pictures, so that the network need not
        forget what it knows while it learns names (Qi et al., "Low-Shot Learning with Imprinted Weights", CVPR 2018).
        """
        self.begun_from = initialize(self.network, normalized(self._few()))
        self._name()
        self.average.load_state_dict(self.network.state_dict())

    def _name(self) -> None:
        self.network.eval()
        with torch.no_grad():
            for layer in self.network.classify:
                layer.weight.zero_()
            for some in torch.arange(0, len(self._pictures), _ONE_OF).split(_AT_ONCE):
                vectors = self.network.embed(normalized(self._pictures[some.to(self._device)])).chunk(VECTORS, dim=1)
                for layer, told in zip(self.network.classify, vectors, strict=True):
                    layer.weight.index_add_(0, self._names[some].to(self._device), told)
            for layer in self.network.classify:
                layer.weight.copy_(functional.normalize(layer.weight, dim=1))

    def _few(self) -> Tensor:
        """Return some hundred pictures of all people."""
        return self._pictures[:: max(1, len(self._pictures) // _FEW)]

    def resume(self) -> None:
        """Go on from the folder's checkpoint. People may have been added: their names are learned anew.

        Raises:
            ModelError: There is no checkpoint, or it is of another recipe.
        """
        path = self._folder / CHECKPOINT_FILE
        if not path.exists():
            msg = f"{path} is not there to go on from; leave --resume away to begin"
            raise ModelError(msg)
        found = torch.load(path, weights_only=True, map_location=self._device)
        recipe = msgspec.json.decode(found["recipe"], type=Recipe)
        if recipe != self.recipe:
            msg = f"{path} was begun with {recipe}; give the same options, or another --run"
            raise ModelError(msg)
        kept = {person: row for row, person in enumerate(found["people"])}
        rows = [(row, kept[person]) for row, person in enumerate(self._sampler.people.tolist()) if person in kept]
        for network, state in ((self.network, found["network"]), (self.average, found["average"])):
            _load_named(network, state, rows)
        self._optimizer.load_state_dict(found["optimizer"])
        if not len(rows) == len(kept) == len(self._sampler.people):
            for layer in self.network.classify:
                self._optimizer.state.pop(layer.weight, None)
        self._step, self._seconds, self.begun_from = found["step"], found["seconds"], found["begun_from"]

    def train(self, budget: Budget, every_s: float, progress: Callable[[Progress], None]) -> None:
        """Train until the budget is spent; a checkpoint is written every so many seconds, and at the end."""
        started, saved = time.monotonic() - self._seconds, time.monotonic()
        loss_mean, named_mean = 0.0, 0.0
        generator = torch.Generator()
        self.network.train()
        while (done := budget.share(self._step, time.monotonic() - started)) < 1:
            torch.manual_seed(self.recipe.seed * 1_000_003 + self._step)
            generator.manual_seed(self.recipe.seed * 1_000_033 + self._step)
            loss, named = self._learn(learning_rate_share(done), generator)
            first = loss_mean == 0
            loss_mean = loss if first else _SMOOTHING * loss_mean + (1 - _SMOOTHING) * loss
            named_mean = named if first else _SMOOTHING * named_mean + (1 - _SMOOTHING) * named
            self._step += 1
            self._seconds = time.monotonic() - started
            now = Progress(done, self._step, loss_mean, named_mean)
            progress(now)
            if time.monotonic() - saved > every_s:
                self.save(now)
                saved = time.monotonic()
        self.save(Progress(1.0, self._step, loss_mean, named_mean))

    def _learn(self, rate_share: float, generator: torch.Generator) -> tuple[float, float]:
        """Make one step. Return the loss, and the share of pictures that were named rightly."""
        batch = self._sampler.draw(self._step)
        chosen = torch.from_numpy(batch.pictures).to(self._device)
        pictures, figures = self._pictures[chosen], self._figures[chosen]
        labels = torch.from_numpy(batch.labels).to(self._device)
        recipe = self.recipe
        for group in self._optimizer.param_groups:
            group["lr"] = group["greatest"] * recipe.rate * rate_share
        seen, _ = augmented(pictures, figures, generator, recipe)
        seen = seen.contiguous(memory_format=torch.channels_last)
        answer = self.network(seen)
        loss = loss_of(answer, labels, recipe)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), _MOST_GRADIENT)
        self._optimizer.step()
        self._follow()
        return float(loss.detach()), float((answer.scores[0].argmax(1) == labels).float().mean())

    def _follow(self) -> None:
        """Move the average of the weights, faster at first."""
        kept = min(self.recipe.average, (1 + self._step) / (10 + self._step))
        with torch.no_grad():
            for mean, now in zip(self.average.state_dict().values(), self.network.state_dict().values(), strict=True):
                if mean.is_floating_point():
                    mean.lerp_(now, 1 - kept)
                else:
                    mean.copy_(now)

    def save(self, progress: Progress) -> None:
        """Write a checkpoint, and a line of the log with what the averaged weights reach on people held out."""
        path = self._folder / CHECKPOINT_FILE
        state = {
            "recipe": msgspec.json.encode(self.recipe).decode(),
            "people": self._sampler.people.tolist(),
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "step": self._step,
            "seconds": self._seconds,
            "begun_from": self.begun_from,
            "pictures": len(self._pictures),
        }
        unfinished = path.with_suffix(".part")
        torch.save(state, unfinished)
        unfinished.replace(path)
        line: dict[str, Any] = {
            "step": self._step,
            "minutes": round(self._seconds / 60, 1),
            "done": round(progress.done, 4),
            "loss": round(progress.loss, 3),
            "named": round(progress.named, 3),
            "people": len(self._sampler.people),
            **self.measure(),
        }
        with (self._folder / LOG_FILE).open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")

    def measure(self) -> dict[str, float]:
        """Return how often people held out are found in other cameras than the first two, by the averaged weights."""
        # On a copy: how often a checkpoint is written must not change what is learned.
        network = deepcopy(self.average)
        renormalize(network, normalized(self._few()))
        with torch.no_grad():
            parts = [
                network.embed(normalized(self._measured[first : first + _AT_ONCE])).cpu().numpy()
                for first in range(0, len(self._measured), _AT_ONCE)
            ]
        pictures = [
            PersonPicture(Path(), str(person), "query" if camera < QUERY_CAMERAS else "gallery")
            for person, camera in self._labels
        ]
        found = score_embedder(pictures, np.concatenate(parts), query_camera="query")
        return {"rank_1": round(found.rank_1, 4), "mean_average_precision": round(found.mean_average_precision, 4)}


def _load_named(network: Network, state: dict[str, Tensor], rows: list[tuple[int, int]]) -> None:
    """Load weights whose names of people may be others: only those in `rows`, (new, old), are kept."""
    own = network.state_dict()
    new, old = (torch.tensor(column, dtype=torch.int64) for column in zip(*rows, strict=True))
    for name, value in state.items():
        if name.startswith("classify"):
            own[name][new] = value[old]
        else:
            own[name].copy_(value)
