"""Every public name of Keras is there, and takes what Keras's takes; every class has the members of Keras's."""

from __future__ import annotations

import importlib
import inspect
import re
from fnmatch import fnmatchcase

import pytest
from kcore_train.optimizers import Optimizer
from surface_left_out import LEFT_OUT, NAMESPACES_LEFT_OUT

# With the least number of names that Keras is known to have there; "" is the root.
NAMESPACES = {
    "": 20,
    "activations": 30,
    "backend": 9,
    "callbacks": 15,
    "config": 20,
    "constraints": 9,
    "dtype_policies": 9,
    "export": 1,
    "initializers": 30,
    "layers": 150,
    "losses": 40,
    "metrics": 60,
    "mixed_precision": 7,
    "models": 6,
    "ops": 300,
    "ops.image": 9,
    "ops.linalg": 9,
    "ops.nn": 40,
    "ops.numpy": 200,
    "optimizers": 15,
    "optimizers.schedules": 7,
    "preprocessing": 3,
    "preprocessing.image": 5,
    "preprocessing.sequence": 1,
    "quantizers": 15,
    "random": 9,
    "regularizers": 9,
    "saving": 9,
    "tree": 9,
    "utils": 35,
    "utils.bounding_boxes": 9,
    "visualization": 5,
    "wrappers": 3,
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


def module_of(package, namespace):
    return importlib.import_module(f"{package}.{namespace}" if namespace else package)


def faults_of(namespace):
    """Say what of a namespace of Keras's kcore has not, or has otherwise, by what an entry of LEFT_OUT may name."""
    theirs, ours = module_of("keras", namespace), module_of("kcore", namespace)
    names = names_of(theirs)
    assert len(names) >= NAMESPACES[namespace], "Keras's names were not found"
    faults = {}
    for name in names:
        place = f"{namespace}.{name}".lstrip(".")
        if not hasattr(ours, name):
            faults[place] = "is missing"
            continue
        other, own = getattr(theirs, name), getattr(ours, name)
        faults |= {f"{place}({parameter})": fault for parameter, fault in differences(other, own)}
        if not inspect.isclass(other):
            continue
        for member in [member for member in dir(other) if not member.startswith("_")]:
            if hasattr(own, member):
                found = getattr(other, member)
                if callable(found) and not inspect.isclass(found):
                    faults |= {
                        f"{place}.{member}({parameter})": fault
                        for parameter, fault in differences(found, getattr(own, member))
                    }
            elif member not in parameters(own) and member not in declared(own):
                faults[f"{place}.{member}"] = "is missing"
    return faults


def declared(cls):
    """The attributes that a class says each of its instances has."""
    return {name for each in cls.__mro__ for name in each.__dict__.get("__annotations__", ())}


def is_left_out(place):
    return any(fnmatchcase(place, entry.replace("[", "[[]")) for entry in LEFT_OUT)


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_every_name_and_member_is_there_and_takes_what_keras_takes(keras, backend, namespace):
    faults = [f"{place} {fault}" for place, fault in faults_of(namespace).items() if not is_left_out(place)]
    assert not faults, "not as in Keras, and not in surface_left_out.py:\n" + "\n".join(faults)


def test_every_entry_of_what_is_left_out_is_needed(keras, backend):
    places = [place for namespace in NAMESPACES for place in faults_of(namespace)]
    there = [entry for entry in LEFT_OUT if not any(fnmatchcase(place, entry) for place in places)]
    assert not there, f"as in Keras: take it out of surface_left_out.py: {there}"


def test_every_module_of_keras_is_compared_or_left_out_for_a_reason(keras):
    modules = {name for name in dir(keras) if inspect.ismodule(getattr(keras, name)) and not name.startswith("_")}
    assert modules - {"src"} - set(NAMESPACES) - set(NAMESPACES_LEFT_OUT) == set()
    # The namespaces inside are those that are listed.
    inner = {
        f"{outer}.{name}"
        for outer in set(NAMESPACES) - {""}
        for name in dir(module_of("keras", outer))
        if inspect.ismodule(getattr(module_of("keras", outer), name)) and not name.startswith("_")
    }
    assert inner - set(NAMESPACES) - set(NAMESPACES_LEFT_OUT) == set()


def differences(theirs, ours):
    """Say which of Keras's parameters are not taken, are elsewhere, or have another default, by their names."""
    given, taken = parameters(theirs), parameters(ours)
    if given is None or taken is None:
        return []
    names = list(taken)
    kinds = {parameter.kind for parameter in taken.values()}
    takes_any = {inspect.Parameter.VAR_POSITIONAL} <= kinds
    found = []
    by_keyword = by_keyword_alone(ours)
    for position, (name, parameter) in enumerate(given.items()):
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        name, _ = OTHER_NAMES.get((getattr(theirs, "__name__", ""), name), (name, ""))
        if name not in taken:
            if not takes_any:
                found.append((name, f"is not taken, but {', '.join(names)}"))
            continue
        if parameter.kind is not parameter.POSITIONAL_OR_KEYWORD:
            pass
        elif name in by_keyword:
            if taken[name].kind is not parameter.KEYWORD_ONLY:
                found.append((name, "is taken by place: take it out of BY_KEYWORD_ALONE"))
        elif names[position] != name or taken[name].kind is not parameter.POSITIONAL_OR_KEYWORD:
            found.append((name, f"is at place {names.index(name)} in place of {position}"))
        if parameter.default is not parameter.empty and not is_same(taken[name].default, parameter.default):
            found.append((name, f"is {taken[name].default!r} by default in place of {parameter.default!r}"))
    return found


def is_same(own, other):
    """Whether two defaults mean the same: a number for all axes is that number for each."""
    if isinstance(other, tuple) and isinstance(own, int):
        return set(other) == {own}
    return re.sub(r" at 0x\w+", "", repr(own)) == re.sub(r" at 0x\w+", "", repr(other))


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
        of_new = inspect.isclass(function) and "__new__" in vars(function)
        found = dict(inspect.signature(function.__init__ if of_new else function).parameters)
        if of_new:
            del found["self"]
    except (TypeError, ValueError):
        return None
    annotation = str(found["kwargs"].annotation) if "kwargs" in found else ""
    if "OptimizerOptions" in annotation:  # which types and editors see the names in
        options = inspect.signature(Optimizer).parameters
        for name in OF_EVERY_OPTIMIZER:
            found.setdefault(name, options[name].replace(kind=inspect.Parameter.KEYWORD_ONLY))
    return found
