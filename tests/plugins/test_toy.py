"""A stranger's backend: found by its entry point, nothing special-cases it, and it trains what others train."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops import MissingOp
from kcore_ops.plugin import all_ops, backends

HERE = Path(__file__).parent / "kcore-backend-toy"


def test_most_ops_come_from_definitions():
    kinds = [ops.explain(name, "toy")["toy"] for name in all_ops()]
    assert kinds.count("definition") > 2 * kinds.count("native")


def test_it_is_small_and_uses_public_names_and_numpy_alone():
    sources = list((HERE / "src").rglob("*.py"))
    text = "".join(path.read_text() for path in sources)
    assert len(text.splitlines()) <= 400
    imports = {line.split()[1].partition(".")[0] for line in text.splitlines() if line.startswith(("import ", "from "))}
    assert imports <= {"__future__", "heapq", "itertools", "kcore_backend_toy", "kcore_ops", "math", "numpy"}
    assert not re.search(r"(import|from) +_(?!_)|\b(ops|kcore_ops)[\w.]*\._", text)


def test_nothing_names_it():
    packages = Path(__file__).parents[2] / "packages"
    found = subprocess.run(["grep", "-rniw", "toy", str(packages), "--include=*.py"], capture_output=True, text=True)
    assert found.stdout == ""


def test_it_is_listed_and_has_the_lowest_priority():
    record = backends()["toy"]
    assert record.is_usable and record.distribution.startswith("kcore-backend-toy ")
    assert ops.config.backend() != "toy"


def test_derivatives_nest():
    with ops.use_backend("toy"):
        f = lambda x: x**2 - 5 * x + 1  # noqa: E731
        assert [float(g(1.0)) for g in (ops.grad(f), ops.grad(ops.grad(f)), ops.grad(ops.grad(ops.grad(f))))] == [
            -3,
            2,
            0,
        ]
        hessian = ops.hessian(lambda x: ops.sum(x * x * x))(ops.convert_to_tensor([1.0, 2.0]))
        np.testing.assert_array_equal(ops.convert_to_numpy(hessian), [[6, 0], [0, 12]])
        _, derivative = ops.jvp(lambda x: x * x, (ops.convert_to_tensor(3.0),), (ops.convert_to_tensor(1.0),))
        assert float(derivative) == 6.0


def test_an_mlp_learns_with_no_code_of_the_backends_own():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 2)).astype("float32")
    y = (x[:, :1] * x[:, 1:] > 0).astype("float32")
    with ops.use_backend("toy"):
        sizes = [(2, 16), (16, 1)]
        params = [(ops.convert_to_tensor(rng.normal(size=s).astype("float32")), ops.zeros(s[1:])) for s in sizes]

        def loss_of(params):
            hidden = ops.relu(ops.matmul(x, params[0][0]) + params[0][1])
            logits = ops.matmul(hidden, params[1][0]) + params[1][1]
            return ops.mean(ops.binary_crossentropy(ops.convert_to_tensor(y), logits, from_logits=True))

        step = ops.value_and_grad(loss_of)
        losses = []
        for _ in range(150):
            loss, grads = step(params)
            losses.append(float(loss))
            params = ops.tree.map_structure(lambda p, g: p - 0.5 * g, params, grads)
    assert losses[-1] < 0.25 < 0.5 < losses[0]


def test_it_trains_the_quickstart_with_no_trainer_of_its_own():
    example = Path(__file__).parents[2] / "examples" / "quickstart.py"
    spec = importlib.util.spec_from_file_location("quickstart", example)
    quickstart = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(quickstart)
    with ops.use_backend("toy"):
        assert quickstart.main(epochs=8, verbose=0)["test_accuracy"] >= 0.95


def test_a_missing_op_says_what_to_add():
    with ops.use_backend("toy"), pytest.raises(MissingOp, match="backend 'toy' has no svd.*\n.*\n  fix: add 'svd' to"):
        ops.svd(np.eye(2, dtype="float32"))


def test_the_entries_that_the_guide_begins_with_train_the_quickstart():
    root = Path(__file__).parents[2]
    guide = (root / "docs" / "backend-authors.md").read_text()
    begins, ends = guide.index("\n2. `table.py`"), guide.index("\n4. The rest of the primitives")
    listed = sorted(set(re.findall(r"`(\w+)`", guide[begins:ends])))
    code = f"""
        import sys
        from kcore_backend_toy.table import TABLE
        listed = {listed!r}
        kept = {{name: TABLE[name] for name in listed if name in TABLE}}
        TABLE.clear()
        TABLE.update(kept)
        sys.path.insert(0, {str(root / "examples")!r})
        import quickstart
        print(len(kept), quickstart.main(epochs=2, verbose=0)["test_accuracy"])
    """
    environment = {**os.environ, "KCORE_BACKEND": "toy"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    entries, accuracy = done.stdout.split()
    assert f"These {entries} entries train the quickstart" in guide and float(accuracy) > 0.9
