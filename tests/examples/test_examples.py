"""The examples run, on the backends they are for, and learn what they set out to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def in_a_process(expression: str, backend_name: str, before: str = "", **environment: str) -> Any:
    """Give what an expression comes to in a process of its own, where devices can be set up before the framework."""
    code = f"import json\n{before}\nprint(json.dumps({expression}))"
    environment = {**os.environ, "KCORE_BACKEND": backend_name, **environment}
    done = subprocess.run([sys.executable, "-c", code], cwd=EXAMPLES, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def falls(losses: Any) -> bool:
    return float(np.mean(losses[-2:])) < 0.5 * float(np.mean(losses[:2]))


@pytest.mark.needs("gradient")
def test_quickstart_learns_digits(backend):
    scores = import_module("quickstart").main(epochs=8, verbose=0)
    assert scores["test_accuracy"] >= 0.95
    assert scores["categorical_accuracy"] == pytest.approx(scores["test_accuracy"])
    # The name counts the AUCs of the process, those of other tests too.
    assert next(score for name, score in scores.items() if name.startswith("auc")) > 0.99


def test_three_ways_of_building_give_one_model(backend):
    outputs = import_module("building_models").main()
    assert list(outputs) == ["added", "functional", "subclassed"]
    for found in outputs.values():
        np.testing.assert_allclose(found, outputs["added"], rtol=1e-6, atol=1e-6)


def test_inputs_and_outputs_go_by_name(backend):
    model = import_module("building_models").two_inputs_two_outputs()
    x = {"image": np.ones((2, 64), "float32"), "context": np.ones((2, 4), "float32")}
    assert {name: found.shape for name, found in model.predict(x, verbose=0).items()} == {
        "digit": (2, 10),
        "is_even": (2, 1),
    }


@pytest.mark.needs("gradient")
def test_layers_of_ones_own_are_trained(backend):
    losses = import_module("custom_layers").main(epochs=20)
    assert losses[-1] < 0.7 * losses[0]


def test_a_portable_layer_is_the_native_one(backend):
    portable, native = import_module("token_and_position_embedding").main()
    np.testing.assert_allclose(portable, native, atol=1e-6)


@pytest.mark.needs("gradient")
def test_a_training_step_of_ones_own_learns_and_reports(backend):
    history = import_module("custom_train_step").main(epochs=10)
    assert set(history) == {"loss", "mae"}
    assert falls(history["loss"])


@pytest.mark.needs("gradient")
def test_an_ensemble_is_trained_at_once(backend):
    losses = import_module("ensemble_and_maml").train_ensemble(num_members=3, num_steps=60)
    assert losses.shape == (60, 3)
    assert np.all(losses[-1] < 0.7 * losses[0])
    assert len(set(losses[0].tolist())) == 3


@pytest.mark.needs("gradient")
def test_maml_learns_weights_from_which_a_step_goes_far(backend):
    adapted, before = import_module("ensemble_and_maml").train_maml(num_steps=200)
    assert np.mean(adapted[-50:]) < 0.9 * np.mean(adapted[:50])
    assert np.mean(adapted[-50:]) < 0.99 * np.mean(before[-50:])


@pytest.mark.needs("gradient")
def test_a_small_encoder_learns_in_which_order_words_come(backend):
    assert import_module("text_classification").main(epochs=12, num_sentences=1024) >= 0.9


# What is written in one framework.


@pytest.mark.needs_example_of("torch")
class TestTorchNative:
    def test_an_own_loop_learns(self, backend):
        assert falls(import_module("torch_native").own_loop(num_epochs=10))

    def test_a_module_holds_the_model_as_one_of_its_own(self, backend):
        losses, names = import_module("torch_native").inside_a_module(num_steps=40)
        assert falls(losses)
        assert names == ["features.dense.kernel", "features.dense.bias", "head.weight", "head.bias"]

    def test_two_processes_learn_what_one_does(self, backend):
        run = import_module("torch_native").data_parallel
        np.testing.assert_allclose(run(1, num_steps=5), run(2, num_steps=5), rtol=1e-5)


@pytest.mark.needs_example_of("tensorflow")
def test_tensorflow_trains_in_its_own_loops(backend_name):
    devices = (
        "import tensorflow as tf\n"
        "processor = tf.config.list_physical_devices('CPU')[0]\n"
        "tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)\n"
        "import kcore, tensorflow_native\n"
        "kcore.utils.set_random_seed(0)"
    )
    expression = "[tensorflow_native.own_loop(8), tensorflow_native.distributed_loop(num_steps=30)]"
    own, distributed = in_a_process(expression, backend_name, devices)
    assert falls(own)
    assert falls(distributed)


@pytest.mark.needs_example_of("jax")
def test_jax_trains_in_its_own_loops_on_one_device_and_on_four(backend_name):
    before = (
        "import jax_native, kcore\n"
        "def parallel(devices):\n"
        "    kcore.utils.set_random_seed(0)\n"
        "    return jax_native.data_parallel(devices, 30)\n"
    )
    expression = "[jax_native.own_loop(8), parallel(1), parallel(4)]"
    flags = "--xla_force_host_platform_device_count=4"
    own, one, four = in_a_process(expression, backend_name, before, XLA_FLAGS=flags)
    assert falls(own)
    assert falls(four)
    np.testing.assert_allclose(one, four, rtol=1e-4)
