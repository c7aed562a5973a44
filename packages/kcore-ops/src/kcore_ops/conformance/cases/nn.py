"""Cases of activations, normalizations, attention, encodings and losses.

The references are the formulas of the papers, in float64, written without regard to overflow.
"""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st

from kcore_ops.conformance.case import FLOATS, NUMERIC, arrays, axes, axis, broadcastable, case, shapes
from kcore_ops.dtypes import numpy_dtype

INTEGERS = ("int32", "uint8", "int64", "int8")


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _softplus(x):
    return np.logaddexp(x, 0.0)


def _positive_part(x):
    return np.where(x > 0, x, 0)


def _exponential_unit(x, alpha=1.0):
    return np.where(x > 0, x, alpha * np.expm1(x))


def _gelu(x, approximate=True):
    if approximate:
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * (1 + np.vectorize(math.erf, otypes=[float])(x / math.sqrt(2)))


def _kept(low, x, high):
    return np.minimum(np.maximum(x, low), high)


# Activations, element by element.

for _name, _function in {
    "elu": _exponential_unit,
    "gelu": _gelu,
    "celu": _exponential_unit,
    "hard_shrink": lambda x: np.where(np.abs(x) > 0.5, x, 0),
    "hard_sigmoid": lambda x: _kept(0, x / 6 + 0.5, 1),
    "hard_silu": lambda x: x * _kept(0, x / 6 + 0.5, 1),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "log_sigmoid": lambda x: -_softplus(-x),
    "selu": lambda x: 1.0507009873554805 * _exponential_unit(x, 1.6732632423543772),
    "sigmoid": _sigmoid,
    "silu": lambda x: x * _sigmoid(x),
    "soft_shrink": lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0),
    "softplus": _softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "sparse_plus": lambda x: np.where(x <= -1, 0, np.where(x < 1, (x + 1) ** 2 / 4, x)),
    "sparse_sigmoid": lambda x: (_kept(-1, x, 1) + 1) / 2,
    "squareplus": lambda x: (x + np.sqrt(x * x + 4)) / 2,
    "tanh_shrink": lambda x: x - np.tanh(x),
}.items():

    @case(_name, _function, dtypes=NUMERIC, gradient=_name != "hard_shrink")
    def _activation(draw, dtype):
        return [draw(arrays(dtype, low=-5, high=5))]

    @case(_name, _function, dtypes=FLOATS)
    def _activation_of_large_numbers(draw, dtype):
        # Beyond where exponentials overflow, and where gradients become NaN if they do.
        low, high = draw(st.sampled_from([(-200, -90), (90, 200), (-30, 30)]))
        return [draw(arrays(dtype, low=low, high=high))]


for _name, _function in {
    "relu": _positive_part,
    "relu6": lambda x: np.minimum(_positive_part(x), 6),
    "hard_tanh": lambda x: np.minimum(x, 1) if x.dtype.kind == "u" else _kept(-1, x, 1),
}.items():

    @case(_name, _function, dtypes=NUMERIC)
    def _rectifier(draw, dtype):
        return [draw(arrays(dtype, low=-9, high=9))]


@case("relu", _positive_part, dtypes=FLOATS)
def _relu_at_zero(draw, dtype):
    return [draw(arrays(dtype, low=0, high=0))]


_options = {
    "leaky_relu": lambda x, slope: np.where(x > 0, x, slope * x),
    "elu": _exponential_unit,
    "celu": lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(x / alpha)),
    "hard_shrink": lambda x, threshold: np.where(np.abs(x) > threshold, x, 0),
    "soft_shrink": lambda x, threshold: np.sign(x) * np.maximum(np.abs(x) - threshold, 0),
    "squareplus": lambda x, b: (x + np.sqrt(x * x + b)) / 2,
}
for _name, _function in _options.items():

    @case(_name, _function, dtypes=FLOATS)
    def _activation_with_option(draw, dtype):
        return draw(arrays(dtype)), draw(st.sampled_from([0.25, 1.0, 1.5]))


@case("gelu", _gelu, dtypes=FLOATS, rounds_once=True)
def _gelu_either_way(draw, dtype):
    return draw(arrays(dtype, low=-30, high=30)), draw(st.booleans())


@case("threshold", lambda x, threshold, default: np.where(x > threshold, x, default), dtypes=NUMERIC)
def _threshold(draw, dtype):
    return draw(arrays(dtype)), 1, 0


@case("threshold", lambda x, threshold, default: np.where(x > threshold, x, default), dtypes=FLOATS)
def _threshold_of_tensors(draw, dtype):
    return tuple(draw(arrays(dtype, shape)) for shape in draw(broadcastable(3)))


# Functions of a whole axis.


def _softmax(x, axis=-1):
    powers = np.exp(x - np.max(x, axis=axis, keepdims=True, initial=-np.inf))
    return powers / np.sum(powers, axis=axis, keepdims=True)


def _log_softmax(x, axis=-1):
    shifted = x - np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


def _sparsemax(x, axis=-1):
    """The simplex projection by bisection, which shares nothing with the definition."""
    low, high = np.max(x, axis, keepdims=True) - 1, np.max(x, axis, keepdims=True)
    for _ in range(80):
        middle = (low + high) / 2
        is_too_low = np.sum(np.maximum(x - middle, 0), axis, keepdims=True) > 1
        low, high = np.where(is_too_low, middle, low), np.where(is_too_low, high, middle)
    return np.maximum(x - low, 0)


for _name, _function in {"softmax": _softmax, "log_softmax": _log_softmax}.items():

    @case(_name, _function, dtypes=NUMERIC, rounds_once=True)
    def _softmax_along_axes(draw, dtype):
        x = draw(arrays(dtype, shapes(min_rank=1)))
        return x, draw(st.one_of(axes(x.ndim), axis(x.ndim)))

    @case(_name, _function, dtypes=FLOATS, rounds_once=True)
    def _softmax_of_large_numbers(draw, dtype):
        x = draw(arrays(dtype, shapes(min_rank=1, min_size=1), low=-200, high=200))
        return x, draw(axis(x.ndim))


@case("sparsemax", _sparsemax, dtypes=NUMERIC)
def _sparsemax_along_axis(draw, dtype):
    x = draw(arrays(dtype, shapes(min_rank=1, min_size=1)))
    return x, draw(axis(x.ndim))


def _glu_reference(x, axis=-1):
    first, second = np.split(x, 2, axis)
    return first * _sigmoid(second)


@case("glu", _glu_reference, dtypes=NUMERIC)
def _glu(draw, dtype):
    shape = list(draw(shapes(min_rank=1)))
    along = draw(axis(len(shape)))
    shape[along] *= 2
    return draw(arrays(dtype, tuple(shape))), along


# Normalizations.


def _in_axes(parameter, x, axis):
    if parameter is None or parameter.ndim == x.ndim:
        return parameter
    chosen = {a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,))}
    return parameter.reshape([size if i in chosen else 1 for i, size in enumerate(x.shape)])


def _layer_normalization_reference(x, gamma=None, beta=None, axis=-1, epsilon=None, rms_scaling=False):
    epsilon = 1e-7 if epsilon is None else epsilon
    centered = x if rms_scaling else x - x.mean(axis, keepdims=True)
    y = centered / np.sqrt(x.var(axis, keepdims=True) + epsilon)
    y = y if gamma is None else y * _in_axes(gamma, x, axis)
    return y if beta is None or rms_scaling else y + _in_axes(beta, x, axis)


def _rms_normalization_reference(x, scale=None, axis=-1, epsilon=None):
    epsilon = 1e-7 if epsilon is None else epsilon
    y = x / np.sqrt((x * x).mean(axis, keepdims=True) + epsilon)
    return y if scale is None else y * _in_axes(scale, x, axis)


def _some_axes(draw, rank):
    chosen = draw(st.lists(st.integers(0, rank - 1), min_size=1, max_size=rank, unique=True))
    signed = tuple(a - rank if draw(st.booleans()) else a for a in chosen)
    return signed[0] if len(signed) == 1 and draw(st.booleans()) else signed


def _parameter_for(draw, dtype, x, axis, low=0.5):
    """A parameter along the axes, or with as many axes as `x`, or None; of the dtype of `x` or of float32."""
    chosen = sorted(a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,)))
    shape = tuple(x.shape[a] for a in chosen)
    full = tuple(size if i in chosen else 1 for i, size in enumerate(x.shape))
    wanted = dtype if dtype in FLOATS and draw(st.booleans()) else "float32"
    return draw(arrays(wanted, draw(st.sampled_from([shape, shape, full])), low=low, high=2))


def _maybe(draw, value):
    return value if draw(st.booleans()) else None


@case("layer_normalization", _layer_normalization_reference, dtypes=(*FLOATS, "int32"), tolerance=4, rounds_once=True)
def _layer_normalization(draw, dtype):
    x = draw(arrays(dtype, shapes(min_rank=1, min_size=1, max_size=5)))
    along = _some_axes(draw, x.ndim)
    gamma, beta = (_maybe(draw, _parameter_for(draw, dtype, x, along)) for _ in range(2))
    return x, gamma, beta, along, draw(st.sampled_from([1e-3, 1e-2]))


@case("layer_normalization", _layer_normalization_reference, dtypes=("float32", "float64"), tolerance=40)
def _layer_normalization_of_the_last_axis(draw, dtype):
    x = draw(arrays(dtype, (3, 8)))
    return x, draw(arrays(dtype, (8,))), draw(arrays(dtype, (8,)))


@case("layer_normalization", _layer_normalization_reference, dtypes=("float32", "float64"), tolerance=40)
def _layer_normalization_without_centering(draw, dtype):
    x = draw(arrays(dtype, (3, 8)))
    along = draw(st.sampled_from([-1, 0]))
    gamma, beta = (_maybe(draw, _parameter_for(draw, dtype, x, along)) for _ in range(2))
    return x, gamma, beta, along, 1e-3, True


@case("rms_normalization", _rms_normalization_reference, dtypes=(*FLOATS, "int32"), tolerance=4, rounds_once=True)
def _rms_normalization(draw, dtype):
    x = draw(arrays(dtype, shapes(min_rank=1, min_size=1, max_size=5)))
    along = _some_axes(draw, x.ndim)
    return x, _maybe(draw, _parameter_for(draw, dtype, x, along)), along, draw(st.sampled_from([1e-3, 1e-2]))


@case("rms_normalization", _rms_normalization_reference, dtypes=("float32", "float64"))
def _rms_normalization_of_the_last_axis(draw, dtype):
    return draw(arrays(dtype, (3, 8), low=0.5)), draw(arrays(dtype, (8,)))


def _batch_normalization_reference(x, mean, variance, axis, offset=None, scale=None, epsilon=1e-3):
    y = (x - _in_axes(mean, x, axis)) / np.sqrt(_in_axes(variance, x, axis) + epsilon)
    y = y if scale is None else y * _in_axes(scale, x, axis)
    return y if offset is None else y + _in_axes(offset, x, axis)


@case("batch_normalization", _batch_normalization_reference, dtypes=(*FLOATS, "int32"), tolerance=2, rounds_once=True)
def _batch_normalization(draw, dtype):
    x = draw(arrays(dtype, shapes(min_rank=1, max_rank=4)))
    along = draw(axis(x.ndim))
    mean, variance, offset, scale = (_parameter_for(draw, dtype, x, along) for _ in range(4))
    return x, mean, variance, along, _maybe(draw, offset), _maybe(draw, scale), draw(st.sampled_from([1e-3, 0.1]))


# Attention.


def _attention_reference(
    query, key, value, bias=None, mask=None, scale=None, is_causal=False, flash_attention=None, cap=None
):
    heads = query.shape[2]
    key, value = (np.repeat(x, heads // x.shape[2], axis=2) for x in (key, value))
    logits = np.einsum("bthd,bshd->bhts", query, key) * (1 / math.sqrt(query.shape[3]) if scale is None else scale)
    logits = logits if cap is None else cap * np.tanh(logits / cap)
    logits = logits if bias is None else logits + bias
    keep = np.ones(logits.shape, bool) if mask is None else np.broadcast_to(mask.astype(bool), logits.shape)
    keep = np.tril(keep) if is_causal else keep
    return np.einsum("bhts,bshd->bthd", _softmax(np.where(keep, logits, -1e30)), value)


def _query_key_value(draw, dtype, groups, heads, value_size=None):
    batch, t, s, size = draw(st.tuples(st.integers(1, 2), st.integers(1, 4), st.integers(1, 4), st.integers(1, 5)))
    query = draw(arrays(dtype, (batch, t, heads, size), low=-2, high=2))
    key = draw(arrays(dtype, (batch, s, groups, size), low=-2, high=2))
    return query, key, draw(arrays(dtype, (batch, s, groups, value_size or size), low=-2, high=2))


# Torch's fused kernel on the CPU has no second derivative; disable_flash_attention() takes another.
@case("dot_product_attention", _attention_reference, dtypes=FLOATS, tolerance=2, second_gradient=False)
def _attention(draw, dtype):
    groups = draw(st.integers(1, 2))
    query, key, value = _query_key_value(draw, dtype, groups, groups * draw(st.integers(1, 2)))
    full = (query.shape[0], query.shape[2], query.shape[1], key.shape[1])
    some = st.sampled_from([full, (1, 1, *full[2:]), (full[0], 1, 1, full[3]), full[2:], (1, *full[2:])])
    bias = _maybe(draw, draw(arrays(dtype, draw(some))))
    mask = _maybe(draw, draw(arrays("bool", draw(some))))
    return query, key, value, bias, mask, draw(st.sampled_from([None, 0.3])), draw(st.booleans())


@case("dot_product_attention", _attention_reference, dtypes=FLOATS, tolerance=2, second_gradient=False)
def _attention_with_soft_cap(draw, dtype):
    query, key, value = _query_key_value(draw, dtype, 1, 2, value_size=3)
    return query, key, value, None, None, None, draw(st.booleans()), draw(st.sampled_from([None, False])), 1.5


@case("dot_product_attention", _attention_reference, dtypes=FLOATS, tolerance=2, second_gradient=False)
def _causal_attention(draw, dtype):
    return *_query_key_value(draw, dtype, 2, 2, value_size=3), None, None, None, True, False


# Encodings.


def _one_hot_reference(x, num_classes, axis=-1, dtype="float32", sparse=False):
    return np.moveaxis(x[..., None] == np.arange(num_classes), -1, axis).astype(dtype)


def _multi_hot_reference(x, num_classes, axis=-1, dtype="float32", sparse=False):
    return _one_hot_reference(x, num_classes, axis, dtype).max(axis=1 if x.ndim > 1 else 0, initial=0)


def _encoded_as(draw):
    return draw(st.sampled_from(["float32", "int32", "bool", "float64", "int8"]))


@case("one_hot", _one_hot_reference, dtypes=(*INTEGERS, "int16", "uint16", "uint32"), gradient=False)
def _one_hot(draw, dtype):
    x = draw(arrays(dtype, low=-1, high=4))
    return x, draw(st.sampled_from([1, 3, 300])), draw(axis(x.ndim + 1)), _encoded_as(draw)


@case("multi_hot", _multi_hot_reference, dtypes=INTEGERS, gradient=False)
def _multi_hot(draw, dtype):
    x = draw(arrays(dtype, shapes(min_rank=1), low=-1, high=4))
    return x, draw(st.integers(1, 4)), -1, _encoded_as(draw)


# Losses.


def _inner(p):
    return np.clip(p, 1e-7, 1 - 1e-7)


def _binary_reference(target, output, from_logits=False):
    if from_logits:
        return _softplus(output) - target * output
    return -target * np.log(_inner(output)) - (1 - target) * np.log(1 - _inner(output))


def _categorical_reference(target, output, from_logits=False, axis=-1):
    p = output / output.sum(axis, keepdims=True)
    return -(target * (_log_softmax(output, axis) if from_logits else np.log(_inner(p)))).sum(axis)


def _sparse_reference(target, output, from_logits=False, axis=-1):
    target = target.squeeze(axis) if target.ndim == output.ndim else target
    one_hot = _one_hot_reference(target, output.shape[axis], axis, "float64")
    return _categorical_reference(one_hot, output, from_logits, axis)


@case("binary_crossentropy", _binary_reference, dtypes=FLOATS, rounds_once=True)
def _binary_crossentropy(draw, dtype):
    shape = draw(shapes())
    from_logits = draw(st.booleans())
    low, high = (-150, 150) if from_logits else (0.01, 0.99)
    return draw(arrays(dtype, shape, low=0, high=1)), draw(arrays(dtype, shape, low=low, high=high)), from_logits


@case("binary_crossentropy", _binary_reference, dtypes=("int32", "bool", "uint8"))
def _binary_crossentropy_of_integers(draw, dtype):
    shape = draw(shapes())
    from_logits = draw(st.booleans())
    return draw(arrays(dtype, shape, low=0, high=1)), draw(arrays("float32", shape, low=0.1, high=0.9)), from_logits


@case("binary_crossentropy", lambda target, output, from_logits: np.abs(target - output) * -np.log(1e-7), tolerance=500,
      dtypes=("float32", "float16", "bfloat16"), gradient=False)  # fmt: skip
def _binary_crossentropy_at_the_ends(draw, dtype):
    shape = draw(shapes())
    target, output = (draw(arrays("bool", shape)).astype(numpy_dtype(dtype)) for _ in range(2))
    return target, output, False


@case("categorical_crossentropy", _categorical_reference, dtypes=FLOATS, tolerance=2, rounds_once=True)
def _categorical_crossentropy(draw, dtype):
    shape = draw(shapes(min_rank=1, min_size=1))
    from_logits = draw(st.booleans())
    low, high = (-5, 5) if from_logits else (0.05, 2)
    target, output = draw(arrays(dtype, shape, low=0, high=1)), draw(arrays(dtype, shape, low=low, high=high))
    return target, output, from_logits, draw(axis(len(shape)))


def _mean_of_sparse_reference(target, output, from_logits, axis):
    return np.mean(_sparse_reference(target, output, from_logits, axis))


@case("mean_sparse_categorical_crossentropy", _mean_of_sparse_reference, dtypes=FLOATS, rounds_once=True)
@case("sparse_categorical_crossentropy", _sparse_reference, dtypes=FLOATS, rounds_once=True)
def _sparse_categorical_crossentropy(draw, dtype):
    shape = draw(shapes(min_rank=1, min_size=1))
    along = draw(axis(len(shape)))
    from_logits = draw(st.booleans())
    low, high = (-5, 5) if from_logits else (0.05, 2)
    sizes = list(shape)
    sizes[along % len(shape)] = 1
    if draw(st.booleans()):
        del sizes[along % len(shape)]
    kind = draw(st.sampled_from(["int32", "uint8", "int64", "float32"]))
    target = draw(arrays("int32", tuple(sizes), low=0 if kind == "uint8" else -1, high=5)).astype(kind)
    return target, draw(arrays(dtype, shape, low=low, high=high)), from_logits, along
