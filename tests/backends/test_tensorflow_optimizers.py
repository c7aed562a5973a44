"""kcore's optimizers among TensorFlow's: its variables, checkpoints, tapes and strategies."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys

import kcore_ops as ops
import numpy as np
import pytest
import tensorflow as tf
from kcore_layers import Input, Sequential
from kcore_layers.layers import Dense
from kcore_train.optimizers import SGD, Adam, LossScaleOptimizer, Nadam, deserialize, serialize

X = np.ones((2, 3), "float32")


@pytest.fixture(autouse=True)
def _on_tensorflow():
    with ops.use_backend("tensorflow"):
        yield


def test_takes_variables_of_tensorflow():
    v = tf.Variable([1.0, 2.0])
    optimizer = SGD(1.0, momentum=0.5)
    for _ in range(2):
        optimizer.apply_gradients([(tf.constant([1.0, 0.5]), v)])
    np.testing.assert_allclose(v.numpy(), [-1.5, 0.75])


@pytest.mark.parametrize("make", [lambda: Adam(0.1), lambda: LossScaleOptimizer(Nadam(0.1))], ids=["Adam", "scaled"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_checkpoint_brings_the_state_back_before_and_after_it_is_built(tmp_path, make, when):
    def step(optimizer, v):
        optimizer.apply([tf.constant([1.0, 0.5])], [v])

    v, w, optimizer, other = tf.Variable([1.0, 2.0]), tf.Variable([0.0, 0.0]), make(), make()
    step(optimizer, v), step(optimizer, v)
    path = tf.train.Checkpoint(optimizer=optimizer, v=v).save(str(tmp_path / "checkpoint"))
    if when == "after":
        step(other, w)
    status = tf.train.Checkpoint(optimizer=other, v=w).restore(path)
    step(optimizer, v), step(other, w)
    status.assert_existing_objects_matched()
    np.testing.assert_array_equal(w.numpy(), v.numpy())
    for found, wanted in zip(other.variables, optimizer.variables, strict=True):
        np.testing.assert_array_equal(found.numpy(), wanted.numpy())


@pytest.mark.parametrize(
    "again",
    [copy.deepcopy, lambda optimizer: pickle.loads(pickle.dumps(optimizer)), lambda o: deserialize(serialize(o))],
)
def test_what_is_seen_by_checkpoints_is_an_adam_all_the_same(again):
    optimizer = again(Adam(0.25))
    assert isinstance(optimizer, Adam) and serialize(optimizer)["class_name"] == "Adam"
    assert list(tf.train.Checkpoint(optimizer=optimizer).optimizer._trackable_children()) == ["0", "1"]
    v = tf.Variable([1.0])
    optimizer.apply([tf.constant([1.0])], [v])
    np.testing.assert_allclose(v.numpy(), [0.75], rtol=1e-5)


def test_a_tape_watches_variables_and_gives_gradients_in_the_form_of_the_weights():
    model = Sequential([Input((3,)), Dense(2)])
    kernel, bias = model.trainable_variables
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(model.trainable_variables[:1])
        loss = tf.reduce_sum(model(X))
    gradients = tape.gradient(loss, {"kernel": kernel, "rest": (bias,)})
    np.testing.assert_array_equal(gradients["kernel"].numpy(), np.full((3, 2), 2.0))
    assert gradients["rest"] == (None,)


REPLICAS = """
import json, sys
import numpy as np
import tensorflow as tf

device = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(device, [tf.config.LogicalDeviceConfiguration()] * 2)

import kcore_ops as ops
ops.config.set_backend("tensorflow")
from kcore_layers import Input, Sequential
from kcore_layers.layers import Dense
from kcore_layers.base.random_seed import set_random_seed
from kcore_train.metrics import Mean
from kcore_train.optimizers import Adam, LossScaleOptimizer

x = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
y = x.sum(1, keepdims=True)


def train(strategy):
    with strategy.scope():
        set_random_seed(0)
        model = Sequential([Input((3,)), Dense(4, activation="tanh"), Dense(1)])
        optimizer, mean = LossScaleOptimizer(Adam(0.1, global_clipnorm=0.5)), Mean()

    def step(inputs, targets):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum((model(inputs, training=True) - targets) ** 2) / 8
            scaled = optimizer.scale_loss(loss)
        optimizer.apply_gradients(zip(tape.gradient(scaled, model.trainable_variables), model.trainable_variables))
        mean.update_state(loss)

    @tf.function
    def distributed(batch):
        strategy.run(step, args=batch)

    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(8).repeat(2)
    for batch in strategy.experimental_distribute_dataset(data):
        distributed(batch)
    weights = [[t.numpy().tolist() for t in strategy.experimental_local_results(v.value)] for v in model.variables]
    return weights, float(mean.result())


strategies = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]), tf.distribute.get_strategy()
print("FOUND", json.dumps([train(strategy) for strategy in strategies]))
"""


def test_replicas_of_a_loop_of_ones_own_stay_alike_and_train_as_one():
    run = subprocess.run([sys.executable, "-c", REPLICAS], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr[-2000:]
    line = next(line for line in run.stdout.splitlines() if line.startswith("FOUND"))
    (mirrored, mean), (alone, mean_alone) = json.loads(line.removeprefix("FOUND"))
    for (one, other), (wanted,) in zip(mirrored, alone, strict=True):
        assert one == other
        np.testing.assert_allclose(one, wanted, rtol=1e-4, atol=1e-6)
    # Each replica's loss is its part of the whole: their mean is half.
    assert mean == pytest.approx(mean_alone / 2, rel=1e-4)
