"""What the commonest ops take on small and large tensors, beside Keras on the same backend, and above the bare call.

Ops that a backend has no function for run by their definitions; this says what that costs. Contenders take turns in
one process for each framework: kcore, Keras, and, where the backend has a function of its own, that function called
with the same settled arguments. What is reported is medians; the budget is three times Keras's time.

    python benchmarks/op_sizes.py --frameworks torch numpy --ops softmax gelu
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import json
import os
import statistics
import subprocess
import sys
import timeit
from collections.abc import Sequence
from typing import Any

import op_overhead

SIZES = (1_000, 1_000_000)
BUDGET = 3.0  # times what Keras takes

# `x` and `y` are floating and square, `i` holds integers from 0 to 9, `p` is positive, `b` is boolean.
CALLS = {
    "abs": "f(x)",
    "add": "f(x, y)",
    "argmax": "f(x, axis=-1)",
    "broadcast_to": "f(x[:1], x.shape)",
    "cast": "f(x, 'int32')",
    "categorical_crossentropy": "f(p, p)",
    "clip": "f(x, -1.0, 1.0)",
    "concatenate": "f([x, y], axis=-1)",
    "cumsum": "f(x, axis=-1)",
    "divide": "f(x, y)",
    "einsum": "f('ij,jk->ik', x, y)",
    "exp": "f(x)",
    "expand_dims": "f(x, 0)",
    "gelu": "f(x)",
    "greater": "f(x, y)",
    "layer_normalization": "f(x)",
    "log": "f(p)",
    "log_softmax": "f(x)",
    "logsumexp": "f(x, axis=-1)",
    "matmul": "f(x, y)",
    "max": "f(x, axis=-1)",
    "maximum": "f(x, y)",
    "mean": "f(x, axis=-1)",
    "min": "f(x, axis=-1)",
    "moments": "f(x, axes=[0])",
    "multiply": "f(x, y)",
    "norm": "f(x, axis=-1)",
    "normalize": "f(x, axis=-1)",
    "one_hot": "f(i, 10)",
    "pad": "f(x, ((1, 1), (1, 1)))",
    "power": "f(p, 1.5)",
    "relu": "f(x)",
    "reshape": "f(x, (-1,))",
    "rsqrt": "f(p)",
    "sigmoid": "f(x)",
    "silu": "f(x)",
    "softmax": "f(x)",
    "softplus": "f(x)",
    "split": "f(x, 2, axis=0)",
    "sqrt": "f(p)",
    "square": "f(x)",
    "squeeze": "f(x[None])",
    "stack": "f([x, y])",
    "std": "f(x, axis=-1)",
    "subtract": "f(x, y)",
    "sum": "f(x, axis=-1)",
    "take": "f(x, i, axis=0)",
    "tanh": "f(x)",
    "transpose": "f(x)",
    "tril": "f(x)",
    "var": "f(x, axis=-1)",
    "where": "f(b, x, y)",
    "zeros_like": "f(x)",
}


def tensors(backend: Any, size: int) -> dict[str, Any]:
    """Give what the calls name, with about `size` elements each."""
    import numpy as np

    rng = np.random.default_rng(0)
    side = 2 * round(size**0.5 / 2)
    arrays = {
        "x": rng.normal(size=(side, side)), "y": rng.normal(size=(side, side)), "p": rng.uniform(0.1, 1, (side, side)),
    }  # fmt: skip
    found = {name: backend.to_tensor(array.astype("float32"), None) for name, array in arrays.items()}
    found["i"] = backend.to_tensor(rng.integers(0, 10, side).astype("int32"), None)
    found["b"] = backend.to_tensor(rng.random((side, side)) < 0.5, None)
    return found


class Settled:
    """A stand-in for an op's function that notes what its table's function would be given."""

    def __init__(self, op: Any, function: Any) -> None:
        self.signature = inspect.signature(op.body)
        self.function = function
        self.arguments: tuple[Any, ...] = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        self.arguments = tuple(tuple(a) if isinstance(a, list) and all(isinstance(i, int) for i in a) else a
                               for a in bound.arguments.values())  # fmt: skip
        return self.function(*self.arguments)


def measure_framework(framework: str, names: Sequence[str], rounds: int, turn: float) -> list[dict[str, Any]]:
    """Measure the named ops at each size; Keras must have been told its backend by KERAS_BACKEND."""
    import kcore_ops
    from kcore_ops.plugin import op_of

    keras_ops = importlib.import_module("keras.ops")
    rows = []
    with kcore_ops.use_backend(framework) as backend:
        for size in SIZES:
            values = tensors(backend, size)
            for name in names or CALLS:
                op = op_of(getattr(kcore_ops, name))
                kind, function = op.implementation(backend)
                contenders = {"kcore": getattr(kcore_ops, name), "keras": getattr(keras_ops, name)}
                code = compile(CALLS[name], name, "eval")
                run = lambda f, code=code, values=values: eval(code, {"f": f, **values})  # noqa: E731
                calls = dict.fromkeys(contenders, CALLS[name])
                environments = {key: {"f": f, **values} for key, f in contenders.items()}
                if kind == "native":
                    settled = Settled(op, function)
                    try:
                        run(settled)
                        environments["bare"] = {"f": function, "a": settled.arguments}
                        calls["bare"] = "f(*a)"
                    except Exception:
                        pass  # the table's function wants an argument in a form that only the dispatcher gives it
                times = alternated(calls, environments, rounds, turn)
                medians = {key: statistics.median(own) for key, own in times.items()}
                rows.append({"framework": framework, "op": name, "size": size, "kcore is": kind, **medians})
    return rows


def alternated(
    calls: dict[str, str], environments: dict[str, dict[str, Any]], rounds: int, turn: float
) -> dict[str, list[float]]:
    """Give the microseconds that a call takes each contender, in each round; they take turns."""
    import numpy as np

    def finish(name: str) -> None:
        """Wait for what an asynchronous framework has still to compute."""
        result = eval(calls[name], environments[name])
        np.asarray(result[-1] if isinstance(result, list | tuple) else result)

    timers = {name: timeit.Timer(call, globals=environments[name]) for name, call in calls.items()}
    counts = {}
    for name, timer in timers.items():
        finish(name)
        timer.timeit(3)
        counts[name] = max(1, round(turn / 1000 / max(min(timer.repeat(3, 3)) / 3, 1e-7)))
    times: dict[str, list[float]] = {name: [] for name in calls}
    names = list(calls)
    for number in range(rounds):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            begun = timeit.default_timer()
            timers[name].timeit(counts[name])
            finish(name)
            times[name].append((timeit.default_timer() - begun) / (counts[name] + 1) * 1e6)
    return times


def measure_all(
    frameworks: Sequence[str] = (), names: Sequence[str] = (), rounds: int = 15, turn: float = 3.0
) -> list[dict[str, Any]]:
    """Measure the named frameworks, or all, each in a process of its own."""
    rows = []
    for framework in frameworks or op_overhead.FRAMEWORKS:
        command = [sys.executable, __file__, "--worker", framework, "--rounds", str(rounds), "--turn", str(turn)]
        environment = {**os.environ, **op_overhead.QUIET, "KERAS_BACKEND": framework}
        done = subprocess.run([*command, "--ops", *names], env=environment, capture_output=True, text=True)
        if done.returncode:
            print(f"{done.stderr}\nop_sizes: {framework} failed, see above", file=sys.stderr)
        else:
            rows += json.loads(done.stdout.splitlines()[-1])
    return rows


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Lay the rows out as text."""
    lines = [
        "Common ops on many elements of float32, microseconds a call",
        f"{'framework':<11}{'op':<26}{'elements':>9}  {'kcore is':<11}{'bare':>11}{'kcore':>11}{'Keras':>11}"
        f"{'of Keras':>9}",
    ]
    for row in rows:
        bare = f"{row['bare']:.2f}" if "bare" in row else ""
        lines.append(
            f"{row['framework']:<11}{row['op']:<26}{row['size']:>9}  {row['kcore is']:<11}{bare:>11}"
            f"{row['kcore']:>11.2f}{row['keras']:>11.2f}{row['kcore'] / row['keras']:>9.2f}"
        )
    return "\n".join(lines)


def verdicts(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Hold each op to `BUDGET` times Keras's time."""
    return [
        {
            "what": f"{row['framework']}: {row['op']} {row['size']:.0e}",
            "figure": row["kcore"] / row["keras"],
            "limit": BUDGET,
            "unit": "of Keras's",
            "met": row["kcore"] <= BUDGET * row["keras"],
        }
        for row in rows
    ]


def main() -> None:
    """Measure and print; with `--worker`, measure one framework in this process and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frameworks", nargs="*", default=[], choices=op_overhead.FRAMEWORKS, help="default: all")
    parser.add_argument("--ops", nargs="*", default=[], choices=CALLS, metavar="OP", help="default: all")
    parser.add_argument("--rounds", type=int, default=15, help="how often each contender has its turn")
    parser.add_argument("--turn", type=float, default=3.0, metavar="MS", help="milliseconds that a turn lasts")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(measure_framework(options.worker, options.ops, options.rounds, options.turn)))
        return
    print(table(measure_all(options.frameworks, options.ops, options.rounds, options.turn)))


if __name__ == "__main__":
    main()
