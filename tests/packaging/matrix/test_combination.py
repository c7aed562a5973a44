"""kcore with some of the backends, named by KCORE_EXPECTED_BACKENDS, in an environment with just those."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import itertools
import os
import subprocess
import sysconfig
from pathlib import Path
from typing import Any, NamedTuple

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops import config
from kcore_ops.backends import current, registry
from kcore_ops.command.main import main
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import BackendNotFound, MixedBackends

EXPECTED = [name for name in os.environ.get("KCORE_EXPECTED_BACKENDS", "").split(",") if name]
pytestmark = pytest.mark.skipif(not EXPECTED, reason="wants an environment with some of the backends: nox -s matrix")


class Framework(NamedTuple):
    """How tests meet a backend's framework."""

    distribution: str
    priority: int
    kind: str  # module:class of its tensors
    constructor: str  # module:function that makes one of an array

    def make(self, value: Any) -> Any:
        return resolve(self.constructor)(np.asarray(value))

    def is_own(self, x: Any) -> bool:
        return isinstance(x, resolve(self.kind))


ALL = {
    "numpy": Framework("kcore-backend-numpy", 10, "numpy:ndarray", "numpy:asarray"),
    "jax": Framework("kcore-backend-jax", 40, "jax:Array", "jax.numpy:asarray"),
    "torch": Framework("kcore-backend-torch", 30, "torch:Tensor", "torch:from_numpy"),
    "tensorflow": Framework("kcore-backend-tf", 20, "tensorflow:Tensor", "tensorflow:constant"),
}
ABSENT = [name for name in ALL if name not in EXPECTED]
DEFAULT = max(EXPECTED, key=lambda name: ALL[name].priority, default="")
# NumPy's arrays follow the tensors they come with: only other kinds can be mixed.
PAIRS = list(itertools.combinations([name for name in EXPECTED if name != "numpy"], 2))

for_each_backend = pytest.mark.parametrize("name", EXPECTED)
for_each_absent = pytest.mark.parametrize("name", ABSENT)
for_each_pair = pytest.mark.parametrize("pair", PAIRS, ids="+".join)


def resolve(reference: str) -> Any:
    module, _, attribute = reference.partition(":")
    return getattr(importlib.import_module(module), attribute)


def drawn(*shape: int) -> np.ndarray:
    return np.random.default_rng(7).normal(size=shape).astype("float32")


# Discovery.


def test_the_backends_found_are_those_installed():
    assert sorted(registry.backends()) == sorted(EXPECTED)
    assert [name for name, record in registry.backends().items() if not record.is_usable] == []


def test_each_backend_is_of_its_own_distribution():
    found = {name: record.distribution.split()[0] for name, record in registry.backends().items()}
    assert found == {name: ALL[name].distribution for name in EXPECTED}


def test_the_frameworks_of_absent_backends_are_not_here():
    assert [name for name in ABSENT if name != "numpy" and importlib.util.find_spec(name)] == []


def test_listing_backends_loads_no_framework(frameworks_after):
    assert frameworks_after("from kcore_ops.backends import registry; registry.backends(); import kcore") == set()


# The choice, and why.

CHOICE = (
    "from kcore_ops import config; from kcore_ops.backends import current; "
    "print(config.backend(), '|', current.reason())"
)


def test_the_highest_priority_is_the_default(run_python):
    why = f"the highest priority of {len(EXPECTED)} installed" if len(EXPECTED) > 1 else "the only one installed"
    assert run_python(CHOICE) == f"{DEFAULT} | {why}"


def test_choosing_loads_no_framework(frameworks_after):
    assert frameworks_after(CHOICE.replace("print", "")) == set()


@for_each_backend
def test_the_environment_variable_comes_before_priority(run_python, name):
    assert run_python(CHOICE, KCORE_BACKEND=name) == f"{name} | the environment variable KCORE_BACKEND"


@for_each_backend
def test_the_configuration_file_comes_before_priority(run_python, tmp_path, name):
    (tmp_path / "kcore.json").write_text(f'{{"backend": "{name}"}}')
    assert run_python(CHOICE, KCORE_HOME=str(tmp_path)) == f"{name} | the configuration file"


@for_each_backend
def test_a_block_comes_before_all_else(name):
    with ops.use_backend(name):
        assert config.backend() == name
        assert current.reason() == "use_backend()"
        assert ALL[name].is_own(ops.convert_to_tensor([1.0, 2.0]))


def test_what_is_loaded_is_the_default_backend_alone(frameworks_after):
    loaded = frameworks_after("import kcore_ops as ops; ops.softmax([1.0, 2.0])")
    # TensorFlow brings Keras with it, and JAX jaxlib.
    assert loaded - {"keras", "jaxlib"} == {DEFAULT} - {"numpy"}


# A backend that is not installed.


def assert_explains_absence(text: str, name: str) -> None:
    assert f"no backend named {name!r} is installed" in text
    assert f"installed: {', '.join(sorted(EXPECTED))}" in text
    assert "kcore backends" in text
    assert f"fix: pip install {ALL[name].distribution}\n" in f"{text}\n"


@for_each_absent
@pytest.mark.parametrize("ask", [ops.use_backend, config.set_backend])
def test_asking_for_an_absent_backend_says_what_to_install(ask, name):
    before = config.backend()
    with pytest.raises(BackendNotFound, match="is installed") as caught:
        ask(name)
    assert_explains_absence(str(caught.value), name)
    assert config.backend() == before


@for_each_absent
def test_an_absent_backend_in_the_environment_says_what_to_install(run_python, name):
    code = "import kcore_ops as ops\ntry: ops.add(1.0, 2.0)\nexcept ImportError as error: print(error)"
    text = run_python(code, KCORE_BACKEND=name)
    assert_explains_absence(text, name)
    assert "KCORE_BACKEND" in text


# Each kind in, the same kind out.


@op
def squared_distance(x: Tensor, y: Tensor):
    """A user's own op, by definition."""
    return ops.sum(ops.square(ops.subtract(x, y)), axis=-1)


CASES = {
    "softmax": (ops.softmax, (drawn(3, 4),), lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True)),
    "matmul": (ops.matmul, (drawn(3, 4), drawn(4, 2)), np.matmul),
    "einsum": (lambda x, y: ops.einsum("ij,kj->ik", x, y), (drawn(3, 4), drawn(2, 4)), lambda x, y: x @ y.T),
    "where": (lambda x, y: ops.where(ops.greater(x, y), x, y), (drawn(3, 4), drawn(1, 4)), np.maximum),
    "scan": (
        lambda xs, start: ops.scan(lambda total, x: (ops.add(total, x), total), start, xs)[0],
        (drawn(5, 2), drawn(2)),
        lambda xs, start: start + xs.sum(0),
    ),
    "a user's op": (squared_distance, (drawn(3, 4), drawn(4)), lambda x, y: ((x - y) ** 2).sum(-1)),
}


@for_each_backend
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_each_kind_of_tensor_comes_back_as_its_own_kind(name, case):
    function, arrays, reference = case
    with ops.use_backend(name) if name == "numpy" else ops.use_backend(DEFAULT):
        result = function(*(ALL[name].make(array) for array in arrays))
    assert ALL[name].is_own(result)
    np.testing.assert_allclose(ops.convert_to_numpy(result), reference(*arrays), rtol=1e-5, atol=1e-6)


@for_each_backend
def test_arrays_numbers_and_lists_follow_the_tensors_they_come_with(name):
    x = ALL[name].make(drawn(2))
    with ops.use_backend(name) if name == "numpy" else ops.use_backend(DEFAULT):
        results = [ops.add(x, drawn(2)), ops.add(drawn(2), x), ops.multiply(2.0, x), ops.add(x, [1.0, 2.0])]
    assert [ALL[name].is_own(result) for result in results] == [True] * 4


@for_each_backend
def test_arrays_alone_go_to_the_current_backend(name):
    with ops.use_backend(name):
        assert ALL[name].is_own(ops.add(drawn(2), drawn(2)))
        assert ALL[name].is_own(ops.zeros((2,)))


# Two kinds in one call.


@for_each_pair
def test_two_kinds_in_one_call_name_both_and_the_conversion(pair):
    x, y = (ALL[name].make(drawn(2)) for name in pair)
    with pytest.raises(MixedBackends, match="in one call") as caught:
        ops.add(x, y)
    assert isinstance(caught.value, TypeError)
    assert all(name in str(caught.value).partition("fix:")[0] for name in pair)
    assert all(f"to_backend(x, {name!r})" in str(caught.value).partition("fix:")[2] for name in pair)


@for_each_pair
def test_two_kinds_among_tensors_in_a_list_are_noticed(pair):
    with pytest.raises(MixedBackends, match="in one call"):
        ops.concatenate([ALL[name].make(drawn(2)) for name in pair])


@for_each_pair
def test_the_conversion_that_the_message_names_mends_the_call(pair):
    x, y = (ALL[name].make(drawn(2)) for name in pair)
    for name in pair:
        result = ops.add(ops.to_backend(x, name), ops.to_backend(y, name))
        assert ALL[name].is_own(result)
        np.testing.assert_allclose(ops.convert_to_numpy(result), 2 * drawn(2), rtol=1e-6)


@pytest.mark.parametrize("start", range(4))
@pytest.mark.parametrize("pair", list(itertools.permutations(EXPECTED, 2)), ids="->".join)
def test_converted_tensors_compute_wherever_their_memory_begins(pair, start):
    """TensorFlow 2.21 ends the process when it is handed memory that does not begin at a multiple of 64 bytes."""
    source, target = pair
    with ops.use_backend(source):
        part = ops.get_item(ALL[source].make(drawn(32)), slice(start, start + 5))
    converted = ops.to_backend(part, target)
    assert ALL[target].is_own(converted)
    with ops.use_backend(target):
        np.testing.assert_array_equal(ops.convert_to_numpy(ops.negative(converted)), -drawn(32)[start : start + 5])


# The command.


def test_the_command_lists_what_is_installed_and_says_which_is_current_and_why():
    command = Path(sysconfig.get_path("scripts"), "kcore")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("KCORE_")}
    done = subprocess.run([command, "backends"], env=inherited, capture_output=True, text=True, check=True)
    assert_lists_backends(done.stdout)
    assert f"current: {DEFAULT}" in done.stdout
    assert ("the highest priority" if len(EXPECTED) > 1 else "the only one") in done.stdout


def test_the_command_shows_devices_and_capabilities_of_what_it_loads(capsys):
    assert main(["backends", "--load"]) == 0
    shown = capsys.readouterr().out
    assert_lists_backends(shown)
    assert shown.count("devices: ") == shown.count("capabilities: ") == len(EXPECTED)


def assert_lists_backends(shown: str) -> None:
    for name in EXPECTED:
        package, framework = ALL[name].distribution, name
        version = importlib.metadata.version
        assert f"{name}: {package} {version(package)}, {framework} {version(framework)}" in shown
    assert all(ALL[name].distribution not in shown for name in ABSENT)
