"""What all tests share: the backend under test, named by `--kcore-backend`."""

from __future__ import annotations

import gc
import itertools
import os
import sys
import zlib

os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_force_host_platform_device_count=2")  # a second device for tests of places
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import kcore_ops as ops
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from kcore_layers.base.random_seed import set_random_seed
from kcore_ops.backends import registry
from kcore_ops.engine.op import op_of

settings.register_profile(
    "kcore", derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
settings.load_profile("kcore")


# Tests of formulas over ops, which are the same everywhere, and of what no framework has a part in: names, configs,
# files. They are run where ops are quick: where each op is compiled anew, or its graph is made, they take minutes.
QUICK = ("numpy", "torch")
RUN_WHERE_QUICK = frozenset(
    """callbacks datasets losses metrics test_activations test_attention test_attribute_names test_awq test_call_plan
    test_changing_data test_clean_ends test_cloning test_collection test_constructor_arguments test_elimination
    test_files_of_0_1 test_first_values test_gptq test_initializers test_layer_options test_losses_of_calls
    test_model_directory test_multi_head_attention test_names_of_copies test_nodes test_normalizing_axes
    test_normalizing_layers test_output_structures test_quantized_layers test_quantizers test_registry
    test_regularizers test_reversible_embedding test_safetensors test_saved_dtype_policies test_saving_arguments
    test_serialization test_setting_files test_several_outputs test_shards test_spectrograms test_suite test_summary
    test_torch_names test_weight_objects test_weights_file wrappers""".split()
)


# Trials of the kit that say little of an op by its definition: the dispatcher runs that, which words errors and keeps
# to the tensors' place, on ops that are tried themselves. Such ops are tried where they are quick.
OF_NATIVES = ("test_errors", "test_layout", "test_place")


def name_of(config: pytest.Config) -> str:
    """Give the name of the backend under test."""
    return str(config.getoption("--kcore-backend") or "numpy")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, default=0, help="what the tests' random numbers follow from")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*capabilities): runs on backends that have these capabilities")
    config.addinivalue_line("markers", "only(*backends): what it is about is the same on each: runs on these alone")
    if name_of(config) == "tensorflow":
        _split_the_host()


def _split_the_host() -> None:
    """Give TensorFlow a second device, as XLA_FLAGS gives JAX one; it takes no word of it from the environment."""
    import tensorflow as tf

    (host,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(host, [tf.config.LogicalDeviceConfiguration()] * 2)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out tests that ask for an ability the backend under test does not claim, or for other backends.

    Where a backend is named, a test that has no part in it is left to the runs that name the first that it can run on.
    """
    name = name_of(config)
    has = registry.load(name).capabilities
    is_named = config.getoption("--kcore-backend") is not None
    others = {
        item
        for item in items
        if not _needs(item) <= has
        or any(name not in mark.args for mark in item.iter_markers("only"))
        or (name not in QUICK and (_is_run_where_quick(item) or _is_of_a_definition(item, name)))
        or (is_named and _is_the_same_on_each(item) and name != _home(item))
    }
    if others:
        config.hook.pytest_deselected(items=list(others))
        items[:] = [item for item in items if item not in others]


def pytest_collection_finish() -> None:
    """Keep the collector from going through thousands of tests and modules, which stay, each time."""
    gc.collect()
    gc.freeze()


def _is_the_same_on_each(item: pytest.Item) -> bool:
    """Whether a test asks for nothing that depends on the backend under test."""
    asked = {"backend", "backend_name", "loaded", "case", "gap"}.intersection(item.fixturenames)
    return not asked and item.path.parent.name not in ("backends", "examples")


def _is_run_where_quick(item: pytest.Item) -> bool:
    """Whether a test is run where ops are quick: it is of such a file or folder, and needs nothing that those lack."""
    is_listed = not RUN_WHERE_QUICK.isdisjoint((item.path.stem, item.path.parent.name))
    return is_listed and any(_needs(item) <= registry.load(name).capabilities for name in QUICK)


def _is_of_a_definition(item: pytest.Item, name: str) -> bool:
    """Whether it is a trial of natives, of an op that a backend computes by its definition."""
    if getattr(item, "originalname", None) not in OF_NATIVES or not hasattr(item, "callspec"):
        return False
    case = item.callspec.params.get("case")
    return case is not None and op_of(case.op).implementation(registry.load(name))[0] == "definition"


def _home(item: pytest.Item) -> str:
    """Give the backend with which a test is run that is the same on each: one that has what it needs."""
    return "numpy" if _needs(item) <= registry.load("numpy").capabilities else "torch"


def _needs(item: pytest.Item) -> set[str]:
    return {capability for mark in item.iter_markers("needs") for capability in mark.args}


@pytest.fixture(autouse=True)
def _seeded(request: pytest.FixtureRequest):
    """Let each test draw numbers of its own, the same in every run, whatever ran before it in its process.

    That goes for Python's, NumPy's, kcore's and the frameworks' generators, and for a module's `rng`.
    """
    seed = zlib.crc32(f"{request.config.getoption('seed')} {request.node.nodeid}".encode())
    set_random_seed(seed)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)
    if "tensorflow" in sys.modules:
        sys.modules["tensorflow"].random.set_seed(seed)
    if hasattr(request.module, "rng"):
        request.module.rng.bit_generator.state = np.random.default_rng(seed).bit_generator.state


_num_tests = itertools.count(1)


@pytest.fixture(autouse=True)
def _bounded_memory():
    """Now and then drop what JAX has compiled: each drawn shape is one more executable, and there are thousands."""
    yield
    jax = sys.modules.get("jax")
    if jax is not None and next(_num_tests) % 100 == 0:
        jax.clear_caches()


@pytest.fixture(scope="session")
def backend_name(request: pytest.FixtureRequest) -> str:
    return name_of(request.config)


@pytest.fixture
def backend(backend_name: str):
    """The backend under test, current while the test runs."""
    with ops.use_backend(backend_name) as found:
        yield found


@pytest.fixture(scope="session")
def other_backend(backend_name: str):
    """Another backend with gradients, to compare with."""
    names = [name for name, record in registry.backends().items() if record.is_usable and name != backend_name]
    loaded = (registry.load(name) for name in sorted(names))
    return next(found for found in loaded if "gradient" in found.capabilities)
