"""Configs that name what is to be run, or that are not what a config is."""

from __future__ import annotations

import base64
import json
import marshal
import pickle
from pathlib import Path
from typing import Any

from hostile_files.case import CASES, Case, archive, at_path, dense, functional, parts, sequential

CONFIGS: dict[str, tuple[Any, str | None]] = {}  # with what is to be said of them
UNKNOWN = "names a (class|function) that is not known here: "


def of_config(name: str, config: Any, says: str | None) -> None:
    """Register the file of a model with a config."""

    def make(directory: Path, outside: Path) -> Path:
        return archive(directory, parts(config))

    assert name not in CASES, name
    CONFIGS[name] = (config, says)
    CASES[name] = Case(name, make, says)


def pwned(module: Any, class_name: Any, registered_name: Any = None, **config: Any) -> dict[str, Any]:
    """Return the data of an object that, made as it says, would run a command or read a file."""
    arguments = {
        "command": "touch pwned",
        "source": "__import__('os').system('touch pwned')",
        "args": ["touch", "pwned"],
    }
    data = {"module": module, "class_name": class_name, "config": config or arguments}
    return {**data, "registered_name": registered_name}


of_config("a_class_that_is_not_known", sequential(pwned("acme.layers", "Scaler", "acme>Scaler")), UNKNOWN + "acme")

# What is named, as a layer.
for module, class_name in [
    ("os", "system"), ("posix", "system"), ("builtins", "eval"), ("builtins", "exec"), ("builtins", "__import__"),
    ("builtins", "open"), ("subprocess", "Popen"), ("importlib", "import_module"), ("pickle", "loads"),
    ("ctypes", "CDLL"), ("webbrowser", "open"), ("runpy", "run_path"), ("timeit", "timeit"), ("code", "InteractiveConsole"),
    ("numpy", "load"), ("numpy.f2py", "main"), ("kcore_layers.serialization.objects", "os"), ("kcore_layers.files", "os"),
    ("keras.src.utils.file_utils", "get_file"), ("keras.utils", "get_file"), ("antigravity", "fly"), ("this", "s"),
    ("kcore_train.callbacks.lambda_callback", "exec"), ("", "os.system"), ("os.system", "__call__"), (".", "system"),
]:  # fmt: skip
    place = f"{module}_{class_name}".replace(".", "_")
    of_config(f"layer_{place}", sequential(pwned(module, class_name)), UNKNOWN + rf".*{class_name}")

# Where it is named.
SYSTEM = pwned("os", "system")
EVAL = {"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "function"}
says = {
    "a_policy": "no class system of dtype policies",
    "an_argument_that_is_not_known": "units can not be",
    "the_config_of_a_config": "Dense can not be made of the config",
}
BUILTIN = {"module": "builtins", "class_name": "builtin_function_or_method", "config": "exec", "registered_name": None}
for name, found in {
    "the_model": SYSTEM,
    "the_model_as_a_function": EVAL,
    "a_layer_in_a_wrapper": sequential(
        {
            "module": "keras.layers",
            "class_name": "TimeDistributed",
            "config": {"layer": SYSTEM},
            "registered_name": None,
        }
    ),
    "an_initializer": sequential(dense(kernel_initializer=SYSTEM)),
    "an_initializer_as_a_function": sequential(dense(kernel_initializer=EVAL)),
    "a_regularizer": sequential(dense(kernel_regularizer=SYSTEM)),
    "a_constraint": sequential(dense(bias_constraint=SYSTEM)),
    "an_activation": sequential(dense(activation=SYSTEM)),
    "an_activation_as_a_function": sequential(dense(activation=EVAL)),
    "an_activation_as_a_built_in": sequential(dense(activation=BUILTIN)),
    "a_policy": sequential(dense(dtype=SYSTEM)),
    "an_argument_that_is_not_known": sequential(dense(units=SYSTEM)),
    "the_config_of_a_config": sequential({**dense(), "config": SYSTEM}),
    "arguments_of_a_lambda": sequential(
        {"module": "keras.layers", "class_name": "Lambda", "config": {"function": EVAL, "arguments": {"x": SYSTEM}}}
    ),
    "a_call": at_path(functional(), ("config", "layers", 1, "inbound_nodes", 0, "kwargs"), {"training": SYSTEM}),
    "a_build_config": sequential({**dense(), "build_config": {"input_shape": SYSTEM}}),
}.items():
    of_config(f"in_{name}", found, says.get(name, UNKNOWN))
for name, options in {
    "an_optimizer": {"optimizer": SYSTEM, "loss": "mse"},
    "a_loss": {"optimizer": "sgd", "loss": SYSTEM},
    "a_loss_as_a_function": {"optimizer": "sgd", "loss": EVAL},
    "metrics": {"optimizer": "sgd", "loss": "mse", "metrics": [[SYSTEM]]},
    "loss_weights": {"optimizer": "sgd", "loss": "mse", "loss_weights": SYSTEM},
}.items():
    of_config(f"in_{name}", sequential(dense(), compile_config=options), UNKNOWN)

for name, registered in {
    "os_system": "os>system", "eval": "eval", "dotted": "os.system>x", "ours_by_another_name": "Custom>Dense",
    "a_component": "trainer>Dense",
}.items():  # fmt: skip
    says = UNKNOWN if "ours" not in name and "component" not in name else "is registered as .*, which is not known here"
    data = pwned("os", "system", registered) if says == UNKNOWN else {**dense(), "registered_name": registered}
    of_config(f"registered_as_{name}", sequential(data), says)

# Code.
CODE = base64.b64encode(marshal.dumps(compile("__import__('os').system('touch pwned')", "<x>", "eval"))).decode()
LAMBDA = {"class_name": "__lambda__", "config": {"value": [CODE, None, None]}}
PICKLE = base64.b64encode(pickle.dumps(print)).decode()


def native(class_name: str, **config: Any) -> dict[str, Any]:
    return {"module": "keras.layers", "class_name": class_name, "config": config, "registered_name": None}


LAMBDAS = "a lambda: code, which is not run in safe mode"
of_config("a_lambda_layer", sequential(native("Lambda", function=LAMBDA)), LAMBDAS)
of_config(
    "a_lambda_for_a_shape", sequential(native("Lambda", function=EVAL, output_shape=LAMBDA)), f"{LAMBDAS}|{UNKNOWN}"
)
of_config("a_lambda_for_a_mask", sequential(native("Lambda", function="relu", mask=LAMBDA)), LAMBDAS)
of_config("a_lambda_among_arguments", sequential(native("Lambda", function="relu", arguments={"x": LAMBDA})), LAMBDAS)
of_config("a_lambda_for_an_activation", sequential(dense(activation=LAMBDA)), LAMBDAS)
of_config("a_lambda_for_an_initializer", sequential(dense(kernel_initializer=LAMBDA)), LAMBDAS)
of_config("a_lambda_for_a_loss", sequential(dense(), compile_config={"optimizer": "sgd", "loss": LAMBDA}), LAMBDAS)
of_config("a_lambda_in_a_jax_layer", sequential(native("JaxLayer", call_fn=LAMBDA, init_fn=None)), LAMBDAS)
of_config("a_lambda_as_the_model", LAMBDA, LAMBDAS)
of_config("a_function_in_a_jax_layer", sequential(native("JaxLayer", call_fn=EVAL, init_fn=None)), UNKNOWN)
of_config(
    "a_lambda_that_calls_itself_safe",
    sequential(native("Lambda", function=LAMBDA, safe_mode=False)),
    LAMBDAS,
)
of_config(
    "a_function_with_a_source", sequential(native("Lambda", function="lambda x: x")), "'lambda x: x'|not a function"
)
of_config("a_pickled_module", sequential(native("TorchModuleWrapper", module=PICKLE)), "a pickled module: code")
of_config("a_module_that_is_none", sequential(native("TorchModuleWrapper", module=None)), "no modules|not .*module")
of_config("a_module_that_is_a_dict", sequential(native("TorchModuleWrapper", module={"x": 1})), "modules|dict")

SAVED = {"filepath": "/etc", "call_endpoint": "serve", "name": "dense"}
PROGRAM = "a SavedModel, which is a program: code, which is not run in safe mode"
of_config("a_saved_model", sequential(native("TFSMLayer", **SAVED)), PROGRAM)
of_config(
    "a_saved_model_in_a_wrapper", sequential(native("TimeDistributed", layer=native("TFSMLayer", **SAVED))), PROGRAM
)
of_config("a_saved_model_as_the_model", native("TFSMLayer", **SAVED), PROGRAM)
of_config("a_saved_model_that_calls_itself_safe", sequential(native("TFSMLayer", **SAVED, safe_mode=False)), PROGRAM)

# Policies.
DTYPES = "dtype|policy|Policy"
for name, policy in {
    "os_system": {"module": "os", "class_name": "system", "config": {"name": "float32"}, "registered_name": None},
    "no_name": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "evil"}, "registered_name": None},
    "a_name_of_many_characters": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "f" * 10**6}},
    "a_quantized_one": "int8_from_float32",
    "a_list": ["float32"],
    "a_dict": {},
    "a_map_that_leads_round": {"module": "keras.dtype_policies", "class_name": "DTypePolicyMap", "config": {
        "default_policy": {"module": "keras.dtype_policies", "class_name": "DTypePolicyMap", "config": {}},
        "policy_map": {"(.*)*": "evil"}}},
    "a_class_of_another_kind": dense(),
}.items():  # fmt: skip
    of_config(f"a_policy_that_is_{name}", sequential(dense(dtype=policy)), DTYPES + f"|{UNKNOWN}")

# Values where others belong.
for name, units in {
    "zero": 0, "negative": -1, "of_text": "2", "true": True, "none": None, "a_list": [2], "a_dict": {"a": 1}, "half": 2.5,
    "not_a_number": float("nan"), "infinite": float("inf"), "of_a_million_digits": 10**4000, "beyond_memory": 10**12,
    "beyond_int64": 2**63, "beyond_what_is_allowed": 2**30,
}.items():  # fmt: skip
    of_config(f"units_{name}", sequential(dense(units=units)), "units|memory|made into a model")
for name, shape in {
    "a_number": 3, "text": "3", "negative": [None, -3], "of_text": [None, "3"], "huge": [None, 2**62], "nested": [[None, 3]],
    "fractional": [None, 3.5], "of_many_axes": [None] + [1] * 5000, "a_dict": {"a": 1},
}.items():  # fmt: skip
    broken = at_path(sequential(dense()), ("config", "layers", 0, "config", "batch_shape"), shape)
    of_config(f"an_input_shape_that_is_{name}", broken, "shape|size|axes|made into a model|memory")

# Names.
for name, given in {
    "with_slashes": "../../../outside/x", "of_a_method": "__class__", "of_an_attribute": "call", "empty": "",
    "with_escapes": "\x1b[31mred\x07", "with_a_null": "a\0b", "of_a_million_characters": "n" * 10**6, "a_number": 3,
    "a_list": ["a"], "of_a_surrogate": "\ud800", "of_its_neighbour": "input",
}.items():  # fmt: skip
    says = "name" if name in ("with_slashes", "a_number", "a_list") else None
    of_config(f"a_name_{name}", sequential(dense(name=given)), says)
for name, key in {
    "self": "self", "class": "__class__", "init": "__init__", "dict": "__dict__", "call": "call", "build": "build",
    "kernel": "kernel", "ours": "_kcore_backend", "weights": "weights", "name_twice": "trainable_variables",
}.items():  # fmt: skip
    says = "takes no|no argument|unexpected|made into a model|argument"
    of_config(f"an_argument_{name}", sequential(dense(**{key: "touch pwned"})), says)
of_config("keys_that_clobber_the_model", at_path(sequential(dense()), ("config", "call"), EVAL), None)
of_config("a_build_config_of_text", sequential({**dense(), "build_config": "all"}), "build|made into a model")
of_config("a_compile_config_of_text", sequential(dense(), compile_config="all"), "compil|made into a model")
of_config(
    "a_compile_config_that_clobbers", sequential(dense(), compile_config={"self": 1, "model": 2}), "argument|compil"
)

# Objects that are shared.
SHARED = {"shared_object_id": 1}
of_config("a_shared_id_of_two_classes", sequential({**dense(), **SHARED}, {**native("Flatten"), **SHARED}), None)
of_config("a_shared_id_of_the_model_itself", sequential({**sequential(dense()), **SHARED}, **SHARED), "entr|fit|built")
of_config("a_shared_id_that_is_a_list", sequential({**dense(), "shared_object_id": [1]}), None)
of_config(
    "a_shared_layer_twice", sequential({**dense(), **SHARED}, {**dense(), **SHARED}), "dense|entr|shape|made into"
)

# Graphs.
OUTPUT = {"class_name": "__keras_tensor__", "config": {"keras_history": ["dense", 0, 0]}}
for name, path, value in [
    ("of_a_layer_that_takes_its_own_output", ("layers", 1, "inbound_nodes", 0, "args"), [OUTPUT]),
    (
        "of_a_layer_that_is_not_there",
        ("layers", 1, "inbound_nodes", 0, "args", 0, "config", "keras_history"),
        ["x", 0, 0],
    ),
    (
        "of_a_call_that_is_not_there",
        ("layers", 1, "inbound_nodes", 0, "args", 0, "config", "keras_history"),
        ["input", 9, 0],
    ),
    ("of_a_negative_call", ("layers", 1, "inbound_nodes", 0, "args", 0, "config", "keras_history"), ["input", -1, 0]),
    ("of_a_huge_call", ("layers", 1, "inbound_nodes", 0, "args", 0, "config", "keras_history"), ["input", 10**30, 0]),
    ("of_a_history_of_text", ("layers", 1, "inbound_nodes", 0, "args", 0, "config", "keras_history"), "input"),
    ("of_nodes_that_are_text", ("layers", 1, "inbound_nodes"), "all"),
    ("of_keyword_arguments_that_clobber", ("layers", 1, "inbound_nodes", 0, "kwargs"), {"self": 1, "inputs": 2}),
    ("of_outputs_that_are_not_there", ("output_layers",), [["nowhere", 0, 0]]),
    ("of_no_outputs", ("output_layers",), []),
    ("of_no_layers", ("layers",), []),
    ("of_layers_that_are_a_number", ("layers",), 3),
    ("of_two_layers_of_one_name", ("layers", 1, "name"), "input"),
]:
    of_config(
        f"a_graph_{name}", at_path(functional(), ("config", *path), value), "made into a model|graph|argument|model"
    )


def _nested(depth: int) -> Any:
    data = dense()
    for i in range(depth):
        data = {**sequential(data), "config": {"name": f"net_{i}", "layers": [data]}}
    return data


of_config("models_in_models", _nested(60), "made into a model|do not fit|not built|entr|recursion")
of_config("lists_in_lists", sequential(dense(units=json.loads("[" * 400 + "]" * 400))), "units|made into a model|list")
