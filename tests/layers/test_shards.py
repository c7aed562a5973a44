"""Weights in several files: what is written is read again, and an index leads to nothing but its own shards."""

from __future__ import annotations

import json
import os
import re

import h5py
import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Sequential
from kcore_layers.files.hdf5 import find_datasets
from kcore_layers.files.own_files import check_file_names
from kcore_layers.layers import Dense, Dropout
from kcore_ops.foundation.errors import ArgumentError
from kcore_train import losses, optimizers  # noqa: F401 (other tests put the names known at their start back)

KILOBYTE = 1 / 2**20  # in gigabytes


def net(units=50):
    layers = [Dense(units), Dropout(0.5), Dense(units), Dense(2)]
    return Sequential([Input((30,)), *layers], name="net")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.weights.json"


def numbers(model):
    return [w.numpy().copy() for w in model.weights]


def are_equal(some, others):
    return len(some) == len(others) and all(np.array_equal(x, y) for x, y in zip(some, others, strict=True))


def assert_read(path, model):
    other = net()
    other.load_weights(path)
    assert are_equal(numbers(model), numbers(other))


def rewritten(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_weights_come_back_from_several_files(backend, path, tmp_path):
    model = net()
    model.save_weights(path, max_shard_size=11 * KILOBYTE)
    assert sorted(os.listdir(tmp_path)) == ["net.weights.json", "net_00000.weights.h5", "net_00001.weights.h5"]
    assert_read(path, model)
    index = json.loads(path.read_text())
    assert index["weight_map"] == {
        "/layers/dense/vars": ["net_00000.weights.h5"],
        "/layers/dense_1/vars": ["net_00001.weights.h5"],
        "/layers/dense_2/vars": ["net_00001.weights.h5"],
    }
    assert index["metadata"] == {"total_size": sum(4 * w.numpy().size for w in model.weights)}


def test_no_file_holds_more_than_it_may_and_objects_are_spread_over_them(backend, path, tmp_path):
    model = net()
    limit = 10_000
    model.save_weights(path, max_shard_size=limit / 2**30)
    for shard in tmp_path.glob("*.h5"):
        with h5py.File(shard) as file:
            size = sum(dataset.nbytes for dataset in find_datasets(file).values())
        assert 0 < size <= limit
    assert json.loads(path.read_text())["weight_map"]["/layers/dense_1/vars"] == [
        "net_00001.weights.h5", "net_00002.weights.h5",
    ]  # fmt: skip
    assert_read(path, model)


def test_a_file_written_on_one_backend_is_read_on_another(backend, other_backend, path):
    model = net()
    model.save_weights(path, max_shard_size=11 * KILOBYTE)
    with ops.use_backend(other_backend.name):
        assert_read(path, model)


@pytest.mark.needs("gradient")
def test_the_state_of_the_optimizer_comes_back(backend, path):
    models = net(), net()
    for model in models:
        model.compile("adam", "mse")
        model.fit(np.ones((2, 30), "float32"), np.ones((2, 2), "float32"), verbose=0)
    models[0].save_weights(path, max_shard_size=11 * KILOBYTE)
    models[1].load_weights(path)
    states = [[v.numpy() for v in model.optimizer.variables] for model in models]
    assert are_equal(*states)


def test_a_model_without_weights_has_an_index_and_one_file(backend, path, tmp_path):
    model = Sequential([Input((3,)), Dropout(0.5)])
    model.save_weights(path, max_shard_size=1)
    assert sorted(os.listdir(tmp_path)) == ["net.weights.json", "net_00000.weights.h5"]
    model.load_weights(path)


def test_the_name_of_one_file_becomes_that_of_an_index_with_a_warning(backend, path, tmp_path):
    model = net()
    with pytest.warns(UserWarning, match="there are several files, with an index: '.*net.weights.json'") as caught:
        model.save_weights(tmp_path / "net.weights.h5", max_shard_size=1)
    assert caught[0].filename == __file__
    assert_read(path, model)


# What can not be written.


@pytest.mark.parametrize("size", [0, -1, True, "1GB", float("nan")])
def test_what_is_no_size_is_refused(backend, path, size):
    with pytest.raises(ArgumentError, match=f"max_shard_size can not be {size!r}\n  fix: pass a number of gigabytes"):
        net().save_weights(path, max_shard_size=size)


def test_names_of_other_files_are_refused(backend, path, tmp_path):
    with pytest.raises(ArgumentError, match="an index of several files\n  fix: pass max_shard_size, or name it .weig"):
        net().save_weights(path)
    with pytest.raises(ArgumentError, match="net.json' does not end in '.weights.h5'.*\n  fix: name it '.*/net.weigh"):
        net().save_weights(tmp_path / "net.json", max_shard_size=1)


def test_a_variable_larger_than_a_file_is_named_and_nothing_is_left(backend, path, tmp_path):
    with pytest.raises(ArgumentError, match="a variable of 'dense.*' has 6000 bytes, and a shard may have 5120"):
        net().save_weights(path, max_shard_size=5 * KILOBYTE)
    assert os.listdir(tmp_path) == []


def test_files_are_replaced_only_if_that_is_allowed(backend, path, tmp_path):
    net().save_weights(path, max_shard_size=1)
    before = path.read_bytes(), (tmp_path / "net_00000.weights.h5").read_bytes()
    for missing in (None, path):
        if missing:
            os.remove(missing)
        with pytest.raises(ArgumentError, match="exists\n  fix: pass overwrite=True"):
            net().save_weights(path, overwrite=False, max_shard_size=1)
    assert (tmp_path / "net_00000.weights.h5").read_bytes() == before[1]
    assert os.listdir(tmp_path) == ["net_00000.weights.h5"]


# Writing is whole or not at all.


def test_what_an_index_named_is_removed_once_there_is_another(backend, path, tmp_path):
    (tmp_path / "net_00009.weights.h5").write_bytes(b"somebody's")
    for _ in range(3):
        model = net()
        model.save_weights(path, max_shard_size=11 * KILOBYTE)
        assert_read(path, model)
        names = {name for each in json.loads(path.read_text())["weight_map"].values() for name in each}
        left = set(os.listdir(tmp_path)) - names - {"net.weights.json", "net_00009.weights.h5"}
        assert left <= {"net_00000.weights.h5"}  # which Keras opens, whatever the index says
    assert (tmp_path / "net_00009.weights.h5").read_bytes() == b"somebody's"


@pytest.mark.parametrize("at", range(4))
def test_after_a_failure_the_old_files_are_there_and_no_others(backend, path, tmp_path, monkeypatch, at):
    model = net()
    model.save_weights(path, max_shard_size=11 * KILOBYTE)
    before = sorted(os.listdir(tmp_path))
    replace, count = os.replace, iter(range(9))

    def fails(source, target):
        if next(count) == at:
            raise OSError("disk full")
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fails)
        if at < 3:  # two shards and the index; then what Keras opens, which is no matter of ours
            with pytest.raises(OSError, match="disk full"):
                net().save_weights(path, max_shard_size=11 * KILOBYTE)
            assert sorted(os.listdir(tmp_path)) == before
        else:
            model = net()
            model.save_weights(path, max_shard_size=11 * KILOBYTE)
    assert_read(path, model)


# An index leads to its own shards.


@pytest.mark.parametrize(
    "name",
    ["../net_00000.weights.h5", "/tmp/x.weights.h5", "sub/x.h5", "..", "", "c:x.h5", "a\\b.h5", "x.h5 ", "x\0.h5"],
)
def test_names_that_lead_elsewhere_are_refused(backend, path, name):
    net().save_weights(path, max_shard_size=1)
    rewritten(path, weight_map={"/layers/dense/vars": [name]})
    text = re.escape(f"{name!r} is not the name of a file in its own directory")
    with pytest.raises(ArgumentError, match=f"in load_weights, model .*, file .*net.weights.json'\n  {text}"):
        net().load_weights(path)


def test_links_to_other_files_are_refused(backend, path, tmp_path):
    net().save_weights(path, max_shard_size=1)
    shard = tmp_path / "net_00000.weights.h5"
    shard.rename(tmp_path / "other.weights.h5")
    shard.symlink_to(tmp_path / "other.weights.h5")
    with pytest.raises(ArgumentError, match="net_00000.weights.h5' is a link, or no file at all"):
        net().load_weights(path)
    shard.unlink()
    shard.mkdir()
    with pytest.raises(ArgumentError, match="net_00000.weights.h5' is a directory, and not a file"):
        net().load_weights(path)
    shard.rmdir()
    with pytest.raises(ArgumentError, match="there is no file '.*net_00000.weights.h5'\n  fix: pass a whole file"):
        net().load_weights(path)


def test_each_shard_is_held_to_the_rules_of_files_of_weights(backend, path, tmp_path):
    net().save_weights(path, max_shard_size=1)
    with h5py.File(tmp_path / "net_00000.weights.h5", "r+") as file:
        del file["layers/dense/vars/0"]
        file["layers/dense/vars/0"] = h5py.ExternalLink("secret.h5", "/x")
    with pytest.raises(ArgumentError, match="'layers/dense/vars/0' is a link to '/x' in 'secret.h5'"):
        net().load_weights(path)


@pytest.mark.parametrize(
    "content, text",
    [
        ("{", "the index is not JSON that can be read"),
        ("[" * 100_000, "the index is not JSON that can be read"),
        ("[]", "the index has no weight_map"),
        ('{"weight_map": []}', "the index has no weight_map"),
        ('{"weight_map": {"/vars": 3}}', "the index has 3 for '/vars', and not the names of shards"),
        ('{"weight_map": {"/vars": [[]]}}', r"the index has \[\[\]\] for '/vars'"),
        ('{"weight_map": {}, "kcore_format": 2}', "the index is of format 2 of kcore's files.*up to 1\n  fix: upgrade"),
        ('{"weight_map": {}, "kcore_format": "x"}', "the index says that its format is 'x', which is no number"),
        ('{"weight_map": {}}', "6 entries do not fit|3 entries do not fit"),
    ],
)
def test_an_index_that_says_nothing_of_use_is_refused(backend, path, content, text):
    path.write_text(content)
    with pytest.raises(ArgumentError, match=f"file .*net.weights.json'\n  {text}"):
        net().load_weights(path)


def test_shards_that_are_not_as_the_index_says_are_refused(backend, path, tmp_path):
    net().save_weights(path, max_shard_size=11 * KILOBYTE)
    shard = "net_00000.weights.h5"
    whole = json.loads(path.read_text())["weight_map"]
    rewritten(path, weight_map=whole | {"/layers/dense/vars": ["net_00001.weights.h5"], "/x/vars": [shard]})
    with pytest.raises(ArgumentError, match=f"{shard}' holds 'layers/dense/vars/0', which the index says it does not"):
        net().load_weights(path)
    with h5py.File(tmp_path / "net_00001.weights.h5", "r+") as file:
        file["layers/dense/vars/0"] = np.ones((30, 50), "float32")
    rewritten(path, weight_map=whole | {"/layers/dense/vars": [shard, "net_00001.weights.h5"]})
    with pytest.raises(ArgumentError, match="net_00001.weights.h5' holds 'layers/dense/vars/0', which the index"):
        net().load_weights(path)


# Names of files that stand in files.


@pytest.mark.parametrize(
    "names, text",
    [
        (["a/../b"], "'a/../b' is not the name of a file below"),
        (["/a"], "'/a' is not the name"),
        (["a//b"], "'a//b' is not the name"),
        (["a/"], "'a/' is not the name"),
        (["./a"], "'./a' is not the name"),
        (["a\nb"], "is not the name"),
        (["nul:"], "'nul:' is not the name"),
        (["a.txt", "A.txt"], "'A.txt' and 'a.txt' are one file on some systems"),
        (["a", "a"], "there are two files of the name 'a'"),
        (["a/b", "A/c"], "'A/' and 'a/' are one directory on some systems"),
        (["a", "a/b"], "'a' is a file and a directory"),
        (["a/b", "a"], "'a' is a file and a directory"),
    ],
)
def test_names_that_do_not_stay_where_they_belong_are_refused(names, text):
    with pytest.raises(ArgumentError, match=re.escape(text)):
        check_file_names(names)


def test_plain_names_are_taken():
    check_file_names(["words.txt", "Sub/words.txt", "Sub/deep/größe.bin", ".hidden", "a b"])
