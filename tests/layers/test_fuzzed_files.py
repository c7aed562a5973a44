"""Whatever is changed in a file, or in data, loading ends in success or in an error of kcore's, never in another.

`KCORE_FUZZ=5000` tries so many examples of each, other ones in each run.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import tempfile
import warnings
from pathlib import Path

import h5py
import kcore_layers as kl
import kcore_ops as ops
import numpy as np
import pytest
from everything import layers_and_arguments, others
from hostile_files.case import at_path, paths_in
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from kcore_layers import files
from kcore_layers.layers import LSTM, BatchNormalization, Concatenate, Dense, Embedding, GlobalAveragePooling1D
from kcore_layers.serialization import SerializationError, deserialize_keras_object, serialize_keras_object
from kcore_ops.foundation.errors import KcoreError

pytestmark = pytest.mark.only("numpy")  # files are read the same way on each

EXAMPLES = int(os.environ.get("KCORE_FUZZ", "25"))
# In a run by hand others are drawn in each; what fails is shown as it was found, which takes no time.
fuzzed = settings(
    max_examples=EXAMPLES,
    derandomize=EXAMPLES <= 25,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

# Whatever may stand in JSON. Numbers are small, or beyond all memory: a model may be as large as its author likes.
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 9), st.floats(), st.text(max_size=6),
    st.sampled_from([10**15, -(10**15), 2**63, 10**40, 1e400]),
    st.sampled_from(["float16", "int8", "relu", "Dense", "same", "os", "\x1b", "..", "/"]),
)  # fmt: skip
CLASSES = [
    "Dense",
    "Adam",
    "function",
    "DTypePolicy",
    "__lambda__",
    "__numpy__",
    "__tensor__",
    "__keras_tensor__",
    "__slice__",
]
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["class_name", "config", "module", "name", "x"]), inner, max_size=3),
        st.fixed_dictionaries({"class_name": st.sampled_from(CLASSES), "config": inner}),
    ),
    max_leaves=6,
)  # fmt: skip


def net():
    a, b = kl.Input((4, 3), name="a"), kl.Input((4,), dtype="int32", name="b")
    x = Concatenate()([LSTM(3)(a), GlobalAveragePooling1D()(Embedding(5, 2)(b))])
    model = kl.Model([a, b], Dense(2, activation="tanh")(BatchNormalization()(x)), name="net")
    model.compile("adam", "mse", metrics=["mae"])
    return model


@functools.cache
def objects():
    """The data of one of each object there is, and of models."""
    found = {}
    for name, make in {**{name: make for name, (make, _) in layers_and_arguments().items()}, **others()}.items():
        with contextlib.suppress(SerializationError):  # lambdas
            found[name] = serialize_keras_object(make())
    models = {f"model {i}": serialize_keras_object(net()) for i in range(len(found) // 5)}
    return json.loads(json.dumps({**found, **models}))


@st.composite
def changed(draw, data):
    """The data with some of its values, or keys, replaced, removed, or moved."""
    for _ in range(draw(st.integers(1, 3))):
        paths = list(paths_in(data))
        path = draw(st.sampled_from(paths))
        kind = draw(st.sampled_from(["replace", "replace", "move", "remove", "rename", "repeat"]))
        outer = functools.reduce(lambda container, key: container[key], path[:-1], data)
        if kind == "move":
            data = at_path(data, path, functools.reduce(lambda c, key: c[key], draw(st.sampled_from(paths)), data))
        elif kind == "remove" and path:
            rest = [each for i, each in enumerate(outer) if i != path[-1]] if isinstance(outer, list) else {
                key: value for key, value in outer.items() if key != path[-1]}  # fmt: skip
            data = at_path(data, path[:-1], rest)
        elif kind == "rename" and path and isinstance(outer, dict):
            name = draw(
                st.sampled_from(["name", "config", "class_name", "self", "__class__", "units", "shared_object_id"])
            )
            data = at_path(data, path[:-1], {name if key == path[-1] else key: value for key, value in outer.items()})
        elif kind == "repeat" and path and isinstance(outer, list):
            data = at_path(data, path[:-1], outer * 2)
        else:
            data = at_path(data, path, draw(VALUES))
    return data


def ends_well(load, *arguments, says=""):
    """Load: what fails is an error of ours, whose text has an end, does nothing to a terminal, and names the file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return load(*arguments)
        except KcoreError as error:
            text = str(error)
    assert says in text
    assert all(line.replace("\t", "").isprintable() for line in text.split("\n"))
    assert len(text) < 50_000
    return None


@fuzzed
@given(data=st.data())
def test_data_of_objects(backend, data):
    ends_well(deserialize_keras_object, data.draw(changed(objects()[data.draw(st.sampled_from(sorted(objects())))])))


@fuzzed
@given(data=st.data())
def test_configs_of_models(backend, data):
    text = json.dumps(data.draw(changed(objects()["model 0"])))
    ends_well(files.model_from_json, text, says="model_from_json")


# Files: each way to load is given a directory with files, of which one is changed.


# The name of what is loaded, by format.
NAMES = {
    "keras": "net.keras", "directory": "net", "legacy": "net.h5", "weights": "w.weights.h5", "shards": "s.weights.json",
    "safetensors": "t.safetensors", "safetensors index": "i.safetensors.index.json",
}  # fmt: skip
OF_MODELS = ("keras", "directory", "legacy")


@functools.cache
def originals():
    """For each format the files, by name."""
    found = {}
    with tempfile.TemporaryDirectory() as directory, ops.use_backend("numpy"):
        model = net()
        for kind, name in NAMES.items():
            own = Path(directory, kind)
            own.mkdir()
            if kind in OF_MODELS:
                model.save(own / name, **({"zipped": False} if kind == "directory" else {}))
            else:
                size = {"max_shard_size": 150 / 2**30} if kind in ("shards", "safetensors index") else {}
                model.save_weights(own / name, **size)
            paths = [path for path in sorted(own.rglob("*")) if path.is_file()]
            found[kind] = {str(path.relative_to(own)): path.read_bytes() for path in paths}
    return found


def try_files(kind, contents):
    """Load the files as a model and as weights, and with the editor."""
    with tempfile.TemporaryDirectory() as directory:
        for name, content in contents.items():
            path = Path(directory, name)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        path = os.path.join(directory, NAMES[kind])
        if kind in OF_MODELS:
            ends_well(files.load_model, path, says=repr(path))
        model = net()
        before = model.get_weights()
        if ends_well(lambda: model.load_weights(path) or True, says=repr(path)) is None:
            assert all(map(np.array_equal, before, model.get_weights()))
        with contextlib.redirect_stdout(io.StringIO()):
            ends_well(lambda: files.KerasFileEditor(path).summary())


@st.composite
def changed_bytes(draw, content):
    """Bytes with some of them changed, left out, or put in, anywhere."""
    content = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(content) - 1)))
        if draw(st.booleans()):  # where most headers are
            at %= 512
        length = draw(st.sampled_from([1, 1, 1, 2, 4, 8, 64, 1000]))
        kind = draw(st.sampled_from(["set", "set", "set", "ones", "zeros", "remove", "repeat", "insert", "end"]))
        if kind == "set":
            content[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
        elif kind in ("ones", "zeros"):
            content[at : at + length] = (b"\xff" if kind == "ones" else b"\0") * len(content[at : at + length])
        elif kind == "remove":
            del content[at : at + length]
        elif kind == "repeat":
            content[at:at] = content[at : at + length]
        elif kind == "insert":
            content[at:at] = draw(st.binary(min_size=1, max_size=8))
        else:
            del content[at:]
    return bytes(content)


@pytest.mark.parametrize("kind", NAMES)
@fuzzed
@given(data=st.data())
def test_bytes_of_files(backend, kind, data):
    contents = originals()[kind]
    name = data.draw(st.sampled_from(sorted(contents)))
    try_files(kind, {**contents, name: data.draw(changed_bytes(contents[name]))})


@fuzzed
@given(data=st.data())
def test_texts_in_files(backend, data):
    """The data in the files that are, or have, JSON."""
    kind = data.draw(st.sampled_from(["directory", "shards", "safetensors", "safetensors index"]))
    contents = dict(originals()[kind])
    name = data.draw(st.sampled_from([name for name in contents if not name.endswith(".h5")]))
    if name.endswith(".json"):
        contents[name] = json.dumps(data.draw(changed(json.loads(contents[name])))).encode()
    else:
        size = int.from_bytes(contents[name][:8], "little")
        header = json.dumps(data.draw(changed(json.loads(contents[name][8 : 8 + size])))).encode()
        contents[name] = len(header).to_bytes(8, "little") + header + contents[name][8 + size :]
    try_files(kind, contents)


@fuzzed
@given(data=st.data())
def test_groups_and_numbers_of_hdf5(backend, data):
    kind = data.draw(st.sampled_from(["weights", "legacy"]))
    file = io.BytesIO(originals()[kind][NAMES[kind]])
    with h5py.File(file, "a") as opened:
        for _ in range(data.draw(st.integers(1, 4))):
            change_hdf5(data.draw, opened)
    try_files(kind, {NAMES[kind]: file.getvalue()})


DTYPES = ["float32", "float16", "float64", "int8", "uint64", "bool", "complex64", "S3", "V2", "V4", ">f4"]


def change_hdf5(draw, file):
    """Rename, move, remove, link or replace something in a file, or give it an attribute."""
    items = []
    file.visit(items.append)
    if not items:
        return
    item, other = draw(st.sampled_from(items)), draw(st.sampled_from(items))
    kind = draw(st.sampled_from(["rename", "remove", "replace", "link", "hard link", "attribute", "group"]))
    name = draw(st.sampled_from(["0", "1", "2", "vars", "layers", "a b", "..", "\x1b", "é", "seed"]))
    with contextlib.suppress(ValueError, KeyError, RuntimeError, OSError, TypeError):  # names that are taken, say
        if kind == "rename":
            file.move(item, f"{item.rpartition('/')[0]}/{name}")
        elif kind == "remove":
            del file[item]
        elif kind == "replace":
            shape = draw(st.sampled_from([(), (0,), (1,), (2,), (3, 2), (5, 12), (2, 2, 2)]))
            options = draw(
                st.sampled_from([{}, {"chunks": True}, {"compression": "gzip"}, {"maxshape": (None,) * len(shape)}])
            )
            del file[item]
            file.create_dataset(item, data=np.ones(shape).astype(draw(st.sampled_from(DTYPES))), **options)
        elif kind == "link":
            file[f"{item}/{name}"] = draw(
                st.sampled_from([h5py.SoftLink(f"/{other}"), h5py.ExternalLink("x.h5", other)])
            )
        elif kind == "hard link":
            file[f"{item}/{name}"] = file[other]
        elif kind == "attribute":
            key = draw(
                st.sampled_from(["name", "dtype", "kcore_format", "layer_names", "weight_names", "model_config"])
            )
            file[item].attrs[key] = draw(st.sampled_from(["x", "bfloat16", 1, 99, [1, 2], np.zeros(100)]))
            file.attrs[key] = file[item].attrs[key]
        else:
            file.create_group(f"{item}/{name}")
