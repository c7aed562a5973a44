"""Cross-correlation of two signals."""

from __future__ import annotations

import builtins
from typing import Any

from kcore_ops.dtypes import is_complex_dtype
from kcore_ops.dtypes.promotion import floating
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.ops.core.conversion import shape
from kcore_ops.ops.nn.convolution import conv
from kcore_ops.ops.numpy.arithmetic import add, complex_of, conj, imag, maximum, minimum, real, subtract
from kcore_ops.ops.numpy.comparison import greater_equal, where
from kcore_ops.ops.numpy.manipulation import pad, reshape
from kcore_ops.specs.shapes import one_of, show_shape

__all__ = ["correlate"]


@op(dtypes=floating)
def correlate(x1: Tensor, x2: Tensor, mode: str = "valid") -> Tensor:
    """Slide `x2` along `x1` and sum the products at each position: `y[k] = sum(x1[n + k] * conj(x2[n]))`.

    Positions are, by `mode`, those at which one lies inside of the other (`"valid"`), all at which they meet
    (`"full"`), or the middle ones of these, as many as the longer has elements (`"same"`).

    Shapes: `x1` of `(n,)` and `x2` of `(m,)` give `(max(n, m) - min(n, m) + 1,)`, `(n + m - 1,)` or `(max(n, m),)`.
    Dtype: the common one; integers and booleans become the default float.
    Raises: `ShapeError` if one is not a vector, or is empty; `ArgumentError` for another mode.

    >>> correlate([1.0, 2.0, 3.0], [0.0, 1.0, 0.5], mode="same")
    array([2. , 3.5, 3. ], dtype=float32)
    """
    one_of("mode", mode, ("valid", "same", "full"))
    for name, x in (("x1", x1), ("x2", x2)):
        if len(x.shape) != 1 or x.shape[0] == 0:
            raise ShapeError(f"{name} has shape {show_shape(x.shape)}", fix="pass vectors with one element or more")
    before, after = _reach(shape(x1)[0], shape(x2)[0], mode)
    signal = pad(x1, [(before, after)])
    if not is_complex_dtype(dtype_of(x1)):
        return _slid(signal, x2)
    pattern = conj(x2)
    a, b, c, d = real(signal), imag(signal), real(pattern), imag(pattern)
    return complex_of(subtract(_slid(a, c), _slid(b, d)), add(_slid(a, d), _slid(b, c)))


def _reach(size1: Any, size2: Any, mode: str) -> tuple[Any, Any]:
    """Return how many zeros to put before and after `x1`; sizes may be tensors."""
    is_known = isinstance(size1, int) and isinstance(size2, int)
    least, most = (builtins.min, builtins.max) if is_known else (minimum, maximum)
    if mode == "full":
        first, count = 0, size1 + size2 - 1
    elif mode == "valid":
        first, count = least(size1, size2) - 1, most(size1, size2) - least(size1, size2) + 1
    else:
        is_longer = size1 >= size2 if is_known else greater_equal(size1, size2)
        halves = (size2 - 1) // 2, size1 // 2
        first = halves[0 if is_longer else 1] if is_known else where(is_longer, *halves)
        count = most(size1, size2)
    before = size2 - 1 - first
    return before, count + size2 - 1 - size1 - before


def _slid(signal: Tensor, pattern: Tensor) -> Tensor:
    """Sum of products at each position at which the pattern lies inside of the signal."""
    result = conv(reshape(signal, (1, -1, 1)), reshape(pattern, (-1, 1, 1)), data_format="channels_last")
    return reshape(result, (-1,))
