"""What the network is told to make less."""

import torch
from torch import Tensor
from torch.nn import functional

from models.training.learning.network import Answer
from models.training.recipe import Recipe

_FAR = 1e6


def loss_of(answer: Answer, labels: Tensor, recipe: Recipe) -> Tensor:
    """Return the loss of a batch: naming people, and telling them apart, over all vectors."""
    total = torch.zeros((), device=labels.device)
    for index, (features, scores) in enumerate(zip(answer.features, answer.scores, strict=True)):
        naming = functional.cross_entropy(scores, labels, label_smoothing=recipe.smoothing)
        weight = 1.0 if index == 0 else recipe.part_weight
        total = total + weight * (naming + hardest_triplets(features, labels))
    return total


def hardest_triplets(features: Tensor, labels: Tensor) -> Tensor:
    """Return how much farther the farthest picture of the same person is than the nearest of another, softly."""
    # Not torch.cdist: its gradient is undefined for equal rows.
    squares = (features * features).sum(1)
    distance = (squares[:, None] + squares[None] - 2 * features @ features.T).clamp_min(1e-6).sqrt()
    same = labels[:, None] == labels[None]
    farthest = (distance * same).amax(1)
    nearest = (distance + same * _FAR).amin(1)
    return functional.softplus(farthest - nearest).mean()
