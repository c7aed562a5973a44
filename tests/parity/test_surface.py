"""Every public name of Keras's tensor API, losses, metrics and optimizers is there, and takes what Keras's takes."""

from __future__ import annotations

import importlib
import inspect

import pytest
from kcore_train.optimizers import Optimizer

NAMESPACES = (
    "ops",
    "ops.image",
    "ops.linalg",
    "ops.nn",
    "ops.numpy",
    "random",
    "tree",
    "backend",
    "config",
    "dtype_policies",
    "losses",
    "metrics",
    "optimizers",
    "optimizers.schedules",
)
# Those whose classes are compared member by member.
WITH_MEMBERS = ("losses", "metrics", "optimizers", "optimizers.schedules")

# What is left out on purpose, with the reason.
LEFT_OUT = {
    "dtype_policies.AWQDTypePolicy": "quantization",
    "dtype_policies.GPTQDTypePolicy": "quantization",
    "dtype_policies.Int4DTypePolicy": "quantization",
    "dtype_policies.QuantizedDTypePolicy": "quantization",
    "dtype_policies.QuantizedFloat8DTypePolicy": "quantization",
}

# Parameters that are not at the place that Keras has them at, or go by another name, with the reason.
OF_EVERY_OPTIMIZER = (
    "weight_decay clipnorm clipvalue global_clipnorm use_ema ema_momentum ema_overwrite_frequency loss_scale_factor "
    "gradient_accumulation_steps name"
).split()
BY_KEYWORD_ALONE = {
    "optimizers": (OF_EVERY_OPTIMIZER, "what all optimizers take has no place that a reader would know"),
    "optimizers.Muon": (
        "exclude_layers exclude_embeddings muon_a muon_b muon_c adam_lr_ratio momentum ns_steps nesterov "
        "rms_rate".split(),
        "in Keras they come after what all optimizers take",
    ),
}
OTHER_NAMES = {
    ("build", "var_list"): ("variables", "Keras has that name in its base class, and the other in some of the rest"),
    ("update_step", "grad"): ("gradient", "Keras has that name in its base class, and the other in Adadelta"),
}


def names_of(module):
    return [name for name in dir(module) if not name.startswith("_") and not inspect.ismodule(getattr(module, name))]


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_every_name_is_there_and_takes_what_keras_takes(keras, namespace):
    theirs, ours = importlib.import_module(f"keras.{namespace}"), importlib.import_module(f"kcore.{namespace}")
    wanted = names_of(theirs)
    assert len(wanted) >= 9, "Keras's names were not found"
    faults = []
    for name in wanted:
        if f"{namespace}.{name}" in LEFT_OUT:
            assert not hasattr(ours, name), f"{namespace}.{name} is there: take it out of LEFT_OUT"
        elif not hasattr(ours, name):
            faults.append(f"{name} is missing")
        else:
            faults += [f"{name}: {fault}" for fault in differences(getattr(theirs, name), getattr(ours, name))]
    assert not faults, f"kcore.{namespace}:\n" + "\n".join(faults)


@pytest.mark.parametrize("namespace", WITH_MEMBERS)
def test_every_class_has_the_members_that_keras_s_has(keras, backend, namespace):
    theirs, ours = importlib.import_module(f"keras.{namespace}"), importlib.import_module(f"kcore.{namespace}")
    classes = [name for name in names_of(theirs) if inspect.isclass(getattr(theirs, name))]
    assert len(classes) >= 7, "Keras's classes were not found"
    faults = []
    for cls in classes:
        other, own = getattr(theirs, cls), getattr(ours, cls)
        for name in [name for name in dir(other) if not name.startswith("_")]:
            if not hasattr(own, name):
                # An argument of its making is an attribute of each instance.
                if name not in parameters(own):
                    faults.append(f"{cls}.{name} is missing")
            elif callable(getattr(other, name)) and not inspect.isclass(getattr(other, name)):
                found = differences(getattr(other, name), getattr(own, name))
                faults += [f"{cls}.{name}: {fault}" for fault in found]
    assert not faults, f"kcore.{namespace}:\n" + "\n".join(faults)


def differences(theirs, ours):
    """Say which of Keras's parameters are not taken, or not at their place, or have another default."""
    given, taken = parameters(theirs), parameters(ours)
    if given is None or taken is None:
        return []
    names = list(taken)
    found = []
    by_keyword = by_keyword_alone(ours)
    for position, (name, parameter) in enumerate(given.items()):
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        name, _ = OTHER_NAMES.get((getattr(theirs, "__name__", ""), name), (name, ""))
        if name not in taken:
            found.append(f"takes no {name}; takes {', '.join(names)}")
            continue
        if parameter.kind is not parameter.POSITIONAL_OR_KEYWORD:
            pass
        elif name in by_keyword:
            if taken[name].kind is not parameter.KEYWORD_ONLY:
                found.append(f"takes {name} by place: take it out of BY_KEYWORD_ALONE")
        elif names[position] != name or taken[name].kind is not parameter.POSITIONAL_OR_KEYWORD:
            found.append(f"takes {name} at place {names.index(name)} in place of {position}")
        if parameter.default is not parameter.empty and repr(taken[name].default) != repr(parameter.default):
            found.append(f"{name} is {taken[name].default!r} by default in place of {parameter.default!r}")
    return found


def by_keyword_alone(ours):
    """Give the parameters that a class of optimizers takes by their names only, without those among its own."""
    if not (inspect.isclass(ours) and issubclass(ours, Optimizer) and ours is not Optimizer):
        return []
    own = inspect.signature(ours).parameters
    shared, _ = BY_KEYWORD_ALONE["optimizers"]
    more, _ = BY_KEYWORD_ALONE.get(f"optimizers.{ours.__name__}", ([], ""))
    return [*(name for name in shared if name not in own), *more]


def parameters(function):
    """Give the parameters of a function, or of a class's instances' making; None where Python can not tell."""
    try:
        found = dict(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return None
    annotation = str(found["kwargs"].annotation) if "kwargs" in found else ""
    if "OptimizerOptions" in annotation:  # which types and editors see the names in
        options = inspect.signature(Optimizer).parameters
        for name in OF_EVERY_OPTIMIZER:
            found.setdefault(name, options[name].replace(kind=inspect.Parameter.KEYWORD_ONLY))
    return found
