"""Where kcore means to differ from Keras 3.15.1, each with its reason. The parity tests read this file.

A difference that is not listed fails, and so does one that is listed and no longer seen: each entry holds for every op
and every backend that it names, for at least one of its dtypes.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ARBITRARY", "DTYPES", "ENDS_THE_PROCESS", "NOT_COMPARED", "NOT_IN_KERAS", "VALUES", "Difference", "listed"]

# Not public in Keras: parts of other ops, and the random numbers, which no two backends of Keras share.
NOT_IN_KERAS = frozenset(
    "basic_item count_from dynamic_slice dynamic_slice_update pad_constant random_bits random_categorical random_dropout "
    "random_normal random_randint random_shuffle random_truncated_normal random_uniform rint scatter_rows size_along "
    "static_slice_update".split()
)

# Ops that Keras has and whose elements are whatever memory holds.
ARBITRARY = frozenset({"empty", "empty_like"})

# Keras divides by zero in native code for an output larger than the input, which no `except` catches.
ENDS_THE_PROCESS = {"tensorflow": frozenset({"adaptive_average_pool", "adaptive_max_pool"})}

# Keras's dtype rules end at 32 bits: what should be float64 or int64 is float32 or int32, for most ops, on NumPy and on
# torch, and on JAX as Keras uses it. On TensorFlow they do not, so there 64 bits are compared. uint32 leads to int64 as
# soon as it meets a signed integer. Torch has next to no uint16, which Keras replaces by int32.
_WIDE = ("float64", "int64", "uint32")
NOT_COMPARED = {
    "numpy": _WIDE,
    "torch": (*_WIDE, "uint16"),
    "jax": (*_WIDE, "int16", "uint16"),  # to save time: JAX compiles each op anew for each dtype
}


class Difference(NamedTuple):
    """What differs, and why."""

    ops: str  # names, separated by spaces
    dtypes: str  # of the inputs
    backends: str
    reason: str

    def concerns(self, op: str, backend: str) -> bool:
        return op in self.ops.split() and backend in self.backends.split()


INTEGERS = "bool uint8 int8 int16 uint16 int32 uint32 int64"
HALF = "float16 bfloat16"
FLOATS = f"{HALF} float32 float64"
ALL = f"{INTEGERS} {FLOATS} complex64"

# The results have another dtype than Keras's.
DTYPES = (
    Difference(
        "arctan2 fmod hypot logaddexp logaddexp2 mod", f"{HALF} {INTEGERS}", "numpy torch jax tensorflow",
        "Keras gives a Python number the default dtype in these ops; ours takes on the tensor's in every op",
    ),
    Difference(
        "squareplus subtract", f"{HALF} int16", "torch",
        "Keras on torch gives the Python number the default dtype",
    ),
    Difference(
        "select where", "uint8 int8", "torch",
        "Keras on torch gives the Python number the default dtype",
    ),
    Difference("power", "uint8", "torch", "torch lets tensors without axes count for less; Keras leaves it at that"),
    Difference("select", "bool", "numpy jax tensorflow", "Keras gives the Python number int64, ours int32 as elsewhere"),
    Difference(
        "adaptive_average_pool average_pool binary_crossentropy cdist celu cholesky det eigh elu gelu hard_sigmoid "
        "hard_silu inv log_sigmoid log_softmax logdet logsumexp moments pinv polar qr segment_max selu sigmoid silu "
        "slogdet softmax softplus softsign solve sparsemax squareplus svd tanh_shrink",
        INTEGERS, "numpy", "Keras on NumPy leaves the float64 or float16 that NumPy makes of integers",
    ),
    Difference(
        "erf glu hard_shrink leaky_relu reciprocal rsqrt soft_shrink sparse_plus sparse_sigmoid", INTEGERS, "numpy",
        "Keras on NumPy gives integers, where the results are fractions",
    ),
    Difference(
        "conjugate floor_divide left_shift power right_shift round", "bool", "numpy",
        "Keras on NumPy leaves the int8 or float16 that NumPy makes of booleans",
    ),
    Difference("heaviside hypot", "bool", "numpy", "Keras gives booleans, where the results are numbers"),
    Difference("heaviside", "bool", "torch", "Keras gives booleans, where the results are numbers"),
    Difference(
        "batch_normalization binary_crossentropy categorical_crossentropy cholesky det eigh geomspace i0 inv linspace "
        "logdet logsumexp pinv qr segment_max slogdet sparse_categorical_crossentropy sparsemax svd",
        f"{HALF} float32", "numpy", "Keras on NumPy leaves the dtype that NumPy computes in",
    ),
    Difference("allclose", ALL, "numpy", "Keras on NumPy gives no tensor but a bool"),
    Difference("top_k", ALL, "numpy torch", "the indices are int64 in Keras here, and int32 on its other backends"),
    Difference(
        "rms_normalization", "int32", "numpy torch jax tensorflow",
        "Keras gives integers, where the results are fractions of size 1",
    ),
    Difference(
        "layer_normalization", "int32", "numpy jax tensorflow",
        "Keras gives integers, where the results are fractions of size 1",
    ),
    Difference("batch_normalization moments", "int32 int64", "tensorflow", "Keras gives integers; the results are fractions"),
    Difference("log_softmax softmax", INTEGERS, "torch", "Keras gives integers, where the results are fractions"),
    Difference("var", "complex64", "numpy torch jax tensorflow", "the variance of complex numbers is real, as in NumPy"),
    Difference("norm", "complex64", "numpy", "the norm of complex numbers is real, as in NumPy and on torch"),
    Difference("eigh slogdet", "complex64", "tensorflow", "eigenvalues and log-determinants are real, as in NumPy"),
    Difference("mean prod sum", INTEGERS, "torch", "Keras on torch leaves a tensor reduced over no axes as it is"),
    Difference("nansum trace", "uint8", "torch", "torch has no uint32, the dtype of sums of uint8 elsewhere"),
    Difference("cast saturate_cast", FLOATS, "torch", "Keras on torch gives the next signed dtype in place of an unsigned one"),
    Difference(
        "cbrt deg2rad heaviside hypot i0 rad2deg", "int64", "tensorflow",
        "Keras makes float64 of int64 in these ops and the default float in most; ours is the default float in all",
    ),
    Difference("geomspace", FLOATS, "tensorflow", "Keras on TensorFlow computes in float32 and leaves it"),
    Difference("linspace", "bfloat16", "tensorflow", "Keras on TensorFlow gives the step in float32"),
    Difference("prod", ALL, "tensorflow", "Keras on TensorFlow ignores the dtype asked for"),
)  # fmt: skip

# The dtypes are Keras's, the values are not.
VALUES = (
    Difference("argsort", "bfloat16", "numpy", "Keras on NumPy does not sort NaN of bfloat16 to the end"),
    Difference("binary_crossentropy", f"{HALF} float32", "numpy", "Keras on NumPy clips the sigmoid of logits, which keeps losses below 16"),
    Difference("mean", "bfloat16", "numpy", "Keras on NumPy adds up bfloat16 in bfloat16, where large sums stand still"),
    Difference(
        "gelu log_sigmoid selu sigmoid silu", "uint8 uint16", "numpy",
        "Keras on NumPy computes -x of unsigned integers before it makes floats of them",
    ),
    Difference("rad2deg", "int8", "numpy", "NumPy computes int8 in float16"),
    Difference("sparsemax", ALL, "torch tensorflow", "Keras's often do not add up to 1, as Martins & Astudillo (2016) define it"),
    Difference("nextafter", FLOATS, "torch tensorflow", "Keras steps in float64, which the result's dtype rounds away"),
    Difference("linspace", ALL, "torch", "Keras gives NaN for num=1, rounds integers toward zero and puts the axis elsewhere"),
    Difference("linspace", "float32", "tensorflow", "Keras rounds integers toward zero, NumPy and ours down"),
    Difference("logspace", ALL, "torch", "Keras gives NaN for num=1"),
    Difference("average", ALL, "torch", "Keras on torch averages over one axis of several"),
    Difference("dot", ALL, "torch", "Keras on torch multiplies stacks of matrices as matmul does, not as NumPy's dot does"),
    Difference("get_item", ALL, "torch", "torch puts the axes of indices apart in another place than NumPy"),
    Difference("logsumexp std", ALL, "torch", "Keras on torch takes axis=() for all axes"),
    Difference("max min prod sum", ALL, "torch", "Keras on torch drops the axes kept where axis is None"),
    Difference("one_hot", INTEGERS, "torch", "Keras on torch puts the classes elsewhere for a negative axis"),
    Difference("pad", ALL, "torch", "Keras on torch pads the last axis only when one pair stands for all"),
    Difference("segment_max", ALL, "torch", "Keras lets segment -1 count from the end; ours drops it, as the others do"),
    Difference("take_along_axis", ALL, "torch", "Keras on torch takes an index out of range modulo the size; ours is the last one"),
    Difference("sign", FLOATS, "torch", "Keras on torch gives 0 for NaN"),
    Difference("sparse_plus sparse_sigmoid", "uint8", "torch", "Keras on torch wraps -1 in uint8"),
    Difference("argmax argmin", FLOATS, "tensorflow", "TensorFlow passes over NaN; ours finds it, as NumPy does"),
    Difference("argsort", FLOATS, "tensorflow", "NaN leaves TensorFlow's result unsorted"),
    Difference("binary_crossentropy", HALF, "tensorflow", "Keras's epsilon is less than float16 can tell from 1: infinite"),
    Difference("einsum", ALL, "tensorflow", "without `->` Keras keeps the order of axes; NumPy and ours sort them"),
    Difference("hypot", "float64", "tensorflow", "Keras gives NaN for two infinities"),
    Difference("isclose", FLOATS, "tensorflow", "Keras finds infinities unequal to themselves, or close to their opposites"),
    Difference("ldexp", "float32", "tensorflow", "Keras's power of two overflows where the result does not"),
    Difference("leaky_relu", "float64", "tensorflow", "Keras's slope of 0.2 is rounded to float32"),
    Difference("left_shift", INTEGERS, "tensorflow", "TensorFlow wraps shifts larger than the dtype; ours shifts all bits out"),
    Difference("rot90", ALL, "tensorflow", "Keras on TensorFlow gets half a turn wrong"),
    Difference("segment_max", FLOATS, "tensorflow", "Keras gives empty segments the least number, ours and JAX's -inf"),
    Difference("sparse_categorical_crossentropy", FLOATS, "tensorflow", "Keras clips to 1 and does not normalise"),
    Difference("squeeze", ALL, "tensorflow", "Keras on TensorFlow takes axis=() for all axes"),
    Difference("vstack", ALL, "tensorflow", "Keras on TensorFlow adds no axis to vectors"),
)  # fmt: skip


def listed(table: tuple[Difference, ...], op: str, backend: str) -> list[Difference]:
    """Give the differences of an op on a backend."""
    return [entry for entry in table if entry.concerns(op, backend)]
