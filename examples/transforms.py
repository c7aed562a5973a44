"""Function transforms, written once: gradients, vectorization and compilation on JAX, PyTorch and TensorFlow.

Run it on each: `KCORE_BACKEND=torch python examples/transforms.py`.
"""

from __future__ import annotations

import numpy as np
from kcore_ops import convert_to_tensor, dot, grad, hessian, jit, matmul, mean, square, stack, sum, tanh, vmap


def polynomial(x):
    return x**2 - 5 * x + 1


def convolve(x, w):
    """Slide `w` along `x`, written for one vector with a Python loop."""
    output = []
    for i in range(x.shape[0] - w.shape[0] + 1):
        output.append(dot(x[i : i + w.shape[0]], w))
    return stack(output)


def predict(params, inputs):
    """An MLP with tanh between its layers."""
    for weight, bias in params:
        outputs = matmul(inputs, weight) + bias
        inputs = tanh(outputs)
    return outputs


def mse_loss(params, inputs, targets):
    return mean(square(predict(params, inputs) - targets))


def derivatives_of_a_polynomial():
    """2x - 5, 2 and 0, at x = 1."""
    first, second, third = grad(polynomial), grad(grad(polynomial)), grad(grad(grad(polynomial)))
    return float(first(1.0)), float(second(1.0)), float(third(1.0))


def batched_convolutions():
    """The convolution of one vector, and of a batch by `vmap`, at once and compiled."""
    x, w = np.arange(5, dtype="float32"), np.array([2.0, 3.0, 4.0], "float32")
    batch = np.stack([x, x])
    batched = vmap(convolve, in_axes=(0, None))
    x, w, batch = convert_to_tensor(x), convert_to_tensor(w), convert_to_tensor(batch)
    return convolve(x, w), batched(batch, w), jit(batched)(batch, w)


def random_mlp(sizes=(3, 8, 1), seed=0):
    rng = np.random.default_rng(seed)
    return [
        (convert_to_tensor(rng.normal(size=(m, n)).astype("float32")), convert_to_tensor(np.zeros(n, "float32")))
        for m, n in zip(sizes[:-1], sizes[1:], strict=True)
    ]


def gradient_of_an_mlp():
    """The gradient of the squared error by every weight, compiled; has the form of the parameters."""
    rng = np.random.default_rng(1)
    inputs, targets = rng.normal(size=(16, 3)).astype("float32"), rng.normal(size=(16, 1)).astype("float32")
    return jit(grad(mse_loss))(random_mlp(), convert_to_tensor(inputs), convert_to_tensor(targets))


def gradients_per_sample():
    """One gradient for each row of a batch, in one call; their mean is the gradient of the batch."""
    rng = np.random.default_rng(1)
    inputs, targets = rng.normal(size=(16, 3)).astype("float32"), rng.normal(size=(16, 1)).astype("float32")
    each = vmap(grad(mse_loss), in_axes=(None, 0, 0))
    return each(random_mlp(), convert_to_tensor(inputs), convert_to_tensor(targets))


def batched_hessian():
    """The Hessian of sum(x**3) for each row: 6x on the diagonal."""
    rows = convert_to_tensor(np.arange(6, dtype="float32").reshape(2, 3))
    return vmap(hessian(lambda x: sum(x * x * x)))(rows)


def main():
    print(*derivatives_of_a_polynomial())
    for result in batched_convolutions():
        print(np.asarray(result))
    print(*(tuple(g.shape) for layer in gradient_of_an_mlp() for g in layer))
    print(*(tuple(g.shape) for layer in gradients_per_sample() for g in layer))
    print(np.asarray(batched_hessian()))


if __name__ == "__main__":
    main()
