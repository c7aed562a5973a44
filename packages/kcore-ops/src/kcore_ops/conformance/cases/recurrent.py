"""Cases of recurrent networks. The references are the papers' formulas, step by step."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from kcore_ops.conformance.case import FLOATS, arrays, case


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _lstm(x, h, c, kernel, recurrent_kernel, bias=None, unroll=False):
    ys = []
    for t in range(x.shape[1]):
        i, f, g, o = np.split(x[:, t] @ kernel + h @ recurrent_kernel + (0 if bias is None else bias), 4, axis=-1)
        c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
        h = _sigmoid(o) * np.tanh(c)
        ys.append(h)
    return np.stack(ys, 1), h, c


def _gru(x, h, kernel, recurrent_kernel, bias=None, reset_after=True, unroll=False):
    of_input, of_state = (bias if reset_after else (bias, 0)) if bias is not None else (0, 0)
    units = h.shape[1]
    ys = []
    for t in range(x.shape[1]):
        xz, xr, xg = np.split(x[:, t] @ kernel + of_input, 3, axis=-1)
        hz, hr, hg = np.split(h @ recurrent_kernel + of_state, 3, axis=-1)
        z, r = _sigmoid(xz + hz), _sigmoid(xr + hr)
        inner = r * hg if reset_after else (r * h) @ recurrent_kernel[:, 2 * units :]
        h = z * h + (1 - z) * np.tanh(xg + inner)
        ys.append(h)
    return np.stack(ys, 1), h


def _drawn(draw, dtype, num_states, gates):
    """Give inputs, states, kernels, and the units."""
    batch, time, size, units = (draw(st.integers(1, 3)) for _ in range(4))
    shapes = [(batch, time, size), *[(batch, units)] * num_states, (size, gates * units), (units, gates * units)]
    return [draw(arrays(dtype, shape, low=-1, high=1)) for shape in shapes], units


# The first arrays are inputs and states; kernels and biases have known sizes, as those of a layer do.
@case("lstm", _lstm, dtypes=FLOATS, tolerance=4, known=(3, 4, 5))
def _lstm_case(draw, dtype):
    tensors, units = _drawn(draw, dtype, num_states=2, gates=4)
    bias = draw(arrays(dtype, (4 * units,))) if draw(st.booleans()) else None
    return [*tensors, bias, draw(st.booleans())]


@case("gru", _gru, dtypes=FLOATS, tolerance=4, known=(2, 3, 4))
def _gru_case(draw, dtype):
    tensors, units = _drawn(draw, dtype, num_states=1, gates=3)
    reset_after = draw(st.booleans())
    rows = (2,) if reset_after else ()
    bias = draw(arrays(dtype, (*rows, 3 * units))) if draw(st.booleans()) else None
    return [*tensors, bias, reset_after, draw(st.booleans())]
