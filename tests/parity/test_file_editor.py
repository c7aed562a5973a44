"""`KerasFileEditor`: the same edits give the same weights in either library, which both can load.

Ours differs where Keras's loses weights without a word: it does not read layers in layers, nor the weights of a model
beside its layers, as those of objects, and it lets a renamed or added object take the place of another. It takes a name
that is only one object's, where Keras asks for its path; and counts each weight once.
"""

from __future__ import annotations

import kcore_layers
import numpy as np
import pytest
from kcore_layers.files import KerasFileEditor
from kcore_train import optimizers  # noqa: F401 (names that files have)


@pytest.fixture
def libraries(keras, backend):
    keras.utils.clear_session()
    return keras, kcore_layers


def model_of(k, units=4, more=0, use_bias=True):
    layers = [k.layers.Dense(units, use_bias=use_bias), k.layers.BatchNormalization(), k.layers.Dense(2)]
    return k.Sequential([k.Input((3,)), *layers, *(k.layers.Dense(2) for _ in range(more))])


def outcome(call):
    """What a call returns, or that it is refused."""
    try:
        return call()
    except ValueError:
        return ValueError


def rename(editor):
    editor.rename_object("batch_normalization", "norm")
    editor.rename_object("layers/dense", "renamed")


def delete(editor):
    editor.delete_object("layers/dense_1")
    editor.delete_weight("batch_normalization", "2")


def add(editor):
    editor.add_object("layers/new", {"0": np.arange(6.0).reshape(2, 3), "1": np.ones((), "int32")})
    editor.add_object("beside", {"0": np.ones(2, "float32")})
    editor.add_weights("layers/dense_1", {"1": np.full(2, 7, "float32"), "2": np.zeros((1, 2), "float32")})


def rename_what_holds_others(editor):
    editor.rename_object("layers", "renamed")
    editor.rename_object("renamed/dense", "first")


EDITS = (rename, delete, add, rename_what_holds_others)


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("ending", [".keras", ".weights.h5"])
@pytest.mark.parametrize("writer", [0, 1], ids=["Keras", "kcore"])
def test_the_same_edits_leave_the_same_weights(libraries, tmp_path, edit, ending, writer):
    model, path = model_of(libraries[writer]), str(tmp_path / f"net{ending}")
    (model.save if ending == ".keras" else model.save_weights)(path)
    results = []
    for i, editor in enumerate((libraries[0].saving.KerasFileEditor(path), KerasFileEditor(path))):
        edit(editor)
        editor.save(str(tmp_path / f"{i}.weights.h5"))
        results.append(contents(tmp_path / f"{i}.weights.h5"))
    theirs, ours = results
    assert ours.keys() == theirs.keys()
    for key, value in theirs.items():
        assert ours[key].dtype == value.dtype
        assert np.array_equal(ours[key], value)


def contents(path):
    import h5py

    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.update({name: item[()]} if isinstance(item, h5py.Dataset) else {}))
    return found


def test_what_was_edited_loads_in_both(libraries, tmp_path):
    for i, k in enumerate(libraries):
        model_of(k, more=2).save(str(tmp_path / f"{i}.keras"))
        editor = KerasFileEditor(tmp_path / f"{i}.keras")
        editor.delete_object("layers/dense_1")
        editor.rename_object("layers/dense_2", "dense_1")
        editor.add_weights("dense_1", {"1": np.array([3.0, 4.0], "float32"), "0": np.eye(4, 2, dtype="float32")})
        editor.delete_object("layers/dense_3")
        editor.save(tmp_path / f"{i}.weights.h5")
        loaded = []
        for reader in libraries:
            model = model_of(reader)
            model.load_weights(str(tmp_path / f"{i}.weights.h5"))
            loaded.append([np.asarray(w) for w in model.get_weights()])
        assert all(np.array_equal(x, y) for x, y in zip(*loaded, strict=True))
        assert np.array_equal(loaded[0][-1], [3, 4])


@pytest.mark.parametrize(
    "arguments", [{}, {"units": 5}, {"more": 1}, {"use_bias": False}], ids=["same", "shape", "more", "fewer"]
)
@pytest.mark.parametrize("others", [{}, {"more": 1}, {"use_bias": False}], ids=["same", "more", "fewer"])
def test_a_file_fits_the_same_models(libraries, tmp_path, arguments, others):
    keras, ours = libraries
    model_of(keras, **others).save(str(tmp_path / "net.keras"))
    expected = keras.saving.KerasFileEditor(str(tmp_path / "net.keras")).compare(model_of(keras, **arguments))
    found = KerasFileEditor(tmp_path / "net.keras").compare(model_of(ours, **arguments))
    assert found.keys() == expected.keys()
    assert found["status"] == expected["status"] == ("success" if arguments == others else "error")


REFUSED = {
    "unknown": lambda editor: editor.delete_object("dense_7"),
    "unknown to rename": lambda editor: editor.rename_object("nothing", "x"),
    "a path as a name": lambda editor: editor.rename_object("layers/dense", "layers/x"),
    "no such weight": lambda editor: editor.delete_weight("layers/dense", "9"),
    "weights of nothing": lambda editor: editor.add_weights("dense_7", {"0": np.ones(2)}),
    "a list": lambda editor: editor.add_weights("layers/dense", [np.ones(2)]),
    "a list to add": lambda editor: editor.add_object("layers/x", [np.ones(2)]),
    "in nothing": lambda editor: editor.add_object("nothing/x", {"0": np.ones(2)}),
    "another ending": lambda editor: editor.save("net.keras"),
    "another ending to save again": lambda editor: editor.resave_weights("net.h5"),
}


@pytest.mark.parametrize("call", REFUSED.values(), ids=REFUSED)
def test_what_one_refuses_the_other_does(libraries, tmp_path, call):
    path = str(tmp_path / "net.weights.h5")
    model_of(libraries[0]).save_weights(path)
    editors = libraries[0].saving.KerasFileEditor(path), KerasFileEditor(path)
    assert [outcome(lambda editor=editor: call(editor)) for editor in editors] == [ValueError, ValueError]


def test_calls_return_nothing_as_those_of_keras(libraries, tmp_path):
    path = str(tmp_path / "net.weights.h5")
    model_of(libraries[0]).save_weights(path)
    for editor in (libraries[0].saving.KerasFileEditor(path), KerasFileEditor(path)):
        assert editor.summary() is None
        assert editor.rename_object("layers/dense", "x") is None
        assert editor.add_weights("layers/x", {"0": np.ones(2)}) is None
        assert editor.save(str(tmp_path / "out.weights.h5")) is None
