"""One package, named by KCORE_PACKAGE, in an environment with what it declares to need and nothing else."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import textwrap

import pytest

PACKAGE = os.environ.get("KCORE_PACKAGE", "")
pytestmark = pytest.mark.skipif(not PACKAGE, reason="wants an environment with one package: nox -s isolation")

# backend package -> name of the backend, frameworks it brings, and how a tensor of it is made
BACKENDS = {
    "kcore-backend-numpy": ("numpy", set(), "import numpy; x = numpy.float32([1, 2, 3])"),
    "kcore-backend-jax": ("jax", {"jax", "jaxlib"}, "import jax.numpy; x = jax.numpy.float32([1, 2, 3])"),
    "kcore-backend-tf": (
        "tensorflow",
        {"tensorflow", "keras"},
        "import tensorflow; x = tensorflow.constant([1., 2., 3.])",
    ),
    "kcore-backend-torch": ("torch", {"torch"}, "import torch; x = torch.tensor([1., 2., 3.])"),
}
FRAMEWORKS = {"jax", "jaxlib", "keras", "tensorflow", "torch"}
OWN_FRAMEWORKS = BACKENDS.get(PACKAGE, ("", set(), ""))[1]

only_for = {
    package: pytest.mark.skipif(PACKAGE != package, reason=f"what {package} does alone")
    for package in ("kcore", "kcore-backend-numpy", "kcore-layers", "kcore-ops", "kcore-train")
}
only_for_backends = pytest.mark.skipif(PACKAGE not in BACKENDS, reason="what a backend does")
not_for_backends = pytest.mark.skipif(PACKAGE in BACKENDS, reason="what a package without a backend does")


def test_its_siblings_are_those_it_declares(packages, required):
    installed = {distribution.name for distribution in importlib.metadata.distributions()}
    assert installed & set(packages) == {PACKAGE} | (required(PACKAGE) & set(packages))


def test_no_framework_but_its_own_is_installed():
    installed = {name for name in FRAMEWORKS if importlib.util.find_spec(name)}
    assert installed == OWN_FRAMEWORKS


def test_importing_it_loads_no_framework(packages, frameworks_after):
    assert frameworks_after(f"import {packages[PACKAGE].module}") == set()


def test_importing_it_is_quiet_and_leaves_the_environment_as_it_is(packages, run_python):
    module = packages[PACKAGE].module
    code = f"import os; before = dict(os.environ); import {module}; assert dict(os.environ) == before"
    assert run_python(code) == ""


def test_its_version_is_that_of_its_distribution(packages, run_python):
    module = packages[PACKAGE].module
    assert run_python(f"import {module}; print({module}.__version__)") == importlib.metadata.version(PACKAGE)


def test_it_says_that_it_is_typed(packages):
    files = {str(path) for path in importlib.metadata.files(PACKAGE)}
    assert f"{packages[PACKAGE].module}/py.typed" in files


@not_for_backends
def test_without_a_backend_specs_are_evaluated(run_python):
    code = "import kcore_ops as ops; print(ops.matmul(ops.TensorSpec((None, 3)), ops.TensorSpec((3, 5), 'float16')))"
    assert run_python(code) == "TensorSpec((None, 5), float32)"


@not_for_backends
def test_without_a_backend_graphs_are_built(run_python):
    code = """
        import kcore_ops as ops
        x = ops.KerasTensor((None, 4))
        y = ops.softmax(x[:, :2] + 1)
        print(y.shape, y.dtype)
    """
    assert run_python(textwrap.dedent(code)) == "(None, 2) float32"


@not_for_backends
def test_without_a_backend_none_is_listed(run_python):
    assert run_python("from kcore_ops.backends import registry; print(list(registry.backends()))") == "[]"
    assert run_python("from kcore_ops.command.main import main; main(['backends'])").startswith("current: none")


@not_for_backends
def test_without_a_backend_computing_says_what_to_install(run_python):
    code = """
        import kcore_ops as ops
        try:
            ops.add(1.0, 2.0)
        except ImportError as error:
            print(error)
    """
    text = run_python(textwrap.dedent(code))
    assert "BackendNotFound" in text
    assert "no backend is installed" in text
    assert "fix: pip install kcore[" in text


@only_for["kcore-ops"]
def test_kcore_ops_says_what_brings_the_commands_that_it_has_not(run_python):
    code = "import sys; from kcore_ops.command.main import main; sys.stderr = sys.stdout; main(['bench-backends'])"
    text = run_python(code)
    assert "no installed package offers the command 'bench-backends'" in text
    assert "fix: pip install kcore-train" in text


@only_for["kcore-train"]
def test_kcore_train_brings_the_command_that_compares_backends(run_python):
    code = """
        import sys
        from kcore_ops.command.main import main
        sys.stderr = sys.stdout
        print(main(["bench-backends", "package.module:function"]))
    """
    text = run_python(textwrap.dedent(code))
    assert text.startswith("kcore bench-backends: no backend that can be used is installed")
    assert text.endswith("2")


@only_for["kcore-layers"]
def test_kcore_layers_brings_h5py_and_rich():
    assert importlib.util.find_spec("h5py") and importlib.util.find_spec("rich")


@only_for["kcore-layers"]
def test_importing_kcore_layers_leaves_for_later_what_files_and_summaries_need(run_python):
    code = """
        import sys
        import kcore_layers
        later = {"h5py", "hashlib", "importlib.metadata", "logging", "rich", "secrets", "subprocess", "zipfile"}
        print(sorted(later & set(sys.modules)))
    """
    assert run_python(textwrap.dedent(code)) == "[]"


@only_for["kcore"]
def test_kcore_brings_layers_and_training(run_python):
    assert run_python("import kcore, kcore_layers, kcore_train; print(kcore.__name__)") == "kcore"


@only_for_backends
def test_a_backend_is_listed_without_loading_its_framework(frameworks_after):
    name = BACKENDS[PACKAGE][0]
    code = (
        "from kcore_ops.backends.registry import backends as b; "
        f"assert [*b()] == [{name!r}] and b()[{name!r}].is_usable"
    )
    assert frameworks_after(code) == set()


@only_for_backends
def test_a_backend_computes_with_its_own_tensors(run_python):
    name, _, tensor = BACKENDS[PACKAGE]
    code = f"""
        import kcore_ops as ops
        {tensor}
        y = ops.softmax(ops.matmul(ops.reshape(x, (3, 1)), ops.reshape(x, (1, 3))))
        assert isinstance(y, type(x)), type(y)
        print(ops.convert_to_numpy(ops.sum(y, axis=-1)).round(5).tolist())
    """
    assert run_python(textwrap.dedent(code)) == "[1.0, 1.0, 1.0]"


@only_for_backends
def test_a_backend_loads_no_framework_but_its_own(frameworks_after):
    code = "import kcore_ops as ops; ops.softmax([1.0, 2.0])"
    assert frameworks_after(code) <= OWN_FRAMEWORKS


@only_for["kcore-backend-numpy"]
def test_the_numpy_backend_works_with_the_frameworks_blocked(run_python):
    code = f"""
        import sys

        class Blocked:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in {FRAMEWORKS}:
                    raise ImportError(f"{{name}} is blocked")

        sys.meta_path.insert(0, Blocked())
        import kcore_ops as ops
        print(ops.softmax([0.0, 0.0]).tolist(), ops.einsum("ij,ij->i", [[1.0, 2.0]], [[3.0, 4.0]]).tolist())
    """
    assert run_python(textwrap.dedent(code)) == "[0.5, 0.5] [11.0]"


@only_for["kcore-backend-numpy"]
def test_the_numpy_backend_says_that_it_has_no_gradients(run_python):
    code = """
        import kcore_ops as ops
        try:
            ops.grad(lambda x: x * x)(3.0)
        except NotImplementedError as error:
            print(error)
    """
    assert "numpy backend has no gradients" in run_python(textwrap.dedent(code))
