"""A second stranger's backend: its arrays are lazy, it objects late, and its dtypes have names of their own."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import kcore
import kcore_ops as ops
import lazyarrays
import numpy as np
import pytest
from kcore_backend_lazy.implementation import LazyBackend
from kcore_ops import DTypeError, MissingOp, ShapeError
from kcore_ops.dtypes import ALLOWED_DTYPES, standardize_dtype
from kcore_ops.plugin import all_ops, backends

HERE = Path(__file__).parent / "kcore-backend-lazy"
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _on_lazy():
    with ops.use_backend("lazy"):
        yield


def counted(name: str, before: int) -> int:
    return getattr(lazyarrays.Counts, name) - before


def test_it_is_found_by_its_entry_point():
    record = backends()["lazy"]
    assert record.is_usable and record.distribution.startswith("kcore-backend-lazy ")


def test_what_trains_the_quickstart_takes_300_lines():
    sources = list((HERE / "src" / "kcore_backend_lazy").rglob("*.py"))
    text = "".join(path.read_text() for path in sources)
    assert len(sources) == 4 and len(text.splitlines()) <= 300
    imports = {line.split()[1].partition(".")[0] for line in text.splitlines() if line.startswith(("import ", "from "))}
    assert imports <= {"__future__", "kcore_backend_lazy", "kcore_ops", "lazyarrays", "math", "numpy"}
    assert "kcore" not in "".join((HERE / "src" / "lazyarrays.py").read_text().split('"""', 2)[2:])


def test_most_ops_come_from_definitions():
    kinds = [ops.explain(name, "lazy")["lazy"] for name in all_ops()]
    assert kinds.count("definition") > 3 * kinds.count("native") and kinds.count("native") < 75


def test_its_dtypes_have_names_of_their_own_and_are_taken_wherever_a_dtype_is():
    x = ops.convert_to_tensor([1.5, 2.5])
    for own, name in LazyBackend.dtypes.items():
        assert own.name not in ALLOWED_DTYPES and standardize_dtype(own) == name
        assert ops.dtype(ops.cast(x, own)) == name
        assert ops.zeros(2, own).dtype is own and ops.convert_to_tensor([1], own).dtype is own
    with pytest.raises(DTypeError, match="there is no dtype 'double'"):  # a string is a user's, and not the framework's
        standardize_dtype("double")


X = RNG.normal(size=(2, 5, 4)).astype("float32")
KERNEL = RNG.normal(size=(3, 4, 2)).astype("float32")
HEADS = RNG.normal(size=(2, 5, 2, 4)).astype("float32")
DEFINED = {
    "conv": lambda x: ops.conv(x, ops.cast(KERNEL, ops.dtype(x))),
    "ctc_loss": lambda x: ops.ctc_loss(np.array([[1, 2], [1, 3]]), x, [2, 2], [5, 5]),
    "dot_product_attention": lambda x: ops.dot_product_attention(*[ops.expand_dims(x, 2)] * 3),
    "layer_normalization": ops.layer_normalization,
    "max_pool": lambda x: ops.max_pool(x, 2),
    "softmax": ops.softmax,
    "std": ops.std,
}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("name", DEFINED)
def test_definitions_run_on_dtypes_that_are_called_otherwise(name, dtype):
    assert ops.explain(name, "lazy")["lazy"] == "definition"
    found = DEFINED[name](ops.cast(ops.convert_to_tensor(X), dtype))
    assert isinstance(found, lazyarrays.Array)
    with ops.use_backend("numpy"):
        expected = DEFINED[name](ops.cast(ops.convert_to_tensor(X), dtype))
    assert ops.dtype(found) == ops.dtype(expected)
    tolerance = {"float16": 1e-2, "bfloat16": 5e-2, "float32": 1e-5, "float64": 1e-10}[dtype]
    np.testing.assert_allclose(
        np.asarray(found, "float64"), np.asarray(expected, "float64"), rtol=tolerance, atol=tolerance
    )


def test_nothing_is_computed_before_its_value_is_asked_for():
    x = ops.convert_to_tensor(X)
    before = lazyarrays.Counts.computed
    y = ops.matmul(ops.softmax(x), ops.ones((4, 3)))
    gradient = ops.grad(lambda x: ops.sum(ops.layer_normalization(x) ** 3))(x)
    assert (y.shape, ops.dtype(y), gradient.shape) == ((2, 5, 3), "float32", (2, 5, 4))
    assert counted("computed", before) == 0
    np.testing.assert_allclose(ops.convert_to_numpy(y), np.ones((2, 5, 3)), rtol=1e-5)
    asked = counted("computed", before)
    assert asked > 0 and gradient.value is None
    ops.convert_to_numpy(y)
    assert counted("computed", before) == asked


def test_a_step_is_computed_at_once():
    model = kcore.Sequential([kcore.layers.Input((4,)), kcore.layers.Dense(3)])
    model.compile(optimizer="adam", loss="mse")
    x, y = X.reshape(-1, 4), np.zeros((10, 3), "float32")
    model.fit(x, y, batch_size=5, verbose=0)
    before = lazyarrays.Counts.evaluations
    model.fit(x, y, batch_size=5, epochs=3, verbose=0)
    assert counted("evaluations", before) <= 6 + 2 * 3  # six steps; and after each epoch what it prints


def test_no_graph_is_kept_from_step_to_step():
    model = kcore.Sequential([kcore.layers.Input((4,)), kcore.layers.Dense(3)])
    model.compile(optimizer="adam", loss="mse")
    model.fit(X.reshape(-1, 4), np.zeros((10, 3), "float32"), batch_size=5, verbose=0)
    storages = [variable.value for variable in [*model.variables, *model.optimizer.variables]]
    assert all(isinstance(x, lazyarrays.Array) and x.value is not None and x.inputs == () for x in storages)


WRONG = {
    "add": (lambda x: x + ops.ones((2, 5, 3)), r"size 4 .* size 3|\(2, 5, 4\) and \(2, 5, 3\)"),
    "concatenate": (lambda x: ops.concatenate([x, ops.ones((2, 5))]), "ShapeError in concatenate"),
    "full": (lambda x: ops.full((3,), np.ones(2)), "ShapeError in full"),
    "matmul": (lambda x: ops.matmul(x, ops.ones((5, 2))), "size 4 along axis -1 of x1 is not size 5 along axis -2 of"),
    "reshape": (lambda x: ops.reshape(x, (7, 3)), "ShapeError in reshape"),
    "softmax": (lambda x: ops.softmax(x, axis=3), "ShapeError in softmax"),
    "take_along_axis": (lambda x: ops.take_along_axis(x, ops.zeros((1, 1), "int32"), 0), "x has 3 axes and indices"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_an_error_of_the_call(name):
    call, message = WRONG[name]
    x = ops.convert_to_tensor(X)
    before = lazyarrays.Counts.computed
    with pytest.raises(ShapeError, match=message):
        call(x)
    assert counted("computed", before) == 0


def test_the_framework_itself_would_object_late():
    x = lazyarrays.array(X, lazyarrays.DTYPES["float"])
    y = lazyarrays.matmul(x, lazyarrays.array(np.ones((5, 2)), lazyarrays.DTYPES["float"]))
    assert y.shape == (2, 5, 2)
    with pytest.raises(ValueError, match="mismatch"):
        lazyarrays.evaluate(y)


def test_what_is_no_dtype_of_its_own_is_named():
    with pytest.raises(DTypeError, match="lazyarrays has no dtype complex64"):
        ops.convert_to_tensor(1j)


def test_a_missing_op_says_what_to_add():
    with pytest.raises(MissingOp, match="backend 'lazy' has no svd.*\n.*\n  fix: add 'svd' to"):
        ops.svd(np.eye(2, dtype="float32"))


def test_numbers_and_truth_values_are_read_where_they_are_asked_for():
    x = ops.convert_to_tensor([1.0, 2.0])
    assert float(x[1]) == 2.0 and int(x[0]) == 1 and bool(x[0] < x[1]) and len(x) == 2
    assert ops.while_loop(lambda i: i < 5, lambda i: i + 2, (ops.convert_to_tensor(0),))[0].shape == ()


def test_derivatives_nest_also_where_values_are_asked_for_on_the_way():
    def f(x):
        return x**3 if float(x) > 0 else -(x**3)  # a branch on a value, while gradients are recorded

    assert [float(g(2.0)) for g in (ops.grad(f), ops.grad(ops.grad(f)), ops.grad(ops.grad(ops.grad(f))))] == [12, 12, 6]
    value, pullback = ops.vjp(lambda x: x * x, ops.convert_to_tensor(3.0))
    assert float(value) == 9.0  # which forgets how it was made
    assert float(pullback(ops.convert_to_tensor(1.0))[0]) == 6.0


def test_it_trains_the_quickstart_with_no_trainer_of_its_own():
    example = Path(__file__).parents[2] / "examples" / "quickstart.py"
    spec = importlib.util.spec_from_file_location("quickstart", example)
    quickstart = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(quickstart)
    assert quickstart.main(epochs=3, verbose=0)["test_accuracy"] > 0.9
