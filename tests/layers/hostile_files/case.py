"""What a hostile file is here: how it is made, how it is loaded, and what has to be said of it."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

X = np.array([[1.0, 2.0, 3.0]], "float32")
KERNEL = np.arange(6, dtype="float32").reshape(3, 2)
BIAS = np.array([0.5, -0.5], "float32")

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"


@dataclass(frozen=True)
class Case:
    """One file, or text.

    `make` is given an empty directory for it and one for what lies outside, which loading must never touch, and returns
    what the loader is called with. `says` is a pattern that the error's text has, None where loading is to succeed.
    """

    name: str
    make: Callable[[Path, Path], Any]
    says: str | None
    load: str = "load_model"


CASES: dict[str, Case] = {}


def case(says: str | None, load: str = "load_model", name: str = "") -> Callable[[Callable[..., Any]], Any]:
    """Return a decorator that makes a function of the two directories a case, of its name."""

    def add(make: Callable[..., Any]) -> Any:
        own = name or make.__name__
        assert own not in CASES, own
        CASES[own] = Case(own, make, says, load)
        return make

    return add


def at_path(container: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return a copy of nested data with another value at a place in it."""
    if not path:
        return value
    copy = dict(container) if isinstance(container, dict) else list(container)
    key = path[0]
    inner = copy[key] if not isinstance(copy, dict) or key in copy else {}
    copy[key] = at_path(inner, path[1:], value)
    return copy


def paths_in(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the path of each value in nested data."""
    yield path
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield from paths_in(value, (*path, key))


# A model that loads, of which hostile ones are made.


def dense(**config: Any) -> dict[str, Any]:
    known = {"name": "dense", "units": 2, "activation": "linear"}
    return {"module": "keras.layers", "class_name": "Dense", "config": {**known, **config}, "registered_name": None}


def sequential(*layers: Any, **rest: Any) -> dict[str, Any]:
    first = {
        "module": "keras.layers",
        "class_name": "InputLayer",
        "config": {"batch_shape": [None, 3], "dtype": "float32", "name": "input"},
        "registered_name": None,
    }
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": "net", "layers": [first, *layers], "build_input_shape": [None, 3]},
        "registered_name": None,
        "build_config": {"input_shape": [None, 3]},
        **rest,
    }


def functional() -> dict[str, Any]:
    """Return the config of the same model, made functional, with a call that has keyword arguments."""
    tensor = {"class_name": "__keras_tensor__", "config": {"keras_history": ["input", 0, 0]}}
    model = sequential(dense())
    first, layer = model["config"]["layers"]
    layers = [
        {**first, "name": "input", "inbound_nodes": []},
        {**layer, "name": "dense", "inbound_nodes": [{"args": [tensor], "kwargs": {}}]},
    ]
    config = {"name": "net", "layers": layers, "input_layers": [["input", 0, 0]], "output_layers": [["dense", 0, 0]]}
    return {**model, "class_name": "Functional", "config": config}


def fill(file: h5py.File) -> h5py.File:
    """Write the weights of the model."""
    file["layers/dense/vars/0"] = KERNEL
    file["layers/dense/vars/1"] = BIAS
    file["layers/dense/vars"].attrs["name"] = "dense"
    file.create_group("vars").attrs["name"] = "net"
    return file


def weights(change: Callable[[h5py.File], Any] | None = None) -> bytes:
    """Return the contents of a file of weights, with a change."""
    contents = io.BytesIO()
    with h5py.File(contents, "w") as file:
        fill(file)
        if change is not None:
            change(file)
    return contents.getvalue()


def parts(config: Any = None, weights_file: bytes | None = None) -> dict[str, bytes]:
    """Return the parts of the file of a model, by name."""
    text = config if isinstance(config, bytes) else json.dumps(sequential(dense()) if config is None else config)
    return {
        METADATA: json.dumps({"keras_version": "3.15.1", "date_saved": "2026-01-01@00:00:00"}).encode(),
        CONFIG: text if isinstance(text, bytes) else text.encode(),
        WEIGHTS: weights() if weights_file is None else weights_file,
    }


def archive(directory: Path, contents: dict[Any, bytes] | None = None, packed: int = zipfile.ZIP_STORED) -> Path:
    """Write the file of a model; names may be strings or `ZipInfo`."""
    path = directory / "model.keras"
    with zipfile.ZipFile(path, "w", packed) as file:
        for name, content in (parts() if contents is None else contents).items():
            file.writestr(name, content)
    return path


def deflated(size: int) -> bytes:
    """Return a stream of DEFLATE that unpacks to so many spaces, a multiple of a megabyte."""
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(b" " * 2**20) + packer.flush(zlib.Z_FULL_FLUSH)  # after which all begins anew
    return block * (size // 2**20) + packer.flush()


@case(None)
def a_right_model(directory: Path, outside: Path) -> Path:
    return archive(directory)


@case(None)
def a_right_functional_model(directory: Path, outside: Path) -> Path:
    return archive(directory, parts(functional()))


@case(None, "load_weights")
def right_weights(directory: Path, outside: Path) -> Path:
    path = directory / "right.weights.h5"
    path.write_bytes(weights())
    return path


@case(None, "model_from_json")
def a_right_config(directory: Path, outside: Path) -> str:
    return json.dumps(sequential(dense()))
