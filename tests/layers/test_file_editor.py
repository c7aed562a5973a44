"""`KerasFileEditor`: it shows what is in a file, changes what it is told to, and writes files that load."""

from __future__ import annotations

import json
import os
import zipfile

import h5py
import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Model, Sequential
from kcore_layers.files import KerasFileEditor
from kcore_layers.files.formats import weights_format
from kcore_layers.layers import Dense
from kcore_ops.dtypes import numpy_dtype
from kcore_ops.foundation.errors import ArgumentError
from kcore_train import losses, optimizers  # noqa: F401 (other tests put the names known at their start back)

# Files are the same whatever computes; where each op is compiled anew that takes minutes.
pytestmark = pytest.mark.only("numpy", "torch")


def two_dense(units=4, **kwargs):
    return Sequential([Input((3,)), Dense(units, **kwargs), Dense(2)], name="net")


def nested():
    inner = Sequential([Dense(4), Dense(3)], name="inner")
    x = Input((3,))
    return Model(x, Dense(2)(inner(x)), name="outer")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.weights.h5"


def saved(model, path):
    model.save_weights(path) if path.name.endswith(".h5") else model.save(path)
    return KerasFileEditor(path)


def written(editor, path):
    """What the editor writes, by place and name."""
    editor.save(path)
    with weights_format(str(path)).read(str(path)) as places:
        return {place: {key: entry.read() for key, entry in entries.items()} for place, entries in places.items()}


# What it shows.


def test_the_summary_is_a_tree_of_all_that_the_file_holds(backend, path, capsys):
    saved(nested(), path).summary()
    assert capsys.readouterr().out == (
        f"Weights file {str(path)!r}\n"
        "Weights\n"
        "└── layers\n"
        "    ├── dense\n"
        "    │   ├── 0: shape=(3, 2), dtype=float32\n"
        "    │   └── 1: shape=(2,), dtype=float32\n"
        "    └── sequential\n"
        "        └── layers\n"
        "            ├── dense\n"
        "            │   ├── 0: shape=(3, 4), dtype=float32\n"
        "            │   └── 1: shape=(4,), dtype=float32\n"
        "            └── dense_1\n"
        "                ├── 0: shape=(4, 3), dtype=float32\n"
        "                └── 1: shape=(3,), dtype=float32\n"
    )


def test_numbers_in_names_are_in_their_order(backend, path, capsys):
    editor = saved(two_dense(), path)
    for i in (10, 9, 2):
        editor.add_object(f"layers/dense_{i}", {"10": np.ones(1), "9": np.ones(1)})
    editor.summary()
    lines = [line.lstrip(" │└├─") for line in capsys.readouterr().out.splitlines()[3:]]
    names = [line for line in lines if ":" not in line]
    assert names == ["dense", "dense_1", "dense_2", "dense_9", "dense_10"]
    assert [line[:2] for line in lines[-2:]] == ["9:", "10"]


def test_a_whole_model_says_what_wrote_it(backend, tmp_path, capsys):
    saved(two_dense(), tmp_path / "net.keras")
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"Model {str(tmp_path / 'net.keras')!r}"
    assert second.startswith("Saved with kcore ")
    assert " in the format of Keras 3." in second


def test_names_are_printed_as_they_are(backend, path, capsys):
    editor = saved(two_dense(), path)
    editor.rename_object("dense_1", "[bold]x")
    editor.summary()
    assert "[bold]x" in capsys.readouterr().out


# What it compares.


def test_a_file_fits_the_model_that_it_is_of(backend, path, capsys):
    editor = saved(nested(), path)
    capsys.readouterr()
    assert editor.compare(nested()) == {"status": "success", "error_count": 0, "match_count": 6}
    assert capsys.readouterr().out == 'The file fits model "outer": all 6 weights match\n'


def test_all_that_does_not_fit_is_said(backend, path, capsys):
    editor = saved(two_dense(units=5, use_bias=False), path)
    editor.add_object("layers/dense_2", {"0": np.ones(2)})
    editor.delete_object("dense_1")
    editor.add_object("layers/extra", {})
    capsys.readouterr()
    assert editor.compare(two_dense()) == {"status": "error", "error_count": 4, "match_count": 0}
    assert capsys.readouterr().out.splitlines() == [
        'The file does not fit model "net", 4 differences:',
        "  layers/dense/0: shape (3, 5) in the file, (3, 4) in the model",
        "  layers/dense/1: only in the model",
        "  layers/dense_1: only in the model; weights 0, 1",
        "  layers/dense_2: only in the file; weights 0",
    ]


def test_another_kind_of_dtype_does_not_fit(backend, path, capsys):
    editor = saved(two_dense(), path)
    editor.add_weights("layers/dense", {"1": np.ones(4, "int32")})
    assert editor.compare(two_dense()) == {"status": "error", "error_count": 1, "match_count": 3}
    assert "layers/dense/1: int32 in the file, float32 in the model" in capsys.readouterr().out


def test_the_optimizer_counts_where_the_model_has_one(backend, path):
    model = two_dense()
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    editor = saved(model, path)
    assert editor.compare(model)["status"] == "success"
    assert editor.compare(two_dense()) == {"status": "error", "error_count": 1, "match_count": 4}


def test_only_a_built_model_can_be_compared_with(backend, path):
    editor = saved(two_dense(), path)
    with pytest.raises(ArgumentError, match='model "later" is not built'):
        editor.compare(Sequential([Dense(2)], name="later"))
    with pytest.raises(ArgumentError, match="None is no model"):
        editor.compare(None)


# What it changes.


@pytest.mark.parametrize("name", ["net.weights.h5", "net.keras"])
def test_a_model_whose_layers_have_changed_places_loads_what_was_edited(backend, tmp_path, name):
    """The layers of a model that was nested are the second and third of another one."""
    model, flat = nested(), Sequential([Input((3,)), Dense(4), Dense(3), Dense(2)])
    editor = saved(model, tmp_path / name)
    stored = written(editor, tmp_path / "copy.weights.h5")
    editor.rename_object("layers/dense", "dense_2")
    editor.rename_object("sequential/layers/dense", "first")
    editor.rename_object("sequential", "inner")
    assert set(written(editor, tmp_path / "copy.weights.h5")) == {
        "layers/dense_2", "layers/inner/layers/first", "layers/inner/layers/dense_1"
    }  # fmt: skip
    for layer in ("dense", "dense_1"):
        editor.add_object(f"layers/{layer}", stored[f"layers/sequential/layers/{layer}"])
    editor.delete_object("inner")
    editor.save(tmp_path / "flat.weights.h5")
    flat.load_weights(tmp_path / "flat.weights.h5")
    x = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    np.testing.assert_allclose(ops.convert_to_numpy(flat(x)), ops.convert_to_numpy(model(x)), rtol=1e-5, atol=1e-6)


def test_weights_are_added_replaced_and_taken_out(backend, path):
    editor = saved(two_dense(use_bias=False), path)
    kernel = np.arange(8, dtype="float32").reshape(4, 2)
    editor.add_weights("layers/dense", {"1": np.full(4, 7.0, "float32")})
    editor.add_weights("dense_1", {"0": ops.convert_to_tensor(kernel)})
    editor.delete_weight("dense_1", "1")
    editor.save(path)
    other = Sequential([Input((3,)), Dense(4), Dense(2, use_bias=False)])
    other.load_weights(path)
    assert np.array_equal(other.layers[0].bias.numpy(), np.full(4, 7.0))
    assert np.array_equal(other.layers[1].kernel.numpy(), kernel)


def test_the_model_itself_has_weights_too(backend, path, capsys):
    class Scaled(Model):
        def __init__(self):
            super().__init__()
            self.dense = Dense(2)
            self.scale = self.add_weight(shape=(2,), initializer="ones")

        def call(self, x):
            return self.dense(x) * self.scale

    model = Scaled()
    model(np.ones((1, 3), "float32"))
    editor = saved(model, path)
    assert editor.compare(model)["match_count"] == 3
    editor.add_weights("", {"0": np.array([3, 4], "float32")})
    editor.save(path)
    model.load_weights(path)
    assert np.array_equal(model.scale.numpy(), [3, 4])
    editor.summary()
    assert "Weights\n├── 0: shape=(2,), dtype=float32\n└── dense\n" in capsys.readouterr().out
    with pytest.raises(ArgumentError, match="the model itself has no name in a file"):
        editor.rename_object("", "other")


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "float16", "bfloat16", "float8_e4m3fn", "complex64"])
def test_every_dtype_is_written_as_it_was(backend, path, dtype):
    value = np.array([[0, 1]]).astype(numpy_dtype(dtype))
    editor = saved(two_dense(), path)
    editor.add_object("extra", {"0": value, "1": value[0, 1]})
    editor.save(path)
    again = written(KerasFileEditor(path), path)["extra"]
    assert again["0"].dtype.name == dtype
    assert np.array_equal(again["0"], value)
    assert again["1"].shape == ()


def test_what_was_given_may_change_afterwards(backend, path):
    editor, value = saved(two_dense(), path), np.ones(2, "float32")
    editor.add_weights("dense_1", {"1": value})
    value[:] = 5
    assert np.array_equal(written(editor, path)["layers/dense_1"]["1"], [1, 1])


# Names.


def test_the_whole_path_names_an_object_where_others_end_so(backend, path):
    editor = saved(nested(), path)
    with pytest.raises(
        ArgumentError,
        match="2 objects are called 'dense'\n  fix: use one of 'layers/dense', 'layers/sequential/layers/dense'",
    ):
        editor.delete_object("dense")
    editor.delete_object("/layers/dense/")
    editor.rename_object("dense", "only")
    assert set(written(editor, path)) == {"layers/sequential/layers/only", "layers/sequential/layers/dense_1"}


def test_an_unknown_name_is_answered_with_those_like_it(backend, path):
    editor = saved(two_dense(), path)
    for call in (
        lambda: editor.rename_object("dense_2", "x"),
        lambda: editor.delete_object("dense_2"),
        lambda: editor.delete_weight("dense_2", "0"),
        lambda: editor.add_weights("dense_2", {}),
    ):
        with pytest.raises(ArgumentError, match="no object 'dense_2'\n  fix: use one of .*'layers/dense_1'"):
            call()
    with pytest.raises(ArgumentError, match="no weight '5'\n  fix: use one of '0', '1'"):
        editor.delete_weight("dense_1", "5")
    with pytest.raises(ArgumentError, match="None is not the path of an object"):
        editor.delete_object(None)


def test_nothing_is_put_in_the_place_of_an_object(backend, path):
    editor = saved(two_dense(), path)
    with pytest.raises(ArgumentError, match="there is an object 'layers/dense_1'\n  fix: rename or delete that one"):
        editor.rename_object("layers/dense", "dense_1")
    with pytest.raises(ArgumentError, match="there is an object 'layers/dense'\n  fix: call add_weights"):
        editor.add_object("layers/dense", {"0": np.ones(2)})
    with pytest.raises(ArgumentError, match="no object 'new'"):
        editor.add_object("new/dense", {"0": np.ones(2)})
    assert editor.compare(two_dense())["status"] == "success"


@pytest.mark.parametrize("name", ["", "a/b", "..", "vars", 3])
def test_what_can_be_no_name_is_refused(backend, path, name):
    editor = saved(two_dense(), path)
    with pytest.raises(ArgumentError, match="new_name can not be"):
        editor.rename_object("dense_1", name)
    with pytest.raises(ArgumentError, match="the name of a weight can not be"):
        editor.add_weights("dense_1", {name: np.ones(2)})


@pytest.mark.parametrize("value", ["text", None, {"b": 1}, object()])
def test_what_is_no_array_is_refused(backend, path, value):
    editor = saved(two_dense(), path)
    with pytest.raises(ArgumentError, match="weight '1' is a .*, not an array of numbers"):
        editor.add_weights("dense_1", {"0": np.ones((4, 2)), "1": value})
    with pytest.raises(ArgumentError, match="weights are a list, not a dict"):
        editor.add_object("layers/new", [np.ones(2)])
    assert editor.compare(two_dense())["status"] == "success"


# Files.


def test_the_file_is_as_it_was_until_something_is_saved_over_it(backend, path):
    editor = saved(two_dense(), path)
    before = path.read_bytes()
    editor.delete_object("layers")
    editor.add_object("new", {"0": np.ones(2)})
    assert path.read_bytes() == before
    editor.resave_weights(path)
    with h5py.File(path) as file:
        assert list(file) == ["new"]
        assert np.array_equal(file["new/vars/0"], [1, 1])


def test_several_files_are_read_as_one(backend, path, tmp_path):
    model, other = two_dense(), two_dense()
    model.save_weights(tmp_path / "net.weights.json", max_shard_size=64 / 2**30)
    editor = KerasFileEditor(tmp_path / "net.weights.json")
    assert editor.compare(other) == {"status": "success", "error_count": 0, "match_count": 4}
    editor.save(path)
    other.load_weights(path)
    assert all(np.array_equal(x, y) for x, y in zip(model.get_weights(), other.get_weights(), strict=True))


def test_a_save_that_fails_leaves_nothing(backend, path, monkeypatch):
    editor = saved(two_dense(), path)
    before = path.read_bytes()

    def failing(*args):
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(OSError, match="the disk is full"):
        editor.save(path)
    assert os.listdir(path.parent) == [path.name]
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["net.keras", "net.h5", "net"])
def test_only_files_of_weights_are_written(backend, path, tmp_path, name):
    editor = saved(two_dense(), path)
    with pytest.raises(ArgumentError, match="does not end in '.weights.h5'"):
        editor.save(tmp_path / name)
    assert os.listdir(tmp_path) == [path.name]


def test_what_is_no_such_file_is_refused(backend, tmp_path):
    with pytest.raises(ArgumentError, match="there is no file"):
        KerasFileEditor(tmp_path / "none.keras")
    with pytest.raises(ArgumentError, match="does not end in '.weights.h5'"):
        KerasFileEditor(tmp_path / "net.txt")
    with pytest.raises(ArgumentError, match="has weights by name, and none of the objects"):
        KerasFileEditor(tmp_path / "net.safetensors")
    (tmp_path / "net.weights.h5").write_bytes(b"nonsense")
    with pytest.raises(ArgumentError, match="can not be read as an HDF5 file"):
        KerasFileEditor(tmp_path / "net.weights.h5")


def test_a_file_that_reaches_for_others_is_refused(backend, path, tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["x"] = np.ones(3)
    with h5py.File(path, "w") as file:
        file.create_group("dense/vars")["0"] = h5py.ExternalLink("secret.h5", "x")
    with pytest.raises(ArgumentError, match="is a link to 'x' in 'secret.h5'"):
        KerasFileEditor(path)


def test_a_model_may_be_a_directory(backend, tmp_path, capsys):
    two_dense().save(tmp_path / "net", zipped=False)
    editor = KerasFileEditor(tmp_path / "net")
    assert capsys.readouterr().out.startswith(f"Model {str(tmp_path / 'net')!r}\nSaved with kcore ")
    assert editor.compare(two_dense())["status"] == "success"


def test_metadata_that_say_nothing_are_no_obstacle(backend, tmp_path, capsys):
    two_dense().save(tmp_path / "net.keras")
    with zipfile.ZipFile(tmp_path / "net.keras") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for text, message in ((json.dumps({}), "Saved\n"), (json.dumps([]), "net.keras'\n")):
        with zipfile.ZipFile(tmp_path / "net.keras", "w") as archive:
            for name, data in {**parts, "metadata.json": text}.items():
                archive.writestr(name, data)
        KerasFileEditor(tmp_path / "net.keras")
        assert capsys.readouterr().out.endswith(message)
    with zipfile.ZipFile(tmp_path / "net.keras", "w") as archive:
        for name, data in {**parts, "metadata.json": "{"}.items():
            archive.writestr(name, data)
    with pytest.raises(ArgumentError, match="metadata.json is not JSON"):
        KerasFileEditor(tmp_path / "net.keras")
