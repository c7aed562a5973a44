"""Models as directories: what is written is read again, whole or not at all, and nothing else is removed for it."""

from __future__ import annotations

import json
import os

import h5py
import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Sequential
from kcore_layers.files import atomic, load_model
from kcore_layers.layers import Dense
from kcore_ops.foundation.errors import ArgumentError

X = np.linspace(-1, 1, 12, dtype="float32").reshape(4, 3)
FILES = ["config.json", "metadata.json", "model.weights.h5"]


def net():
    return Sequential([Input((3,)), Dense(4, activation="relu"), Dense(2)])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net"


def assert_same(model, other):
    np.testing.assert_array_equal(*(ops.convert_to_numpy(each(X)) for each in (model, other)))


def test_models_come_back(backend, path, tmp_path):
    model = net()
    model.save(f"{path}{os.sep}", zipped=False)
    assert sorted(os.listdir(path)) == FILES
    assert os.listdir(tmp_path) == ["net"]
    assert_same(model, load_model(path))


def test_weights_alone_can_be_read(backend, path):
    model, other = net(), net()
    model.save(path, zipped=False)
    other.load_weights(path)
    assert_same(model, other)


def test_a_file_written_on_one_backend_is_read_on_another(backend, other_backend, path):
    model = net()
    model.save(path, zipped=False)
    with ops.use_backend(other_backend.name):
        other = load_model(path)
    assert [np.array_equal(*pair) for pair in zip(model.get_weights(), other.get_weights(), strict=True)] == [True] * 4


def test_a_directory_is_replaced_as_a_whole(backend, path, tmp_path):
    net().save(path, zipped=False)
    (path / "assets").mkdir()
    (path / "assets" / "old.txt").write_text("of another model")
    model = net()
    model.save(path, zipped=False)
    assert sorted(os.listdir(path)) == FILES
    assert os.listdir(tmp_path) == ["net"]
    assert_same(model, load_model(path))


def test_an_empty_directory_is_filled(backend, path):
    path.mkdir()
    model = net()
    model.save(path, zipped=False)
    assert_same(model, load_model(path))


def test_a_directory_that_is_linked_to_is_replaced_where_it_is(backend, path, tmp_path):
    net().save(tmp_path / "there", zipped=False)
    path.symlink_to(tmp_path / "there")
    model = net()
    model.save(path, zipped=False)
    assert path.is_symlink()
    assert_same(model, load_model(tmp_path / "there"))


# What can not be written.


def test_a_directory_with_other_things_in_it_is_left_alone(backend, path):
    path.mkdir()
    (path / "thesis.tex").write_text("all of it")
    with pytest.raises(ArgumentError, match="net' is to be replaced, and holds more than a model: thesis.tex\n  fix"):
        net().save(path, zipped=False)
    assert os.listdir(path) == ["thesis.tex"]


@pytest.mark.parametrize(
    "names", [["assets"], ["config.json"], ["config.json", "assets"], ["config.json", "metadata.json"]]
)
def test_a_directory_that_only_looks_like_a_models_is_left_alone(backend, path, names):
    path.mkdir()
    for name in names:
        (path / name).write_text("of another program")
    with pytest.raises(
        ArgumentError, match="net' is to be replaced, and holds no whole model, but .*\n  fix: name a dir"
    ):
        net().save(path, zipped=False)
    assert sorted(os.listdir(path)) == sorted(names)


@pytest.mark.parametrize("name", ["", os.sep, "."])
def test_what_is_no_directory_of_its_own_is_left_alone(backend, tmp_path, monkeypatch, name):
    (tmp_path / "kept").write_text("kept")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ArgumentError, match="'' is not the name of a file|is to be replaced, and holds more than a mod"
    ):
        net().save(name, zipped=False)
    assert os.listdir(tmp_path) == ["kept"]


def test_a_directory_is_replaced_only_if_that_is_allowed(backend, path):
    model = net()
    model.save(path, zipped=False)
    with pytest.raises(ArgumentError, match="net' exists\n  fix: pass overwrite=True"):
        net().save(path, overwrite=False, zipped=False)
    assert_same(model, load_model(path))


def test_a_file_is_not_replaced_by_a_directory(backend, path):
    path.write_text("a file")
    with pytest.raises(ArgumentError, match="net' is a file, and no directory"):
        net().save(path, zipped=False)
    assert path.read_text() == "a file"


def test_names_and_forms_that_do_not_go_together_are_refused(backend, path, tmp_path):
    with pytest.raises(ArgumentError, match="net.keras' ends in '.keras', as files of models do, and zipped is False"):
        net().save(tmp_path / "net.keras", zipped=False)
    with pytest.raises(ArgumentError, match="net' does not end in '.keras', as files of models do"):
        net().save(path, zipped=True)
    with pytest.raises(ArgumentError, match="zipped can not be 'no'\n  fix: pass True for a file, or False for a dir"):
        net().save(path, zipped="no")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("can_exchange", [True, False])
def test_after_a_failure_the_old_directory_is_there_and_no_other(backend, path, tmp_path, monkeypatch, can_exchange):
    model = net()
    model.save(path, zipped=False)
    rename = os.rename

    def fails(source, target):
        if target == str(path) and not source.endswith(".old"):
            raise OSError("disk full")
        rename(source, target)

    with monkeypatch.context() as patch:
        if can_exchange:
            patch.setattr(atomic, "flush_to_disk", lambda path: fails(path, str(tmp_path / "net")))
        else:
            patch.setattr(os, "name", "unknown")  # as where two directories can not change places at once
            patch.setattr(os, "rename", fails)
        with pytest.raises(OSError, match="disk full"):
            net().save(path, zipped=False)
    assert os.listdir(tmp_path) == ["net"]
    assert_same(model, load_model(path))


def test_where_directories_can_not_change_places_one_is_put_aside(backend, path, tmp_path, monkeypatch):
    net().save(path, zipped=False)
    model = net()
    with monkeypatch.context() as patch:
        patch.setattr(os, "name", "unknown")
        model.save(path, zipped=False)
    assert os.listdir(tmp_path) == ["net"]
    assert_same(model, load_model(path))


# What can not be loaded.


def test_a_directory_that_is_not_a_models_is_refused(backend, path):
    path.mkdir()
    with pytest.raises(ArgumentError, match="in load_model, file .*net'\n  the directory has no config.json"):
        load_model(path)
    net().save(path, zipped=False)
    (path / "model.weights.h5").unlink()
    with pytest.raises(ArgumentError, match="there is no file '.*model.weights.h5'"):
        load_model(path)


def test_links_in_place_of_files_are_refused(backend, path, tmp_path):
    for name in FILES:
        net().save(path, zipped=False)
        (path / name).rename(tmp_path / name)
        (path / name).symlink_to(tmp_path / name)
        with pytest.raises(ArgumentError, match=f"{name}' is a link, or no file at all"):
            load_model(path)


def test_files_of_a_later_format_are_refused(backend, path):
    net().save(path, zipped=False)
    metadata = json.loads((path / "metadata.json").read_text())
    assert metadata["kcore_format"] == 1
    (path / "metadata.json").write_text(json.dumps(metadata | {"kcore_format": 2}))
    with pytest.raises(ArgumentError, match="the model's file is of format 2 .* reads those up to 1\n  fix: upg"):
        load_model(path)
    net().save(path, zipped=False)
    with h5py.File(path / "model.weights.h5", "r+") as file:
        assert file.attrs["kcore_format"] == 1
        file.attrs["kcore_format"] = 2
    with pytest.raises(ArgumentError, match="the file is of format 2 of kcore's files"):
        load_model(path)
    with h5py.File(path / "model.weights.h5", "r+") as file:
        file.attrs["kcore_format"] = np.zeros(1000)
    with pytest.raises(ArgumentError, match="the file says that its format is 'unknown', which is no number"):
        load_model(path)
