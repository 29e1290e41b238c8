"""Files of training pictures."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.errors import ModelError
from models.training.pictures import SETTINGS_FILE, Shard, read_folder, read_shard, shard_path, write_shard


def made(first: int, people: int = 2) -> Shard:
    labels = np.repeat(np.arange(first, first + people, dtype=np.int32), 2)
    jpegs = [bytes([person, n]) * (n + 1) for n, person in enumerate(labels.tolist())]
    figure = np.arange(len(jpegs), dtype=np.uint8)[:, None, None] + np.full((1, 32, 16), 10 * first, np.uint8)
    return Shard(jpegs, labels, np.tile(np.array([0, 1], np.int32), people), figure)


def folder_with(folder: Path, *shards: Shard) -> Path:
    (folder / SETTINGS_FILE).write_text(json.dumps({"seed": 3}), encoding="utf-8")
    for number, shard in enumerate(shards):
        write_shard(shard_path(folder, number), shard)
    return folder


def test_pictures_come_back_in_order_with_their_people_and_cameras(tmp_path: Path) -> None:
    found, settings = read_folder(folder_with(tmp_path, made(0), made(2)))
    assert found.jpegs == [*made(0).jpegs, *made(2).jpegs]
    assert found.person.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert found.camera.tolist() == [0, 1] * 4
    assert found.figure[:, 5, 7].tolist() == [0, 1, 2, 3, 20, 21, 22, 23]
    assert settings == {"seed": 3}
    assert not list(tmp_path.glob("*.part"))


def test_the_same_pictures_give_the_same_bytes(tmp_path: Path) -> None:
    paths = [tmp_path / "people-00000.npz", tmp_path / "people-00001.npz"]
    for path in paths:
        write_shard(path, made(0))
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize(("most", "people"), [(1, [0]), (3, [0, 1, 2]), (9, [0, 1, 2, 3])])
def test_the_first_people_alone_can_be_read(tmp_path: Path, most: int, people: list[int]) -> None:
    found, _ = read_folder(folder_with(tmp_path, made(0), made(2)), most)
    assert sorted(set(found.person.tolist())) == people
    assert [jpeg[0] for jpeg in found.jpegs] == found.person.tolist()
    assert len(found.figure) == len(found.jpegs)


def test_an_empty_folder_says_how_pictures_are_made(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="shopthread simulate crops --out"):
        read_folder(tmp_path)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = shard_path(tmp_path, 0)
    write_shard(path, made(0))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ModelError, match=r"people-00000.npz holds no training pictures"):
        read_shard(path)
    with pytest.raises(ModelError, match=r"people-00007.npz holds no training pictures"):
        read_shard(shard_path(tmp_path, 7))


def test_a_file_whose_labels_do_not_fit_is_refused(tmp_path: Path) -> None:
    path = shard_path(tmp_path, 0)
    write_shard(path, replace(made(0), camera=np.zeros(1, np.int32)))
    with pytest.raises(ModelError, match="4 pictures, 4 people, 1 cameras and figures of shape"):
        read_shard(path)
    write_shard(path, replace(made(0), figure=made(0).figure[:, :16]))
    with pytest.raises(ModelError, match=r"figures of shape \(4, 16, 16\); render it again"):
        read_shard(path)


def test_a_file_without_figures_is_refused(tmp_path: Path) -> None:
    path, old = shard_path(tmp_path, 0), made(0)
    np.savez(path, content=np.zeros(1, np.uint8), ends=np.ones(4), person=old.person, camera=old.camera)
    with pytest.raises(ModelError, match=r"holds no training pictures: .*figure.*render it again"):
        read_shard(path)
