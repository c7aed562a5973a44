"""A kcore model in training loops of TensorFlow's: a compiled step, and one under `tf.distribute`.

KCORE_BACKEND=tensorflow python examples/tensorflow_native.py
"""

from __future__ import annotations

import kcore as keras
import numpy as np
import tensorflow as tf

NUM_CLASSES = 3


def make_data() -> tuple[np.ndarray, np.ndarray]:
    """Three clouds of points, and one-hot which cloud each is of."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, NUM_CLASSES, 256)
    points = rng.normal(size=(256, 4)) + 3.0 * np.eye(NUM_CLASSES, 4)[labels]
    return points.astype("float32"), keras.utils.to_categorical(labels, NUM_CLASSES)


def make_model() -> keras.Model:
    return keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(NUM_CLASSES)]
    )


def own_loop(num_epochs: int = 20) -> list[float]:
    """Train with a step that XLA compiles; gives the losses."""
    model = make_model()
    optimizer = keras.optimizers.Adam(learning_rate=1e-2)
    loss_fn = keras.losses.CategoricalCrossentropy(from_logits=True)
    optimizer.build(model.trainable_variables)

    @tf.function(jit_compile=True)
    def train_step(inputs, targets):
        # Compute loss.
        with tf.GradientTape() as tape:
            logits = model(inputs, training=True)
            loss = loss_fn(targets, logits)

        # Compute gradients.
        gradients = tape.gradient(loss, model.trainable_weights)

        # Update weights.
        optimizer.apply(gradients, model.trainable_weights)
        return loss

    dataset = tf.data.Dataset.from_tensor_slices(make_data()).batch(64)
    losses = []
    for _ in range(num_epochs):
        for inputs, targets in dataset:
            loss = train_step(inputs, targets)
        losses.append(float(loss.numpy()))
    return losses


def distributed_loop(num_replicas: int = 2, num_steps: int = 60) -> list[float]:
    """Train copies of the model in step, on parts of a host's processor; gives the losses."""
    devices = [f"/cpu:{i}" for i in range(num_replicas)]
    strategy = tf.distribute.MirroredStrategy(devices, cross_device_ops=tf.distribute.ReductionToOneDevice())
    with strategy.scope():
        model = make_model()
        optimizer = keras.optimizers.SGD(learning_rate=0.1)
        optimizer.build(model.trainable_variables)
    loss_fn = keras.losses.CategoricalCrossentropy(from_logits=True)
    x, y = make_data()
    dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(len(x)).repeat()

    def replica_step(inputs, targets):
        with tf.GradientTape() as tape:
            loss = loss_fn(targets, model(inputs, training=True))
        gradients = tape.gradient(loss, [v.value for v in model.trainable_weights])
        context = tf.distribute.get_replica_context()
        gradients = context.all_reduce(tf.distribute.ReduceOp.MEAN, gradients)
        optimizer.apply(gradients, model.trainable_weights)
        return loss

    @tf.function
    def train_step(batch):
        losses = strategy.run(replica_step, args=batch)
        return strategy.reduce(tf.distribute.ReduceOp.MEAN, losses, axis=None)

    batches = iter(strategy.experimental_distribute_dataset(dataset))
    return [float(train_step(next(batches))) for _ in range(num_steps)]


def main() -> None:
    keras.utils.set_random_seed(0)
    print("own loop:        ", own_loop()[-1])
    print("under a strategy:", distributed_loop()[-1])


if __name__ == "__main__":
    processor = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
    with keras.use_backend("tensorflow"):
        main()
