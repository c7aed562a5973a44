"""JAX's 64-bit mode may be switched after calls were made."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap


def test_plans_follow_the_64_bit_mode():
    program = """
        import jax, numpy as np, kcore_ops as ops
        jax.config.update("jax_enable_x64", False)
        with ops.use_backend("jax") as backend:
            x, wide = ops.ones((2,)), np.full(2, 0.1)
            for is_on in (False, True, False, True):
                jax.config.update("jax_enable_x64", is_on)
                print(ops.add(x, wide).dtype, ops.stack([x, wide]).dtype, ops.exp(wide).dtype,
                      ops.add(np.arange(2), np.uint32(1)).dtype, "float64" in backend.capabilities)
    """
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True)
    assert (
        run.stdout.splitlines() == ["float32 float32 float32 int32 False", "float64 float64 float64 int64 True"] * 2
    ), run.stderr


def test_an_input_of_int64_takes_int32_without_the_64_bit_mode():
    program = """
        import jax, numpy as np, kcore
        jax.config.update("jax_enable_x64", False)
        from kcore import layers
        ids = kcore.Input((3,), dtype="int64")
        model = kcore.Model(ids, layers.Dense(1)(layers.Flatten()(layers.Embedding(5, 2)(ids))))
        model.compile("sgd", "mse")
        x = np.array([[0, 1, 4]])
        print(model(x).shape, model.predict(x, verbose=0).shape, len(model.fit(x, x[:, :1], verbose=0).history["loss"]))
        numbers = kcore.Sequential([kcore.Input((3,), dtype="float64"), layers.Dense(1)])
        print(numbers(x).dtype)
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        env={**os.environ, "KCORE_BACKEND": "jax"},
    )
    assert run.stdout.splitlines() == ["(1, 1) (1, 1) 1", "float32"], run.stderr


def test_what_computes_in_int64_elsewhere_does_without_it():
    program = """
        import jax, numpy as np, kcore_ops as ops
        from kcore_ops import config, random
        jax.config.update("jax_enable_x64", False)
        config.set_identical_draws(True)
        bounds = [(0, 10), (3, 4), (-5, 300), (-(2**30), 2**30), (0, 2**31 - 1), (-(2**31), 0), (0, 2**16 + 1)]

        def results():
            yield from (random.randint((9,), low, high, seed=3) for low, high in bounds)
            yield random.randint((9,), 2**31, 2**32 - 1, dtype="uint32", seed=3)
            yield random.shuffle(ops.arange(9), seed=3)
            large = ops.convert_to_tensor(np.array([5, 2**32 - 1, 2**31]), "uint32")
            yield from ops.unravel_index(large, (3, 4))
            yield from (each(large, 2**31) for each in (ops.add, ops.maximum, ops.less, ops.bitwise_xor))

        found = {}
        for name in ("numpy", "jax"):
            with ops.use_backend(name):
                found[name] = [(ops.dtype(x), ops.convert_to_numpy(x).tolist()) for x in results()]
        print(len(found["jax"]), found["jax"] == found["numpy"])
    """
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True)
    assert run.stdout.splitlines() == ["15 True"], run.stderr
