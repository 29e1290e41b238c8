"""Gives an embedder's file another discriminant, colours and textures. Its network stays as it is, in every bit."""

from pathlib import Path

import onnx

from models.registry import ModelRegistry, read_verified
from models.training.learning.beside import learn_beside
from models.training.learning.session import Release, accompanied, best, reader_of
from models.training.light import with_light
from models.training.pictures import Shard
from models.training.recipe import Recipe
from models.training.release import (
    CHANNEL_MEAN,
    CHANNEL_SPREAD,
    card,
    held_out_told,
    manifest_of,
    named,
    provenance,
    without_colours,
    write_release,
)
from models.training.worn_graph import bare


def export_kept(name: str, shard: Shard, release: Release, registry: ModelRegistry) -> Path:
    """Write an embedder's network with what is learned beside it anew, a manifest and a card.

    Args:
        name: The embedder: floats or integers, of this project's form.
        shard: Pictures to learn from.
        release: What to write; where `dimensions` is 0, the file's own discriminant stays, too. Of `mixed_with`,
            `footage` and `tolerance` nothing is read.
        registry: Knows the embedder.

    Returns:
        The model's path.
    """
    kept = registry.get(name)
    whole = onnx.load_from_string(read_verified(kept.path, kept.manifest.sha256))
    model = bare(whole, keeps_discriminant=not release.dimensions)
    recipe = Recipe(styles=release.styles)
    (beside,), by_weight = learn_beside(shard, recipe, [reader_of(model)], release.dimensions)
    weights = release.weights or best(by_weight)
    model = with_light(accompanied(model, beside, weights), CHANNEL_MEAN, CHANNEL_SPREAD)
    code = model.SerializeToString(deterministic=True)
    before = without_colours(kept.manifest.provenance, keeps_discriminant=not release.dimensions)
    origin = f"{before} Its network is that of {named(kept.manifest)}."
    told = provenance([(1.0, origin)], release.dimensions, weights, None, release.styles)
    manifest = manifest_of(release.name, release.version, model, code, told)
    path = write_release(release.folder, manifest, code)
    form = f"those of {kept.manifest.name}"
    text = card({form: (manifest, len(code))}, 0, held_out_told("", by_weight))
    (release.folder / "card.md").write_text(text, encoding="utf-8")
    return path
