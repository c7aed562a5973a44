"""Write the files in this folder with Keras 2, and what its models give and learn, to expected.json.

They were written by tf_keras 2.21.0 on TensorFlow 2.21.0: `python make_files.py`, where both are installed.
"""

from __future__ import annotations

import json
import pathlib

import numpy as np
import tf_keras as keras

HERE = pathlib.Path(__file__).parent
rng = np.random.default_rng(0)
layers = keras.layers
expected = {}


def drawn(*shape):
    return rng.normal(size=shape).round(2).astype("float32")


def write(name, model, x, y=None):
    """Save a model; it has been trained if there are targets `y`, and is trained on for what is expected."""
    path = HERE / f"{name}.h5"
    if y is None:
        model.save(path, include_optimizer=False)
    else:
        model.fit(x, y, epochs=2, shuffle=False, verbose=0)
        model.save(path)
    outputs = model.predict(x, verbose=0)
    found = {
        "x": x.tolist(),
        "outputs": [each.tolist() for each in (outputs if isinstance(outputs, list) else [outputs])],
    }
    if y is not None:
        history = model.fit(x, y, epochs=3, shuffle=False, verbose=0).history
        found |= {"y": [each.tolist() for each in (y if isinstance(y, list) else [y])], "history": history}
    expected[name] = found


def functional():
    """Shared layers, one model inside another, several outputs."""
    x = keras.Input((3,), name="x")
    shared = layers.Dense(2, activation="tanh", name="shared")
    after = layers.Dense(3, name="after")(shared(x))
    inner = keras.Sequential([keras.Input((2,)), layers.Dense(2, name="inside")], name="inner")
    joined = layers.Concatenate(name="joined")([inner(shared(after)), shared(x)])
    outputs = [inner(layers.Dense(2, name="middle")(joined)), layers.Dense(1, name="last")(joined)]
    return keras.Model(x, outputs, name="functional")


def attention():
    x = keras.Input((2, 3), name="x")
    y = layers.MultiHeadAttention(1, 2, use_bias=False, name="heads")(x, x)
    return keras.Model(x, layers.Add(name="sum")([y, x]), name="attention")


def sequential(*stack, **options):
    return keras.Sequential([*stack], **options)


write("functional", functional(), drawn(4, 3))
write("attention", attention(), drawn(4, 2, 3))

x = keras.Input((3,), name="x")
model = keras.Model(x, [layers.Dense(2, name="first")(x), layers.Dense(1, name="last")(x)], name="two_outputs")
model.compile(keras.optimizers.legacy.SGD(0.1), "mse", metrics={"last": ["mae"]}, loss_weights=[1.0, 0.5])
write("two_outputs", model, drawn(4, 3), [drawn(4, 2), drawn(4, 1)])

model = sequential(layers.Dense(2, input_shape=(3,), kernel_regularizer="l2"), layers.BatchNormalization(), name="adam")
model.compile(keras.optimizers.Adam(0.05), keras.losses.Huber(delta=0.5), metrics=["mae"])
write("adam", model, drawn(4, 3), drawn(4, 2))

model = sequential(layers.Dense(2, input_shape=(3,), kernel_constraint="max_norm"), name="decaying")
model.compile(keras.optimizers.legacy.SGD(0.1, momentum=0.9, decay=0.1), "mse")
write("decaying", model, drawn(4, 3), drawn(4, 2))

model = sequential(layers.Dense(2, input_shape=(3,)), name="scaled")
schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)
model.compile(keras.mixed_precision.LossScaleOptimizer(keras.optimizers.RMSprop(schedule, momentum=0.5)), "mse")
write("scaled", model, drawn(4, 3), drawn(4, 2))

texts = rng.integers(0, 4, (4, 3))
recurrent = [layers.Bidirectional(layers.LSTM(1, return_sequences=True)), layers.GRU(1)]
write("recurrent", sequential(layers.Embedding(4, 2, mask_zero=True, input_length=3), *recurrent), texts)

images = [layers.DepthwiseConv2D(2, input_shape=(4, 4, 2)), layers.LeakyReLU(0.1), layers.SeparableConv2D(2, 2)]
write("images", sequential(*images, layers.Flatten(), layers.Dense(2, dtype="mixed_bfloat16")), drawn(2, 4, 4, 2))

model = sequential(layers.Dense(2, input_shape=(3,), name="one"), layers.Dense(1, name="two"))
model.save_weights(HERE / "weights.h5")
x = drawn(4, 3)
expected["weights"] = {"x": x.tolist(), "outputs": [model.predict(x, verbose=0).tolist()]}

x = keras.Input((3,), name="x")
keras.Model(x, x * 2 + 1, name="tensorflow_ops").save(HERE / "tensorflow_ops.h5")
sequential(layers.Lambda(lambda x: x * 2, input_shape=(3,)), name="with_lambda").save(HERE / "with_lambda.h5")

(HERE / "expected.json").write_text(json.dumps(expected, indent=None, separators=(",", ":")) + "\n")
