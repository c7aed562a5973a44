"""The same models and loops as TensorFlow's users write them: variables, a tape, and Adam, in one `tf.function`."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from training_models import HEADS, VOCABULARY, WIDTH


class Weights(tf.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rng = np.random.default_rng(0)
        self.all: list[tf.Variable] = []

    def make(self, *shape: int, value: float | None = None) -> tf.Variable:
        numbers = self.rng.normal(size=shape) * 0.05 if value is None else np.full(shape, value)
        self.all.append(tf.Variable(numbers.astype("float32")))
        return self.all[-1]

    def dense(self, *sizes: int) -> list[Any]:
        return [(self.make(m, n), self.make(n, value=0.0)) for m, n in zip(sizes[:-1], sizes[1:], strict=True)]


def _mlp(layers: Any, x: Any) -> Any:
    for w, b in layers[:-1]:
        x = tf.nn.relu(tf.matmul(x, w) + b)
    w, b = layers[-1]
    return tf.matmul(x, w) + b


def _linear(x: Any, w: Any, b: Any) -> Any:
    return tf.tensordot(x, w, 1) + b


def _normed(x: Any, scale: Any, offset: Any) -> Any:
    mean, variance = tf.nn.moments(x, -1, keepdims=True)
    return tf.nn.batch_normalization(x, mean, variance, offset, scale, 1e-5)


def _forward(name: str, weights: Weights) -> Any:
    if name in ("tiny", "mlp"):
        layers = weights.dense(32, 32, 10) if name == "tiny" else weights.dense(64, 512, 512, 10)
        return lambda x: _mlp(layers, x)
    if name == "cnn":
        kernels = [(weights.make(3, 3, 1, 32), weights.make(32, value=0.0)),
                   (weights.make(3, 3, 32, 64), weights.make(64, value=0.0))]  # fmt: skip
        top = weights.dense(1600, 10)

        def cnn(x: Any) -> Any:
            for kernel, bias in kernels:
                x = tf.nn.max_pool2d(tf.nn.relu(tf.nn.conv2d(x, kernel, 1, "VALID") + bias), 2, 2, "VALID")
            return _mlp(top, tf.reshape(x, (-1, 1600)))

        return cnn
    if name == "lstm":
        kernel, recurrent, bias = weights.make(32, 256), weights.make(64, 256), weights.make(256, value=0.0)
        top = weights.dense(64, 10)

        def lstm(x: Any) -> Any:
            gates = tf.transpose(_linear(x, kernel, bias), (1, 0, 2))
            h = c = tf.zeros((tf.shape(x)[0], 64))

            def body(t: Any, h: Any, c: Any) -> Any:
                i, f, g, o = tf.split(gates[t] + tf.matmul(h, recurrent), 4, axis=-1)
                c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
                return t + 1, tf.sigmoid(o) * tf.tanh(c), c

            _, h, _ = tf.while_loop(lambda t, h, c: t < 50, body, (0, h, c), maximum_iterations=50)
            return _mlp(top, h)

        return lstm
    return _transformer(weights)


def _transformer(weights: Weights) -> Any:
    embedding = weights.make(VOCABULARY, WIDTH)
    blocks = [
        {
            "norms": [(weights.make(WIDTH, value=1.0), weights.make(WIDTH, value=0.0)) for _ in range(2)],
            "qkv": [weights.dense(WIDTH, WIDTH)[0] for _ in range(3)],
            "out": weights.dense(WIDTH, WIDTH)[0],
            "network": weights.dense(WIDTH, 4 * WIDTH, WIDTH),
        }
        for _ in range(2)
    ]
    top = weights.dense(WIDTH, 10)

    def forward(tokens: Any) -> Any:
        x = tf.gather(embedding, tokens)
        n, length = tf.shape(tokens)[0], tokens.shape[1]
        for block in blocks:
            normed = _normed(x, *block["norms"][0])
            parts = [tf.reshape(_linear(normed, w, b), (n, length, HEADS, -1)) for w, b in block["qkv"]]
            q, k, v = (tf.transpose(part, (0, 2, 1, 3)) for part in parts)
            scores = tf.nn.softmax(tf.matmul(q, k, transpose_b=True) * (WIDTH // HEADS) ** -0.5)
            attended = tf.reshape(tf.transpose(tf.matmul(scores, v), (0, 2, 1, 3)), (n, length, WIDTH))
            x = x + _linear(attended, *block["out"])
            hidden = tf.nn.gelu(_linear(_normed(x, *block["norms"][1]), *block["network"][0]))
            x = x + _linear(hidden, *block["network"][1])
        return _mlp(top, tf.reduce_mean(x, 1))

    return forward


class Loop:
    def __init__(self, case: Any) -> None:
        self.case = case
        weights = Weights()
        forward = _forward(case.name, weights)
        variables = weights.all
        m, v = ([tf.Variable(tf.zeros_like(w)) for w in variables] for _ in range(2))
        count, total, correct = (tf.Variable(0.0) for _ in range(3))
        self.sums = total, correct

        @tf.function
        def step(x: Any, y: Any) -> Any:
            with tf.GradientTape() as tape:
                outputs = forward(x)
                loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, outputs))
            grads = [tf.convert_to_tensor(g) for g in tape.gradient(loss, variables)]
            count.assign_add(1.0)
            rate = 1e-3 * tf.sqrt(1 - 0.999**count) / (1 - 0.9**count)
            for w, g, a, b in zip(variables, grads, m, v, strict=True):
                a.assign_add((g - a) * 0.1)
                b.assign_add((g * g - b) * 0.001)
                w.assign_sub(rate * a / (tf.sqrt(b) + 1e-7))
            total.assign_add(loss * tf.cast(tf.shape(x)[0], "float32"))
            correct.assign_add(tf.reduce_sum(tf.cast(tf.argmax(outputs, -1, tf.int32) == y, "float32")))

        self.step, self.forward = step, tf.function(forward)

    def fit(self, x: np.ndarray, y: np.ndarray) -> None:
        size, order = self.case.batch_size, np.random.permutation(len(x))
        for each in self.sums:
            each.assign(0.0)
        for i in range(0, len(x), size):
            rows = order[i : i + size]
            self.step(tf.constant(x[rows]), tf.constant(y[rows]))
        self.results = tuple(float(each) / len(x) for each in self.sums)

    def predict(self, x: np.ndarray) -> np.ndarray:
        size = self.case.batch_size
        return np.concatenate([self.forward(tf.constant(x[i : i + size])).numpy() for i in range(0, len(x), size)])
