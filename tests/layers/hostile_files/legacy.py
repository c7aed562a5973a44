"""Files of whole models, `.h5`: configs in attributes, and lists of names that lead to datasets."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from hostile_files.case import BIAS, KERNEL, case, dense, sequential
from hostile_files.configs import CODE, CONFIGS, EVAL, LAMBDAS, SYSTEM, UNKNOWN
from hostile_files.hdf5 import LINK, secret


def legacy(config: Any = None, change: Callable[[h5py.File], Any] | None = None, version: str = "3.15.1") -> bytes:
    """Return the contents of the file of a model, with a config and a change."""
    contents = io.BytesIO()
    text = config if isinstance(config, str) else json.dumps(sequential(dense()) if config is None else config)
    with h5py.File(contents, "w", libver="latest") as file:
        file.attrs["model_config"] = text
        file.attrs["keras_version"] = version
        names(file.create_group("model_weights"), "layer_names", ["input", "dense"])
        names(file.create_group("model_weights/input"), "weight_names", [])
        names(file.create_group("model_weights/dense"), "weight_names", ["net/dense/kernel", "net/dense/bias"])
        file["model_weights/dense/net/dense/kernel"] = KERNEL
        file["model_weights/dense/net/dense/bias"] = BIAS
        if change is not None:
            change(file)
    return contents.getvalue()


def names(group: h5py.Group, name: str, texts: list[Any]) -> None:
    if name in group.attrs:
        del group.attrs[name]
    group.attrs.create(name, np.array(texts, object), (len(texts),), h5py.string_dtype())


def of_legacy(name: str, says: str | None, make: Callable[[Path], bytes], also_weights: bool = False) -> None:
    def write(directory: Path, outside: Path) -> Path:
        path = directory / "model.h5"
        path.write_bytes(make(outside))
        return path

    case(says, name=f"legacy_{name}")(write)
    if also_weights:
        case(says, "load_weights", name=f"legacy_{name}_weights")(write)


def of_change(name: str, says: str | None, change: Callable[[h5py.File], Any]) -> None:
    """Register a file with something else than the config changed: as a model, and as weights."""
    of_legacy(name, says, lambda outside: legacy(change=change), also_weights=True)


of_legacy("that_is_right", None, lambda outside: legacy(), also_weights=True)
for name, (config, says) in CONFIGS.items():
    if says is not None and (says.startswith(UNKNOWN) or LAMBDAS in says or "pickled" in says):
        of_legacy(name, f"{says}|names a (class|function)", lambda outside, config=config: legacy(config))

# Keras 2 had lambdas as code, and functions by the names of modules.
OLD_INPUT = {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 3], "name": "input"}}


def old(**config: Any) -> str:
    layers = [OLD_INPUT, {"class_name": "Lambda", "config": {"name": "dense", **config}}]
    return json.dumps({"class_name": "Sequential", "config": {"name": "net", "layers": layers}})


NO_CODE = "code, which is not run|names a (class|function) that is not known|is not a function|Lambda"
for name, config in {
    "a_lambda": {"function": [CODE, None, None], "function_type": "lambda", "module": "__main__"},
    "a_function_of_a_module": {"function": "system", "function_type": "function", "module": "os"},
    "a_function_of_builtins": {"function": "eval", "function_type": "function", "module": "builtins"},
    "a_raw_function": {"function": "__import__('os').system('touch pwned')", "function_type": "raw"},
    "a_lambda_for_a_shape": {"function": "relu", "output_shape": [CODE, None, None], "output_shape_type": "lambda"},
    "a_lambda_for_a_mask": {"function": "relu", "mask": [CODE, None, None], "mask_type": "lambda"},
}.items():  # fmt: skip
    of_legacy(f"of_keras_2_{name}", NO_CODE, lambda outside, config=config: legacy(old(**config), version="2.13.1"))
of_legacy("of_keras_2_a_command", "os.system|system", lambda outside: legacy(
    json.dumps({"class_name": "Sequential", "config": [{"class_name": "os.system", "config": {"command": "touch pwned"}}]}), version="2.2.4"))  # fmt: skip
of_legacy("of_keras_2_a_function_of_tensorflow", "TensorFlow", lambda outside: legacy(json.dumps({"class_name": "Sequential", "config": {
    "layers": [OLD_INPUT, {"class_name": "TFOpLambda", "config": {"name": "dense", "function": "io.write_file"}}]}}), version="2.13.1"))  # fmt: skip

# Texts in attributes.
for name, (value, says) in {
    "a_number": (3, "no text"), "a_list": ([1, 2], "no text"), "nothing": (h5py.Empty("i4"), "no text"),
    "no_json": ("{", "not JSON"), "a_million_digits": ("1" * 10**6, "not JSON"), "depth_100000": ("[" * 10**5, "not JSON"),
    "texts": (["{", "}"], "no text"), "bytes_that_are_no_utf_8": (np.bytes_(b"\xff\xfe"), "not UTF-8"),
    "a_list_of_data": ("[1]", "not the data of a model"), "null": ("null", "not the data of a model"),
}.items():  # fmt: skip
    for attribute in ("model_config", "training_config"):
        says = says if attribute == "model_config" else says.replace("not the data of a model", "training_config")

        def change(file: h5py.File, attribute: str = attribute, value: Any = value) -> None:
            file.attrs[attribute] = value

        of_legacy(f"with_{attribute}_of_{name}", says, lambda outside, change=change: legacy(change=change))


@lambda change: of_legacy("with_a_config_that_is_a_reference", "no text", lambda outside: legacy(change=change))
def _reference(file: h5py.File) -> None:
    del file.attrs["model_config"]
    file.attrs.create("model_config", file["model_weights"].ref, dtype=h5py.ref_dtype)


@lambda change: of_legacy(
    "without_a_config", "no config of a model, only weights", lambda outside: legacy(change=change)
)
def _without(file: h5py.File) -> None:
    del file.attrs["model_config"]


for name, options in {
    "an_optimizer": {"optimizer_config": {"class_name": "system", "module": "os", "config": {}, "registered_name": None}, "loss": "mse"},
    "a_loss": {"optimizer_config": {"class_name": "SGD", "config": {}}, "loss": SYSTEM},
    "a_loss_as_a_function": {"optimizer_config": {"class_name": "SGD", "config": {}}, "loss": EVAL},
    "metrics": {"optimizer_config": {"class_name": "SGD", "config": {}}, "loss": "mse", "metrics": [SYSTEM]},
}.items():  # fmt: skip

    def compiled(file: h5py.File, options: Any = options) -> None:
        file.attrs["training_config"] = json.dumps(options)

    of_legacy(f"compiled_with_{name}", "system|eval", lambda outside, change=compiled: legacy(change=change))

# Lists of names.
NO_LIST = "no list of texts|has no layer_names|has no weight_names"
LISTED = "has no group .*, which layer_names lists|there is no .*, whose weight_names list it|is twice in|layers with weights in the file"
for name, texts in {
    "above": ["input", "../dense"], "at_the_root": ["input", "/model_weights/dense"], "of_dots": ["input", "./dense"],
    "empty": ["input", ""], "of_one_twice": ["dense", "dense"], "that_are_not_there": ["input", "pwned"],
    "of_a_dataset": ["input", "dense/net/dense/kernel"], "with_escapes": ["input", "\x1b[31mred"], "with_slashes": ["input", "dense//net"],
    "long": ["n" * 10**5], "none": [], "of_the_top": ["input", "top_level_model_weights"],
}.items():  # fmt: skip
    of_change(
        f"layer_names_{name}", LISTED, lambda file, texts=texts: names(file["model_weights"], "layer_names", texts)
    )
for name, texts in {
    "above": ["../../x", "net/dense/bias"], "at_the_root": ["/model_weights/dense/net/dense/kernel", "net/dense/bias"],
    "empty": ["", "net/dense/bias"], "of_one_twice": ["net/dense/bias"] * 2, "of_a_group": ["net/dense", "net/dense/bias"],
    "that_are_not_there": ["pwned", "net/dense/bias"], "of_dots": ["net/./dense/kernel", "net/dense/bias"],
    "with_escapes": ["\x1b[31mred", "\x07"],
}.items():  # fmt: skip
    of_change(
        f"weight_names_{name}",
        LISTED,
        lambda file, texts=texts: names(file["model_weights/dense"], "weight_names", texts),
    )
for name, value in {
    "a_number": 3,
    "numbers": [1, 2],
    "a_text": "dense",
    "nothing": h5py.Empty("S3"),
    "a_table": [["a"], ["b"]],
}.items():

    def listed(file: h5py.File, value: Any = value) -> None:
        file["model_weights"].attrs["layer_names"] = value

    of_change(f"layer_names_that_are_{name}", NO_LIST + "|has no group", listed)


def _parts(file: h5py.File, count: int, size: int) -> None:
    group = file["model_weights"]
    del group.attrs["layer_names"]
    for i in range(count):
        names(group, f"layer_names{i}", ["x"] * size)


of_change("layer_names_in_many_parts", "more than|is twice in|has no group", lambda file: _parts(file, 50, 3000))
of_change(
    "layer_names_of_200000", "more than", lambda file: names(file["model_weights"], "layer_names", ["x"] * 200_000)
)
of_change("layer_names_in_parts_of_none", "has no group|layers with weights", lambda file: _parts(file, 1000, 0))


# What is behind the names.
def _put(path: str, value: Any) -> Callable[[h5py.File], None]:
    def put(file: h5py.File) -> None:
        if path in file:
            del file[path]
        file[path] = value

    return put


KERNEL_PATH = "model_weights/dense/net/dense/kernel"
for name, path in {"a_dataset": KERNEL_PATH, "a_layer": "model_weights/dense", "all": "model_weights"}.items():
    of_legacy(f"with_an_external_link_for_{name}", LINK, lambda outside, path=path: legacy(
        change=_put(path, h5py.ExternalLink(str(secret(outside)), "/layers"))), also_weights=True)  # fmt: skip
    of_change(f"with_a_soft_link_for_{name}", LINK, _put(path, h5py.SoftLink("/nowhere")))
of_change("with_texts_for_numbers", "not numbers of a dtype", _put(KERNEL_PATH, "touch pwned"))
of_change("with_records_for_numbers", "not numbers of a dtype", _put(KERNEL_PATH, np.zeros(3, [("a", "f4")])))
of_change("with_other_sizes", "shape", _put(KERNEL_PATH, np.zeros((2, 3), "float32")))
of_change("of_a_format_of_tomorrow", "format", lambda file: file.attrs.update(kcore_format=99))
of_change("with_numbers_of_a_terabyte", "claims", lambda file: _huge(file))


def _huge(file: h5py.File) -> None:
    del file[KERNEL_PATH]
    file.create_dataset(KERNEL_PATH, (2**19, 2**19), "float32", chunks=(64, 64))


of_legacy("of_a_zip", "HDF5", lambda outside: b"PK\x03\x04" + bytes(100), also_weights=True)
of_legacy("of_nothing", "HDF5", lambda outside: b"", also_weights=True)
of_legacy("cut_short", "HDF5|damaged", lambda outside: legacy()[:3000], also_weights=True)
