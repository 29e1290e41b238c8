"""What a training run does, and how fast it learns when. Pure."""

from math import cos, pi

from msgspec import Struct

from models.errors import ModelError
from models.training.styles import Styles

WARM_UP_SHARE = 0.04
"""Of the run, during which the learning rate rises."""


class Recipe(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an embedder is trained.

    The network is MobileNetV2 (Sandler et al., CVPR 2018) with a vector of the whole and one of each part of the
    picture (Sun et al., "Beyond Part Models", ECCV 2018), each with a bottleneck of batch normalization (Luo et al.,
    "Bag of Tricks and a Strong Baseline for Deep Person Re-identification", CVPRW 2019). It learns to name people, with
    smoothed labels, and to keep the farthest picture of a person nearer than the nearest of another (Hermans et al.,
    "In Defense of the Triplet Loss", 2017).

    Attributes:
        seed: What batches, augmentation and new weights are drawn from.
        people_per_batch: Different people in a batch.
        pictures_per_person: Of each, by different cameras as far as there are.
        dimensions: Numbers of each of the three vectors.
        body_rate: Greatest learning rate of the network's body.
        head_rate: Of what follows it.
        rate: By what both are multiplied.
        weight_decay: Of AdamW.
        smoothing: How much of a label's weight goes to all other people.
        part_weight: How much the loss of each part counts against that of the whole.
        average: Share that the moving average of the weights keeps at each step.
        held_out_share: Share of people who are not trained on, to measure with.
        kept_layers: So many of the body's first layers keep the weights they began with. They see edges and colours,
            which differ little between rendered and real people, and cost nearly half of a step.
        coarse: Convolutions of one pixel are computed in 16 bits (bfloat16) while learning.
        levelled: After so many of the body's first stages, 0 to 3, each picture's own mean and spread are taken from
            every channel, so that light and a sensor's manner count less (Pan et al., "Two at Once: Enhancing Learning
            and Generalization Capacities via IBN-Net", ECCV 2018).
        other_ground: Of so many pictures, 0 to 1, the ground is another picture's: between cameras, and between
            rendered and real pictures, ground differs most.
        wide_colours: Contrast, saturation, brightness and white balance differ much more between pictures.
        styles: How real cameras show people: half of the pictures take colours drawn from it; None: none does.
    """

    seed: int = 1
    people_per_batch: int = 16
    pictures_per_person: int = 4
    dimensions: int = 256
    body_rate: float = 3.5e-4
    head_rate: float = 1.2e-3
    rate: float = 1.0
    weight_decay: float = 5e-4
    smoothing: float = 0.1
    part_weight: float = 0.5
    average: float = 0.998
    held_out_share: float = 0.03
    kept_layers: int = 0
    coarse: bool = False
    levelled: int = 0
    other_ground: float = 0.5
    wide_colours: bool = False
    styles: Styles | None = None


def learning_rate_share(done: float) -> float:
    """Return which share of the greatest learning rate a run uses: it rises, then falls as a cosine.

    Args:
        done: Share of the run that is behind, 0 to 1.
    """
    rise = min(1.0, done / WARM_UP_SHARE) if WARM_UP_SHARE else 1.0
    return rise * (0.01 + 0.99 * (1 + cos(pi * min(1.0, done))) / 2)


class Budget(Struct, frozen=True, kw_only=True):
    """When a run ends: after so many minutes in all, or so many steps; those before a `--resume` count.

    Attributes:
        minutes: Of training; None: as many as it takes.
        steps: Batches; None: as many as fit.
    """

    minutes: float | None = None
    steps: int | None = None

    def __post_init__(self) -> None:
        """Refuse a run without an end.

        Raises:
            ModelError: Neither is given, or one is not above 0.
        """
        given = [each for each in (self.minutes, self.steps) if each is not None]
        if not given or min(given) <= 0:
            msg = f"give --budget-minutes or --steps, above 0; got {self.minutes} and {self.steps}"
            raise ModelError(msg)

    def share(self, steps: int, seconds: float) -> float:
        """Return how much of the run is behind, 0 to 1 and more: whichever of both is farther."""
        by_steps = steps / self.steps if self.steps is not None else 0.0
        by_time = seconds / (60 * self.minutes) if self.minutes is not None else 0.0
        return max(by_steps, by_time)
