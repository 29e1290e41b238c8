"""The mean of several networks' weights, which knows people whom each of them alone does not."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from models.errors import ModelError
from models.registry import ModelRegistry, read_verified
from models.training.learning.export import load_average
from models.training.learning.initial import load_embedder
from models.training.learning.network import Network
from models.training.learning.run import CHECKPOINT_FILE
from models.training.recipe import Recipe
from models.training.release import named

_ENOUGH = 1e-9


@dataclass(frozen=True, slots=True)
class Part:
    """A network, and where it comes from.

    Attributes:
        network: What was learned.
        told: Where its weights come from, as sentences.
        share: How much it counts.
    """

    network: Network
    told: str
    share: float


def embedder_part(name: str, share: float, levelled: int, pictures: Tensor, registry: ModelRegistry) -> Part:
    """Return an embedder by name as part of a mean.

    Args:
        name: In the registry.
        share: How much it counts.
        levelled: As in the recipe of what it is mixed with.
        pictures: Some hundred, normalized.
        registry: Knows the embedder.

    Raises:
        ModelError: It has another form.
    """
    model = registry.get(name)
    network = Network(1, Recipe().dimensions, levelled)
    load_embedder(network, read_verified(model.path, model.manifest.sha256), pictures)
    return Part(network, f"{named(model.manifest)}.", share)


def run_part(folder: Path, share: float, worn: tuple[tuple[str, str], ...]) -> tuple[Part, Recipe, float]:
    """Return a run's averaged network as part of a mean, its recipe, and how many minutes it took.

    Args:
        folder: The run's.
        share: How much it counts.
        worn: Name and licence of what people wore.

    Raises:
        ModelError: It holds no checkpoint.
    """
    network, recipe, origin = load_average(folder / CHECKPOINT_FILE, worn)
    return Part(network, origin.told(), share), recipe, origin.minutes


def mixed(parts: Sequence[Part]) -> Network:
    """Return a network whose weights are the mean of others'; its normalization must be measured anew.

    Networks that were begun from the same weights lie near to each other, and their mean does better with pictures of
    another kind than each of them (Wortsman et al., "Robust Fine-tuning of Zero-shot Models", CVPR 2022).

    Args:
        parts: Shares add up to 1.

    Raises:
        ModelError: They do not, or the networks have different forms.
    """
    total = sum(part.share for part in parts)
    if abs(total - 1) > _ENOUGH:
        msg = f"shares of weights must add up to 1, got {total:g}"
        raise ModelError(msg)
    states = [_told(part.network) for part in parts]
    forms = {tuple((name, tuple(value.shape)) for name, value in state.items()) for state in states}
    if len(forms) > 1:
        msg = "networks of several forms have no mean; mix runs with the same --levelled"
        raise ModelError(msg)
    network = Network(1, parts[0].network.reduce[0].out_features, len(parts[0].network.levels))
    shares = [part.share for part in parts]
    mean = {
        name: torch.stack([share * state[name] for share, state in zip(shares, states, strict=True)]).sum(0)
        for name in states[0]
    }
    network.load_state_dict(mean, strict=False)
    network.eval()
    return network


def _told(network: Network) -> dict[str, Tensor]:
    """Return the weights that make vectors: not whom it learned to name, nor counters."""
    return {
        name: value
        for name, value in network.state_dict().items()
        if not name.startswith("classify") and value.is_floating_point()
    }
