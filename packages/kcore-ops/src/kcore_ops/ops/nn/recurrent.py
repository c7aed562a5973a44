"""Recurrent networks over whole sequences: `lstm` and `gru`.

The inputs of all steps are projected by one product before the loop; a step of the loop holds only what depends on the
step before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kcore_ops.dtypes.promotion import real_floating
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.ops.core.control_flow import scan
from kcore_ops.ops.nn.activations import sigmoid
from kcore_ops.ops.nn.biased import biased_matmul
from kcore_ops.ops.numpy.arithmetic import add, multiply, subtract
from kcore_ops.ops.numpy.joining import split
from kcore_ops.ops.numpy.manipulation import transpose
from kcore_ops.ops.numpy.products import matmul
from kcore_ops.ops.numpy.trigonometry import tanh
from kcore_ops.specs.shapes import differ, show_shape

__all__ = ["gru", "check_recurrent_shapes", "gru_biases", "gru_step", "lstm", "lstm_step"]

Function = Callable[[Any], Any]


@op(dtypes={"x h c kernel recurrent_kernel bias": real_floating})
def lstm(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor | None = None,
    unroll: bool = False,
) -> Any:
    """Run a long short-term memory over sequences: give the hidden states, and the last hidden and cell state.

    At each step `[i, f, g, o] = x @ kernel + h @ recurrent_kernel + bias`, then
    `c = sigmoid(f) * c + sigmoid(i) * tanh(g)` and `h = sigmoid(o) * tanh(c)`.
    Shapes: `x` is `(batch, time, n)`, `h` and `c` are `(batch, units)`, `kernel` `(n, 4 * units)`, `recurrent_kernel`
    `(units, 4 * units)` and `bias` `(4 * units,)`, or None for zeros; the results are `(batch, time, units)` and twice
    `(batch, units)`.
    Dtype: the common one; integers become the default float. `unroll` lets a compiler write out all steps.
    Raises: `ShapeError` if the shapes do not fit; `DTypeError` for complex numbers.
    Source: Hochreiter & Schmidhuber (1997), doi:10.1162/neco.1997.9.8.1735; with forget gates, Gers et al. (2000),
    doi:10.1162/089976600300015015.

    >>> ones = [[1.0, 1.0, 1.0, 1.0]]
    >>> ys, h, c = lstm([[[1.0], [1.0]]], h=[[0.0]], c=[[0.0]], kernel=ones, recurrent_kernel=ones)
    >>> ys.round(3)
    array([[[0.37 ],
            [0.651]]], dtype=float32)
    """
    check_recurrent_shapes(x, kernel, recurrent_kernel, bias, gates=4, h=h, c=c)

    def step(carry: Any, projected: Any) -> Any:
        h, c = carry
        h, c = lstm_step(add(projected, matmul(h, recurrent_kernel)), c)
        return (h, c), h

    (h, c), ys = scan(step, (h, c), _projected(x, kernel, bias), unroll=_turns(unroll))
    return transpose(ys, (1, 0, 2)), h, c


def lstm_step(
    z: Any, c: Any, activation: Function = tanh, recurrent_activation: Function = sigmoid, axis: int = -1
) -> tuple[Any, Any]:
    """Return the hidden and the cell state after a step.

    Args:
        z: `x @ kernel + h @ recurrent_kernel + bias`, `(batch, 4 * units)`.
        c: the cell state before, `(batch, units)`.
        activation: of the candidate and of the cell state.
        recurrent_activation: of the gates.
        axis: int, the axis that gates lie along; -1, the last.

    >>> h, c = lstm_step([[0.0, 0.0, 0.0, 0.0]], [[1.0]])
    >>> c
    array([[0.5]], dtype=float32)
    """
    i, f, g, o = split(z, 4, axis=axis)
    c = add(multiply(recurrent_activation(f), c), multiply(recurrent_activation(i), activation(g)))
    return multiply(recurrent_activation(o), activation(c)), c


@op(dtypes={"x h kernel recurrent_kernel bias": real_floating})
def gru(
    x: Tensor,
    h: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor | None = None,
    reset_after: bool = True,
    unroll: bool = False,
) -> Any:
    """Run a gated recurrent unit over sequences: give the hidden states, and the last one.

    At each step `z` and `r` are sigmoids of `x @ kernel + h @ recurrent_kernel + bias`, the candidate `g` is the `tanh`
    of its part, and `h = z * h + (1 - z) * g`. The gate `r` multiplies the candidate's part of
    `h @ recurrent_kernel + bias[1]` with `reset_after`, and `h` itself without.
    Shapes: `x` is `(batch, time, n)`, `h` `(batch, units)`, `kernel` `(n, 3 * units)` in the order z, r, g,
    `recurrent_kernel` `(units, 3 * units)`, and `bias` `(2, 3 * units)`, one for the inputs and one for the states, or
    `(3 * units,)` without `reset_after`, or None for zeros; the results are `(batch, time, units)` and
    `(batch, units)`.
    Dtype: the common one; integers become the default float. `unroll` lets a compiler write out all steps.
    Raises: `ShapeError` if the shapes do not fit; `DTypeError` for complex numbers.
    Source: Cho et al. (2014), arXiv:1406.1078, eqs. 5 to 8; with `reset_after`, as in cuDNN.

    >>> ones = [[1.0, 1.0, 1.0]]
    >>> ys, h = gru([[[1.0], [1.0]]], h=[[0.0]], kernel=ones, recurrent_kernel=ones)
    >>> ys.round(3)
    array([[[0.205],
            [0.347]]], dtype=float32)
    """
    check_recurrent_shapes(x, kernel, recurrent_kernel, bias, gates=3, rows=(2,) if reset_after else (), h=h)
    of_input, of_state = gru_biases(bias, reset_after)

    def step(h: Any, projected: Any) -> Any:
        h = gru_step(projected, h, recurrent_kernel, of_state, reset_after)
        return h, h

    h, ys = scan(step, h, _projected(x, kernel, of_input), unroll=_turns(unroll))
    return transpose(ys, (1, 0, 2)), h


def gru_biases(bias: Any, reset_after: bool) -> tuple[Any, Any]:
    """Return the bias of the inputs and that of the states, either of which may be None."""
    return (bias[0], bias[1]) if reset_after and bias is not None else (bias, None)


def gru_step(
    projected: Any,
    h: Any,
    recurrent_kernel: Any,
    bias: Any = None,
    reset_after: bool = True,
    activation: Function = tanh,
    recurrent_activation: Function = sigmoid,
    mask: Any = None,
) -> Any:
    """Return the hidden state after a step.

    Args:
        projected: `x @ kernel` plus the inputs' bias, `(batch, 3 * units)`.
        h: the hidden state before, `(batch, units)`.
        recurrent_kernel: `(units, 3 * units)`.
        bias: of the states, `(3 * units,)`; only with `reset_after`.
        reset_after: whether the reset gate multiplies the product of the state rather than the state.
        activation: of the candidate.
        recurrent_activation: of the gates.
        mask: of dropout, `(batch, units)`: multiplies the state where that is multiplied by the kernel.

    >>> from kcore_ops import zeros
    >>> gru_step(zeros((1, 3)), zeros((1, 1)) + 1, zeros((1, 3)))
    array([[0.5]], dtype=float32)
    """
    xz, xr, xg = split(projected, 3, axis=-1)
    dropped = h if mask is None else multiply(h, mask)
    if reset_after:
        inner = matmul(dropped, recurrent_kernel) if bias is None else biased_matmul(dropped, recurrent_kernel, bias)
        hz, hr, hg = split(inner, 3, axis=-1)
    else:
        units = recurrent_kernel.shape[0]
        hz, hr = split(matmul(dropped, recurrent_kernel[:, : 2 * units]), 2, axis=-1)
    z = recurrent_activation(add(xz, hz))
    r = recurrent_activation(add(xr, hr))
    if reset_after:
        g = activation(add(xg, multiply(r, hg)))
    else:
        g = activation(add(xg, matmul(multiply(r, dropped), recurrent_kernel[:, 2 * units :])))
    return add(multiply(z, h), multiply(subtract(1, z), g))


def _projected(x: Any, kernel: Any, bias: Any) -> Any:
    """Return the products of the inputs of all steps, time first."""
    x = transpose(x, (1, 0, 2))
    return matmul(x, kernel) if bias is None else biased_matmul(x, kernel, bias)


def _turns(unroll: bool) -> Any:
    return True if unroll else 1


def check_recurrent_shapes(
    x: Any, kernel: Any, recurrent_kernel: Any, bias: Any, gates: int, rows: tuple[int, ...] = (), **states: Any
) -> None:
    """Raise if shapes do not fit one another; for fused kernels too, which may read past what they are given."""
    if len(x.shape) != 3:
        problem = f"x has shape {show_shape(x.shape)}, which has {len(x.shape)} axes"
        raise ShapeError(problem, fix="pass (batch, time, n)")
    if len(recurrent_kernel.shape) != 2:
        shape = show_shape(recurrent_kernel.shape)
        raise ShapeError(f"recurrent_kernel has shape {shape}", fix=f"pass (units, {gates} * units)")
    batch, _, size = x.shape
    units = recurrent_kernel.shape[0]
    width = None if units is None else gates * units
    wanted = {
        "kernel": (kernel, (size, width)),
        "recurrent_kernel": (recurrent_kernel, (units, width)),
        "bias": (bias, (*rows, width)),
        **{name: (state, (batch, units)) for name, state in states.items()},
    }
    for name, (tensor, sizes) in wanted.items():
        if tensor is None or tensor.shape == sizes:
            continue
        if len(tensor.shape) != len(sizes) or any(differ(a, b) for a, b in zip(tensor.shape, sizes, strict=True)):
            raise ShapeError(
                f"{name} has shape {show_shape(tensor.shape)}, and x {show_shape(x.shape)} with recurrent_kernel "
                f"{show_shape(recurrent_kernel.shape)}",
                fix=f"pass {name} with shape {show_shape(sizes)}",
            )
