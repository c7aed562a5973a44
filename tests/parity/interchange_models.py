"""Small models of many kinds, each made by Keras and by kcore from the same lines, for files to go both ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["MODELS", "QUICK", "Case"]


@dataclass(frozen=True)
class Case:
    """A model to save and load.

    Args:
        make: function of a library, `keras` or `kcore`, and of classes of a user's, that returns a compiled model.
        goes_on: whether two of them train alike: nothing is drawn in a step.
        inputs: function of a generator that draws the inputs; None, the default, draws them by the model's inputs.
        targets: function of a generator and the outputs that draws the targets; by default normal numbers.
        differs: whether Keras itself trains it otherwise on JAX than on torch and TensorFlow.
        needs: the dtype that both frameworks must have, "float64" or none.
        keras_fails: what Keras itself can not do, with a part of its message: {"read .h5": "Could not"}.
        tolerance: how far outputs may differ, absolutely and relative to what they are; losses ten times as far.
    """

    make: Callable[[Any, Any], Any]
    goes_on: bool = True
    inputs: Callable[[np.random.Generator], Any] | None = None
    targets: Callable[[np.random.Generator, Any], Any] | None = None
    differs: bool = False
    needs: str = ""
    keras_fails: Mapping[str, str] = field(default_factory=dict)
    tolerance: float = 1e-5


MODELS: dict[str, Case] = {}
# Those that are tried in each run; all of them with --every-model.
QUICK = ("sequential", "shared_layers", "images_2d", "lstm", "ops_in_the_graph", "custom_layer", "nested_models")


def case(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(make: Callable[..., Any]) -> Callable[..., Any]:
        MODELS[make.__name__] = Case(make, **options)
        return make

    return register


def compiled(k: Any, model: Any, optimizer: Any = None, loss: Any = None, **kwargs: Any) -> Any:
    model.compile(optimizer or k.optimizers.SGD(0.05, momentum=0.9), loss or k.losses.MeanSquaredError(), **kwargs)
    return model


def stacked(k: Any, shape: tuple[int | None, ...], *layers: Any, **kwargs: Any) -> Any:
    return compiled(k, k.Sequential([k.Input(shape), *layers]), **kwargs)


def integers(*shape: int, below: int = 5) -> Callable[[np.random.Generator], Any]:
    return lambda rng: rng.integers(0, below, (8, *shape)).astype("int32")


def classes(below: int) -> Callable[[np.random.Generator, Any], Any]:
    return lambda rng, outputs: rng.integers(0, below, np.shape(outputs)[:-1]).astype("int32")


# Layers one after the other.


@case()
def sequential(k: Any, own: Any) -> Any:
    return stacked(k, (3,), k.layers.Dense(4, activation="relu"), k.layers.Dense(2), optimizer=k.optimizers.Adam(0.01))


@case(targets=classes(3))
def classifier(k: Any, own: Any) -> Any:
    return stacked(
        k, (3,), k.layers.Dense(4, activation="tanh"), k.layers.Dense(3, activation="softmax"),
        loss=k.losses.SparseCategoricalCrossentropy(), metrics=["accuracy"],
    )  # fmt: skip


@case()
def images_1d(k: Any, own: Any) -> Any:
    return stacked(
        k, (9, 3), k.layers.Conv1D(4, 3, padding="causal"), k.layers.SeparableConv1D(3, 2),
        k.layers.AveragePooling1D(2), k.layers.Conv1DTranspose(2, 2), k.layers.GlobalMaxPooling1D(),
    )  # fmt: skip


@case()
def images_2d(k: Any, own: Any) -> Any:
    return stacked(
        k, (8, 8, 2), k.layers.Conv2D(4, 3, padding="same", strides=2, activation="relu"),
        k.layers.BatchNormalization(), k.layers.DepthwiseConv2D(2, padding="same"), k.layers.SeparableConv2D(3, 2),
        k.layers.MaxPooling2D(), k.layers.Flatten(), k.layers.Dense(2),
    )  # fmt: skip


@case()
def images_3d(k: Any, own: Any) -> Any:
    return stacked(
        k, (4, 5, 4, 2), k.layers.Conv3D(3, 2), k.layers.AveragePooling3D(2), k.layers.GlobalAveragePooling3D(),
        k.layers.Dense(2),
    )  # fmt: skip


@case()
def transposed_convolution(k: Any, own: Any) -> Any:
    return stacked(
        k, (4, 4, 2), k.layers.Conv2DTranspose(3, 3, strides=2, padding="same"), k.layers.ZeroPadding2D(1),
        k.layers.Cropping2D(2), k.layers.UpSampling2D(2), k.layers.Conv2D(2, 2, dilation_rate=2),
    )  # fmt: skip


@case()
def lstm(k: Any, own: Any) -> Any:
    return stacked(k, (4, 3), k.layers.LSTM(3, return_sequences=True), k.layers.LSTM(2))


@case()
def gru(k: Any, own: Any) -> Any:
    return stacked(
        k, (4, 3), k.layers.GRU(3, return_sequences=True), k.layers.GRU(2, reset_after=False, go_backwards=True)
    )


@case()
def simple_rnn_of_cells(k: Any, own: Any) -> Any:
    cells = [k.layers.LSTMCell(3), k.layers.GRUCell(2), k.layers.SimpleRNNCell(2)]
    return stacked(k, (4, 3), k.layers.RNN(cells, return_sequences=True), k.layers.SimpleRNN(2))


@case()
def convolutional_lstm(k: Any, own: Any) -> Any:
    return stacked(
        k, (3, 5, 4, 2), k.layers.ConvLSTM2D(3, 2, padding="same", return_sequences=True),
        k.layers.ConvLSTM2D(2, (3, 2), strides=2), k.layers.Flatten(), k.layers.Dense(2),
    )  # fmt: skip


@case()
def bidirectional(k: Any, own: Any) -> Any:
    inner = k.layers.Bidirectional(k.layers.GRU(2, return_sequences=True), merge_mode="ave")
    return stacked(k, (4, 3), k.layers.Bidirectional(k.layers.LSTM(2, return_sequences=True)), inner)


@case()
def time_distributed(k: Any, own: Any) -> Any:
    return stacked(
        k, (3, 4, 4, 1), k.layers.TimeDistributed(k.layers.Conv2D(2, 2)), k.layers.TimeDistributed(k.layers.Flatten()),
        k.layers.TimeDistributed(k.layers.Dense(2)),
    )  # fmt: skip


@case(inputs=integers(4))
def embedding_with_mask(k: Any, own: Any) -> Any:
    return stacked(k, (4,), k.layers.Embedding(5, 3, mask_zero=True), k.layers.LSTM(2), k.layers.Dense(2))


@case()
def normalizing(k: Any, own: Any) -> Any:
    return stacked(
        k, (4, 6), k.layers.LayerNormalization(), k.layers.GroupNormalization(3), k.layers.UnitNormalization(),
        k.layers.BatchNormalization(momentum=0.5), k.layers.Dense(2),
    )  # fmt: skip


@case(differs=True)  # on JAX the gradient goes through the division by the largest singular value
def spectral_normalization(k: Any, own: Any) -> Any:
    return stacked(k, (3,), k.layers.SpectralNormalization(k.layers.Dense(4)), k.layers.Dense(2))


@case()
def einsum_dense(k: Any, own: Any) -> Any:
    return stacked(
        k, (4, 3), k.layers.EinsumDense("abc,cd->abd", (4, 5), bias_axes="d"),
        k.layers.EinsumDense("abc,bcd->ad", 2, activation="tanh"),
    )  # fmt: skip


@case()
def activations(k: Any, own: Any) -> Any:
    return stacked(
        k, (3,), k.layers.Dense(4), k.layers.PReLU(), k.layers.Dense(4, activation="gelu"), k.layers.LeakyReLU(0.2),
        k.layers.Dense(4, activation="silu"), k.layers.ELU(), k.layers.Dense(3, activation="selu"), k.layers.Softmax(),
        k.layers.Activation("softplus"), k.layers.ReLU(max_value=6.0), k.layers.Dense(2),
    )  # fmt: skip


@case()
def shaping(k: Any, own: Any) -> Any:
    return stacked(
        k, (6,), k.layers.RepeatVector(2), k.layers.Permute((2, 1)), k.layers.Reshape((3, 4)),
        k.layers.ZeroPadding1D(1), k.layers.Cropping1D((1, 0)), k.layers.UpSampling1D(2), k.layers.Flatten(),
        k.layers.Dense(2),
    )  # fmt: skip


@case()
def rescaling(k: Any, own: Any) -> Any:
    return stacked(k, (3,), k.layers.Rescaling(0.5, offset=1.0), k.layers.Dense(2))


@case()
def adapted_normalization(k: Any, own: Any) -> Any:
    layer = k.layers.Normalization()
    layer.adapt(np.random.default_rng(1).normal(2, 3, (16, 3)).astype("float32"))
    return stacked(k, (3,), layer, k.layers.Dense(2))


@case()
def given_normalization(k: Any, own: Any) -> Any:
    return stacked(k, (3,), k.layers.Normalization(mean=[0.0, 1.0, 2.0], variance=[1.0, 4.0, 9.0]), k.layers.Dense(2))


@case()
def regularized(k: Any, own: Any) -> Any:
    return stacked(
        k, (3,),
        k.layers.Dense(4, kernel_regularizer="l2", bias_regularizer=k.regularizers.L1L2(0.01, 0.02)),
        k.layers.Dense(
            3, kernel_regularizer=k.regularizers.OrthogonalRegularizer(0.01),
            activity_regularizer=k.regularizers.L2(0.01),
        ),
        k.layers.ActivityRegularization(l1=0.01), k.layers.Dense(2),
    )  # fmt: skip


@case()
def constrained(k: Any, own: Any) -> Any:
    return stacked(
        k, (3,), k.layers.Dense(4, kernel_constraint=k.constraints.MaxNorm(1.0), bias_constraint="non_neg"),
        k.layers.Dense(4, kernel_constraint=k.constraints.UnitNorm(axis=0)),
        k.layers.Dense(2, kernel_constraint=k.constraints.MinMaxNorm(0.1, 0.5, rate=0.5)),
    )  # fmt: skip


@case()
def initialized(k: Any, own: Any) -> Any:
    return stacked(
        k, (3,), k.layers.Dense(4, kernel_initializer=k.initializers.HeNormal(seed=3), bias_initializer="ones"),
        k.layers.Dense(4, kernel_initializer=k.initializers.VarianceScaling(2.0, "fan_out", "uniform", seed=4)),
        k.layers.Dense(4, kernel_initializer=k.initializers.Orthogonal(0.5, seed=5)), k.layers.Dense(2),
    )  # fmt: skip


@case()
def partly_frozen(k: Any, own: Any) -> Any:
    frozen = k.layers.Dense(4, trainable=False)
    still = k.layers.BatchNormalization()
    still.trainable = False
    return stacked(k, (3,), k.layers.Dense(4), frozen, still, k.layers.Dense(2))


@case(goes_on=False)
def dropout_with_seeds(k: Any, own: Any) -> Any:
    return stacked(
        k, (4, 3), k.layers.Dropout(0.3, seed=1), k.layers.SpatialDropout1D(0.2, seed=2), k.layers.GaussianNoise(0.1),
        k.layers.LSTM(3, dropout=0.2, recurrent_dropout=0.1, seed=3), k.layers.AlphaDropout(0.1), k.layers.Dense(2),
    )  # fmt: skip


# Graphs.


@case()
def shared_layers(k: Any, own: Any) -> Any:
    x, y = k.Input((3,), name="x"), k.Input((3,), name="y")
    shared = k.layers.Dense(3, activation="tanh", name="shared")
    z = k.layers.Add()([shared(x), shared(shared(y))])
    return compiled(k, k.Model([x, y], k.layers.Dense(2)(z)), k.optimizers.Adam(0.01))


@case()
def several_outputs(k: Any, own: Any) -> Any:
    x = k.Input((3,))
    hidden = k.layers.Dense(4, activation="relu")(x)
    outputs = [k.layers.Dense(2, name="first")(hidden), k.layers.Dense(1, name="second")(hidden)]
    losses = [k.losses.MeanSquaredError(), k.losses.MeanAbsoluteError()]
    return compiled(k, k.Model(x, outputs), loss=losses, loss_weights=[1.0, 0.5], metrics=[["mae"], ["mse"]])


@case(inputs=lambda rng: {n: rng.normal(size=(8, i)).astype("float32") for n, i in (("left", 3), ("right", 2))})
def inputs_and_outputs_by_name(k: Any, own: Any) -> Any:
    x, y = k.Input((3,), name="left"), k.Input((2,), name="right")
    joined = k.layers.Concatenate()([x, y])
    outputs = {"a": k.layers.Dense(2, name="a")(joined), "b": k.layers.Dense(1, name="b")(joined)}
    losses = {"a": k.losses.MeanSquaredError(), "b": k.losses.MeanAbsoluteError()}
    return compiled(k, k.Model({"left": x, "right": y}, outputs), loss=losses)


@case()
def merging(k: Any, own: Any) -> Any:
    x = k.Input((3,))
    a, b = k.layers.Dense(4)(x), k.layers.Dense(4)(x)
    merged = [
        k.layers.Add()([a, b]), k.layers.Subtract()([a, b]), k.layers.Multiply()([a, b]), k.layers.Average()([a, b]),
        k.layers.Maximum()([a, b]), k.layers.Minimum()([a, b]), k.layers.Dot(axes=1)([a, b]),
    ]  # fmt: skip
    return compiled(k, k.Model(x, k.layers.Dense(2)(k.layers.Concatenate()(merged))))


@case()
def multi_head_attention(k: Any, own: Any) -> Any:
    x, y = k.Input((4, 6)), k.Input((3, 6))
    z = k.layers.MultiHeadAttention(2, 3)(x, y, y)
    z = k.layers.LayerNormalization()(k.layers.Add()([x, z]))
    return compiled(k, k.Model([x, y], k.layers.MultiHeadAttention(1, 2)(z, z, use_causal_mask=True)))


@case()
def grouped_attention(k: Any, own: Any) -> Any:
    x = k.Input((4, 6))
    return compiled(k, k.Model(x, k.layers.GroupQueryAttention(3, 4, 2)(x, x)))


@case()
def attention_of_dots(k: Any, own: Any) -> Any:
    x, y = k.Input((4, 3)), k.Input((5, 3))
    z = k.layers.Attention(use_scale=True)([x, y])
    return compiled(k, k.Model([x, y], k.layers.Dense(2)(k.layers.AdditiveAttention()([z, y]))))


@case()
def nested_models(k: Any, own: Any) -> Any:
    def inner(name: str) -> Any:
        return k.Sequential([k.Input((3,)), k.layers.Dense(3), k.layers.BatchNormalization()], name=name)

    x, y = k.Input((3,)), k.Input((3,))
    middle = k.Model(y, k.layers.Dense(3, name="in_the_middle")(inner("one")(y)), name="middle")
    # Keras reads no model of its own in which a model is called both inside another and beside it.
    return compiled(k, k.Model(x, k.layers.Dense(2)(middle(inner("other")(x)))))


@case()
def nested_and_called_twice(k: Any, own: Any) -> Any:
    x, y = k.Input((3,)), k.Input((3,))
    z = k.Input((3,))
    tower = k.Model(z, [k.layers.Dense(2)(z), k.layers.Dense(2)(z)], name="tower")
    (a, b), (c, d) = tower(x), tower(y)
    return compiled(k, k.Model([x, y], k.layers.Concatenate()([a, d, b, c])))


@case()
def frozen_inside(k: Any, own: Any) -> Any:
    inner = k.Sequential(
        [k.Input((3,)), k.layers.Dense(4, trainable=False), k.layers.BatchNormalization(), k.layers.Dense(3)], name="in"
    )
    inner.layers[1].trainable = False
    return compiled(k, k.Sequential([k.Input((3,)), inner, k.layers.Dense(2)]))


@case(inputs=lambda rng: [rng.integers(0, 4, (8, 5)).astype("int32"), rng.normal(size=(8, 3)).astype("float32")])
def masks_through_a_graph(k: Any, own: Any) -> Any:
    tokens, x = k.Input((5,), dtype="int32"), k.Input((3,))
    embedded = k.layers.Embedding(4, 3, mask_zero=True)(tokens)
    states = k.layers.GRU(3)(k.layers.Masking(0.5)(embedded))
    return compiled(k, k.Model([tokens, x], k.layers.Dense(2)(k.layers.Add()([states, x]))))


@case()
def states_passed_on(k: Any, own: Any) -> Any:
    x, y = k.Input((4, 3)), k.Input((2, 3))
    _, *states = k.layers.LSTM(3, return_state=True)(x)
    return compiled(k, k.Model([x, y], k.layers.LSTM(3, return_sequences=True)(y, initial_state=states)))


@case()
def ops_in_the_graph(k: Any, own: Any) -> Any:
    x = k.Input((4, 3))
    y = k.ops.relu(k.layers.Dense(3)(x)) * 2 - x[:, :, 1:2] / 3
    y = k.ops.concatenate([k.ops.mean(y, axis=1), k.ops.reshape(y, (-1, 12))], axis=-1)
    return compiled(k, k.Model(x, k.layers.Dense(2)(k.ops.tanh(y))))


@case()
def more_ops_in_the_graph(k: Any, own: Any) -> Any:
    x = k.Input((4, 3))
    y = k.ops.softmax(k.ops.einsum("bij,bkj->bik", x, x), axis=-1)
    y = k.ops.where(k.ops.greater(y, 0.2), y, k.ops.zeros_like(y)) + k.ops.expand_dims(k.ops.max(x, axis=2), 1)
    y = k.ops.transpose(k.ops.stack([y, -y], axis=1), (0, 2, 1, 3))
    return compiled(k, k.Model(x, k.layers.Dense(2)(k.layers.Flatten()(y))))


# Classes of a user's.


@case()
def custom_layer(k: Any, own: Any) -> Any:
    return stacked(k, (3,), own.Scaled(2.0), k.layers.Dense(4, activation=own.bent), own.Scaled(0.5), k.layers.Dense(2))


@case()
def custom_layer_of_layers(k: Any, own: Any) -> Any:
    return stacked(k, (3,), own.Block(4), own.Block(3), k.layers.Dense(2))


@case()
def custom_loss_and_metric(k: Any, own: Any) -> Any:
    return stacked(k, (3,), k.layers.Dense(2), loss=own.cubic, metrics=[own.cubic])


# Dtypes.


@case(tolerance=1e-2)
def mixed_precision(k: Any, own: Any) -> Any:
    return stacked(
        k, (3,), k.layers.Dense(4, dtype="mixed_bfloat16"), k.layers.BatchNormalization(dtype="mixed_bfloat16"),
        k.layers.Dense(2, dtype="float32"),
    )  # fmt: skip


@case(needs="float64")
def double_precision(k: Any, own: Any) -> Any:
    x = k.Input((3,), dtype="float64")
    y = k.layers.Dense(4, dtype="float64", activation="tanh")(x)
    return compiled(k, k.Model(x, k.layers.Dense(2, dtype="float64")(y)))


@case(tolerance=2e-3)
def half_precision(k: Any, own: Any) -> Any:
    return stacked(k, (3,), k.layers.Dense(4, dtype="float16"), k.layers.Dense(2))


# Optimizers, each with state.


OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "adadelta": lambda o: o.Adadelta(0.5),
    "adafactor": lambda o: o.Adafactor(0.05),
    "adagrad": lambda o: o.Adagrad(0.1),
    "adam_with_amsgrad": lambda o: o.Adam(0.05, amsgrad=True),
    "adamax": lambda o: o.Adamax(0.05),
    "adamw": lambda o: o.AdamW(0.05, weight_decay=0.1),
    "ftrl": lambda o: o.Ftrl(0.1, l1_regularization_strength=0.01),
    "lamb": lambda o: o.Lamb(0.05),
    "lion": lambda o: o.Lion(0.01),
    "loss_scaling": lambda o: o.LossScaleOptimizer(o.Adam(0.05), initial_scale=64.0),
    "muon": lambda o: o.Muon(0.05),
    "nadam": lambda o: o.Nadam(0.05),
    "rmsprop_centered": lambda o: o.RMSprop(0.01, momentum=0.9, centered=True),
    "sgd_clipped": lambda o: o.SGD(0.05, momentum=0.9, nesterov=True, clipnorm=1.0),
    "accumulated_gradients": lambda o: o.Adam(0.05, gradient_accumulation_steps=2),
    "exponential_decay": lambda o: o.Adam(o.schedules.ExponentialDecay(0.05, 2, 0.5)),
    "cosine_decay": lambda o: o.SGD(o.schedules.CosineDecay(0.05, 10, warmup_target=0.1, warmup_steps=3), momentum=0.5),
    "piecewise_decay": lambda o: o.SGD(o.schedules.PiecewiseConstantDecay([2, 4], [0.1, 0.05, 0.01])),
}


def trained_by(choose: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    def make(k: Any, own: Any) -> Any:
        layers = [k.layers.Dense(4, activation="tanh"), k.layers.BatchNormalization(), k.layers.Dense(2)]
        return stacked(k, (3,), *layers, optimizer=choose(k.optimizers))

    return make


FAILURES = {
    "adafactor": {"write .h5": "name already exists"},  # it gives two variables one name
    "lamb": {"read .h5": "Could not interpret optimizer identifier"},
}
for name, choose in OPTIMIZERS.items():
    MODELS[f"optimizer_{name}"] = Case(trained_by(choose), keras_fails=FAILURES.get(name, {}))
