"""Write keras_dtypes.json: the dtypes that Keras's backends agree on, for the calls of dtype_calls.py.

    python tests/parity/make_keras_dtypes.py

Keras's backend is chosen when it is imported, so that each is asked in a process of its own. JAX is used as Keras uses
it, with 64 bits off, and has no say where 64 bits go in. A call is written down where at least two backends accept it
and all that do agree. Where they do not, or none accepts it, Keras leaves kcore free.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

BACKENDS = ("numpy", "jax", "torch", "tensorflow")
TABLE = Path(__file__).with_name("keras_dtypes.json")

Dtypes = dict[str, dict[str, str]]  # op: dtypes of the arguments: those of the results


def ask(backend: str) -> Dtypes:
    """Run every call on one backend, in a process of its own."""
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "JAX_ENABLE_X64": "0",
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONWARNINGS": "ignore",
    }
    run = subprocess.run([sys.executable, __file__, backend], env=environment, stdout=subprocess.PIPE, check=True)
    answers: Dtypes = json.loads(run.stdout.splitlines()[-1])
    return answers


def answer(backend: str) -> Dtypes:
    """Give the dtypes of the results of every call that Keras accepts on the backend of this process."""
    import dtype_calls
    import kcore_ops
    import keras
    import numpy as np

    found: Dtypes = {}
    with kcore_ops.use_backend("numpy"), np.errstate(all="ignore"):
        for name in dtype_calls.OPS:
            if not hasattr(keras.ops, name) and not hasattr(keras.ops.image, name):
                continue
            found[name] = {}
            for call in dtype_calls.calls(name):
                try:
                    found[name][call.dtypes] = " ".join(result_dtypes(keras, name, call.args))
                except Exception:  # noqa: S112 (it refuses the call, in any of many ways)
                    continue
    return found


def result_dtypes(keras: Any, name: str, args: tuple[Any, ...]) -> list[str]:
    """Give the names of the dtypes of the results of one call."""
    from kcore_ops import tree
    from keras_calls import keras_function, keras_tensors

    run, tensors = keras_function(keras, name), keras_tensors(keras, args)

    def dtypes(results: list[Any]) -> list[str]:
        return [keras.backend.standardize_dtype(x.dtype) for x in results]

    if keras.config.backend() != "jax":
        return dtypes(run(*tensors))
    import jax  # what is only traced is not compiled, which would take an hour

    leaves = tree.flatten(list(tensors))
    spots = [i for i, leaf in enumerate(leaves) if isinstance(leaf, jax.Array)]

    def function(*values: Any) -> list[Any]:
        filled = list(leaves)
        for spot, value in zip(spots, values, strict=True):
            filled[spot] = value
        return run(*tree.pack_sequence_as(list(tensors), filled))

    try:
        return dtypes(jax.eval_shape(function, *(leaves[i] for i in spots)))
    except jax.errors.JAXTypeError:  # it looks at values
        return dtypes(run(*tensors))


def agreed(answers: dict[str, Dtypes]) -> Dtypes:
    """Give the answers that several backends give and none contradicts."""
    result: Dtypes = {}
    for name in sorted({name for answer in answers.values() for name in answer}):
        calls = {call for answer in answers.values() for call in answer.get(name, {})}
        for call in sorted(calls):
            votes = [
                answer[name][call]
                for backend, answer in answers.items()
                if call in answer.get(name, {}) and not (backend == "jax" and "64" in call.replace("complex64", ""))
            ]
            if len(votes) > 1 and len(set(votes)) == 1:
                result.setdefault(name, {})[call] = votes[0]
    return result


def write_table(table: Dtypes) -> None:
    """Write, for each op, a line of calls for each answer."""
    ops = []
    for name, answers in table.items():
        lines = []
        for result in sorted(set(answers.values())):
            calls = ", ".join(call for call, answer in answers.items() if answer == result)
            lines.append(f"  {json.dumps(result)}: {json.dumps(calls)}")
        ops.append(f"{json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n}")
    TABLE.write_text("{\n" + ",\n".join(ops) + "\n}\n")


def read_table() -> Dtypes:
    """Read what `write_table` wrote."""
    table = json.loads(TABLE.read_text())
    return {
        name: {call: result for result, calls in answers.items() for call in calls.split(", ")}
        for name, answers in table.items()
    }


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(answer(sys.argv[1])))
    else:
        write_table(agreed({backend: ask(backend) for backend in BACKENDS}))
