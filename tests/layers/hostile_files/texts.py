"""JSON that is none, or more than a reader of JSON bears."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hostile_files.case import CASES, Case, archive, dense, functional, parts, sequential
from hostile_files.configs import EVAL, LAMBDA, SYSTEM, UNKNOWN

NO_JSON = "is not JSON that can be read"


def of_text(name: str, text: str | bytes, says: str | None) -> None:
    """Register a config that is a text: in the file of a model, and for `model_from_json` if it is one."""

    def in_a_file(directory: Path, outside: Path) -> Path:
        return archive(directory, parts(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")))

    CASES[name] = Case(name, in_a_file, says)
    if isinstance(text, str):
        own = f"{name}_alone"
        CASES[own] = Case(own, lambda directory, outside: text, says, "model_from_json")


RIGHT = json.dumps(sequential(dense()))
of_text("json_of_depth_100000", "[" * 100_000 + "]" * 100_000, NO_JSON)
of_text("json_of_dicts_of_depth_100000", '{"a":' * 100_000 + "1" + "}" * 100_000, NO_JSON)
of_text(
    "json_in_a_config_of_depth_900",
    RIGHT.replace('"units": 2', '"units": ' + "[" * 900 + "]" * 900),
    "units|recursion|JSON|made",
)
of_text("json_of_a_million_digits", RIGHT.replace('"units": 2', '"units": ' + "1" * 10**6), NO_JSON)
of_text("json_with_nan", RIGHT.replace('"units": 2', '"units": NaN'), "units|made into a model")
of_text("json_with_a_name_twice", RIGHT.replace('"units": 2', '"units": 2, "units": 2'), None)
of_text("json_with_a_class_twice", RIGHT[:-1] + ', "class_name": "system", "module": "os"}', UNKNOWN)
of_text("json_cut_short", RIGHT[:-20], NO_JSON)
of_text("json_that_goes_on", RIGHT + RIGHT, NO_JSON)
of_text("json_of_nothing", "", NO_JSON)
of_text("json_of_null", "null", "not of a model")
of_text("json_of_a_number", "3", "not of a model")
of_text("json_of_text", '"Sequential"', "not of a model")
of_text("json_of_a_list", "[]", "not of a model")
of_text("json_of_an_empty_dict", "{}", "not of a model")
of_text("json_of_a_layer", json.dumps(dense()), "not of a model|Dense|not built|file")
of_text("json_with_a_lone_surrogate", '"\\ud800"', "not of a model")
of_text("json_of_bytes_that_are_not_utf_8", b"\xff\xfe\xfa", NO_JSON)
of_text("json_in_utf_16", RIGHT.encode("utf-16"), None)
of_text("json_of_python", "__import__('os').system('touch pwned')", NO_JSON)
of_text("json_of_a_million_layers", json.dumps(sequential(*[3] * 10**6)), "made into a model|layer|config")
of_text("json_of_ten_million_spaces", " " * 10**7, NO_JSON)


def of_data(name: str, data: Any, says: str | None) -> None:
    """Register data that is deserialized by itself."""
    CASES[name] = Case(name, lambda directory, outside: json.dumps(data), says, "deserialize")


SLICE = {"class_name": "__slice__", "config": {"start": SYSTEM, "stop": None, "step": None}}
of_data("data_os_system", SYSTEM, UNKNOWN)
of_data("data_eval", EVAL, UNKNOWN)
of_data("data_a_lambda", LAMBDA, "a lambda: code")
of_data("data_in_a_slice", SLICE, UNKNOWN)
of_data("data_in_lists", [[[SYSTEM]]], UNKNOWN)
of_data("data_in_a_dict", {"a": {"b": SYSTEM}}, UNKNOWN)
for number, (key, value) in enumerate(
    [("module", 3), ("module", ["keras"]), ("module", {"a": 1}), ("registered_name", 3), ("registered_name", ["x"]),
     ("registered_name", {}), ("config", 3), ("config", None), ("config", [1]), ("build_config", 3), ("build_config", [1]),
     ("build_config", {"a": 1}), ("compile_config", 3), ("module", "a." * 10**6), ("class_name", "x" * 10**6),
     ("registered_name", ">" * 10**6)]
):  # fmt: skip
    says = None if key in ("compile_config",) else "Dense|xxx|class|config|name"
    of_data(f"data_{key}_{number}", {**dense(), key: value}, says)
for tag, config in {
    "numpy": {"value": [[1], [1, 2]], "dtype": "float32"}, "tensor": {"value": "touch", "dtype": "object"},
    "bytes": {"value": 3}, "slice": {}, "lambda": {},
}.items():  # fmt: skip
    of_data(f"data_tag_{tag}", {"class_name": f"__{tag}__", "config": config}, f"{tag}|array")
    of_data(f"data_tag_{tag}_of_nothing", {"class_name": f"__{tag}__", "config": None}, tag)
of_data(
    "data_tag_numpy_of_objects",
    {"class_name": "__numpy__", "config": {"value": [SYSTEM], "dtype": "object"}},
    "numpy|dtype",
)
of_data(
    "data_a_tensor_of_a_graph", {"class_name": "__keras_tensor__", "config": {"keras_history": ["a", 0, 0]}}, "tensor"
)
of_data("data_functional_graph", functional()["config"]["layers"], None)
