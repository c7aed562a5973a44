"""Where ops mean to differ from Keras's: in dtypes, and in values. `differences.py` says how entries are read."""

from __future__ import annotations

import math

import numpy as np
from arguments import (
    either,
    has_equals,
    has_fractions,
    has_indices_apart,
    has_infinity,
    has_nan,
    has_negative,
    has_negative_zero,
    has_number,
    has_scalar,
    is_asymmetric,
    is_empty,
    is_impossible,
    is_out_of_range,
    keeps_all_axes,
    leaves_segments_empty,
    named_axes,
    reduces_no_axes,
    takes_last_axes,
    takes_of_nothing,
    takes_out_of_range,
    updates_again,
)
from difference import ALL, FLOATS, HALF, INTEGERS, Difference

__all__ = ["DTYPES", "VALUES"]

# The results have another dtype than Keras's.
DTYPES = (
    Difference(
        "arctan2 fmod logaddexp logaddexp2 mod", f"{HALF} {INTEGERS}", "numpy torch tensorflow",
        "Keras gives a Python number the default dtype in these ops; ours takes on the tensor's in every op",
        has_number,
    ),
    Difference(
        "hypot", HALF, "numpy torch tensorflow",
        "Keras gives a Python number the default dtype in these ops; ours takes on the tensor's in every op",
        has_number,
    ),
    Difference(
        "arctan2 logaddexp logaddexp2", f"{HALF} {INTEGERS}", "jax",
        "Keras gives a Python number the default dtype in these ops; ours takes on the tensor's in every op",
        has_number,
    ),
    Difference(
        "add bitwise_and bitwise_or bitwise_xor clip fmod mod multiply power select squareplus subtract where",
        f"{HALF} {INTEGERS}", "torch",
        "torch lets numbers and tensors without axes count for less, and Keras leaves the result at that",
        has_scalar,
    ),
    Difference("clip", INTEGERS, "numpy", "Keras on NumPy cuts bounds that are fractions to the integers of the tensor", has_fractions),
    Difference("select", "bool", "numpy tensorflow", "Keras gives the Python number int64, ours int32 as elsewhere", has_number),
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
        "batch_normalization binary_crossentropy categorical_crossentropy cholesky det eigh i0 inv logdet logsumexp "
        "pinv qr segment_max slogdet solve svd",
        "bfloat16", "numpy", "Keras on NumPy leaves the dtype that NumPy computes in",
    ),
    Difference(
        "geomspace solve_triangular sparse_categorical_crossentropy", HALF, "numpy",
        "Keras on NumPy leaves the dtype that NumPy computes in",
    ),
    Difference("batch_normalization", f"float16 {INTEGERS}", "numpy", "Keras on NumPy leaves the dtype that NumPy computes in"),
    Difference("normalize solve_triangular", INTEGERS, "numpy", "Keras on NumPy leaves the dtype that NumPy computes in"),
    Difference("linspace", f"{HALF} float32", "numpy", "Keras on NumPy leaves the dtype that NumPy computes in, of bfloat16 and of steps"),
    Difference("sparsemax", f"{HALF} float32", "numpy", "Keras on NumPy leaves the dtype that NumPy computes in"),
    Difference("allclose", ALL, "numpy", "Keras on NumPy gives no tensor but a bool"),
    Difference("top_k", ALL, "numpy torch", "the indices are int64 in Keras here, and int32 on its other backends"),
    Difference(
        "layer_normalization rms_normalization", "int32", "numpy torch jax tensorflow",
        "Keras gives integers, where the results are fractions of size 1",
    ),
    Difference("batch_normalization moments", "int32 int64", "tensorflow", "Keras gives integers; the results are fractions"),
    Difference("log_softmax softmax", INTEGERS, "torch", "Keras gives integers, where the results are fractions"),
    Difference("var", "complex64", "numpy torch jax tensorflow", "the variance of complex numbers is real, as in NumPy"),
    Difference("norm", "complex64", "numpy tensorflow", "the norm of complex numbers is real, as in NumPy and on torch"),
    Difference("eigh slogdet", "complex64", "tensorflow", "eigenvalues and log-determinants are real, as in NumPy"),
    Difference(
        "mean prod sum", f"{HALF} {INTEGERS}", "torch", "Keras on torch leaves a tensor reduced over no axes as it is", reduces_no_axes
    ),
    Difference("nanprod nansum prod sum trace", "uint8", "torch", "torch has no uint32, the dtype of sums of uint8 elsewhere"),
    Difference(
        "cbrt deg2rad heaviside hypot i0 rad2deg", "int64", "tensorflow",
        "Keras makes float64 of int64 in these ops and the default float in most; ours is the default float in all",
    ),
    Difference("hypot", "uint32", "tensorflow", "Keras makes float64 of the int64 that uint32 and an int lead to; ours is the default float"),
    Difference("geomspace", FLOATS, "tensorflow", "Keras on TensorFlow computes in float32 and leaves it"),
    Difference("linspace", FLOATS, "torch tensorflow", "Keras gives the step in float32", lambda call: call.retstep),
    Difference("prod", ALL, "tensorflow", "Keras on TensorFlow ignores the dtype asked for", lambda call: call.dtype is not None),
    Difference("adaptive_average_pool", INTEGERS, "torch", "Keras gives integers for an empty batch; the results are fractions", is_empty),
    Difference("batch_normalization", HALF, "torch jax", "Keras gives the dtype of the mean and variance, ours that of the tensor"),
    Difference("einsum", INTEGERS, "torch", "Keras on torch gives the int64 that torch adds up integers in"),
    Difference("max min", f"{HALF} {INTEGERS}", "torch", "Keras on torch gives the dtype of `initial` where there are no elements", is_empty),
    Difference("eigh", INTEGERS, "torch", "Keras on torch leaves integers where there are no elements", is_empty),
    Difference("split", ALL, "torch", "Keras on torch gives no parts at all for no indices", lambda call: call.indices_or_sections == []),
    Difference(
        "matmul", "int8 uint8", "tensorflow", "Keras leaves int8 for vectors and where there are no elements, and gives int32 elsewhere",
        lambda call: is_empty(call) or min(call.x1.ndim, call.x2.ndim) == 1,
    ),
    Difference("angle", HALF, "jax", "Keras on JAX gives float32"),
    Difference("conv", HALF, "jax", "Keras on JAX gives the dtype of the kernel, ours what both dtypes lead to"),
    Difference("power", INTEGERS, "jax", "Keras leaves the dtype of a first tensor without axes", has_scalar),
    Difference("relu6", INTEGERS, "jax", "Keras on JAX gives floats, and integers elsewhere"),
    Difference("sparse_categorical_crossentropy", HALF, "jax", "Keras on JAX gives float32"),
    Difference("sobel_edges", "uint8", "numpy torch", "Keras wraps slopes that are negative, or above 255"),
    Difference("psnr", "int32", "numpy", "Keras on NumPy leaves the dtype that NumPy computes in"),
    Difference(
        "bincount", "int16 int32 int64 uint8", "numpy torch jax tensorflow",
        "Keras adds up weights of 8 and 16 bits in so many bits, where sums overflow; ours adds them up in int32",
        lambda call: call.weights is not None and call.weights.itemsize < 4,
    ),
    Difference("corrcoef", "complex64", "numpy", "Keras on NumPy drops the imaginary part"),
    Difference(
        "histogram", f"{INTEGERS} {HALF} float32", "numpy",
        "Keras on NumPy counts in int64 and leaves the float64 of NumPy's edges; elsewhere both have the dtype of x",
    ),
    Difference("histogram", INTEGERS, "tensorflow", "Keras on TensorFlow gives integers, where edges are fractions"),
    Difference("nanstd nanvar", "complex64", "numpy", "the variance of complex numbers is real, as in NumPy"),
    Difference("segment_min", f"{INTEGERS} bfloat16", "numpy", "Keras on NumPy leaves the dtype that NumPy makes of infinity"),
    Difference(
        "trapezoid", "float16", "numpy tensorflow", "Keras gives the dtype of y, ours the common one of y and x",
        lambda call: call.x is not None,
    ),
    Difference("trapezoid", "uint8", "torch", "Keras on torch leaves integers where there are no elements", is_empty),
    Difference(
        "unique", ALL, "numpy torch", "the indices are int64 in Keras here, and int32 on its other backends",
        lambda call: call.return_index or call.return_inverse or call.return_counts,
    ),
    Difference("nanprod", "int8 int16", "torch", "Keras on torch leaves a tensor reduced over no axes as it is", reduces_no_axes),
    Difference("nonzero", ALL, "torch", "Keras on torch gives one tensor, not one for each axis", lambda call: call.x.ndim != 1),
    Difference(
        "cholesky_inverse ifft2 istft lu_factor", "float16", "numpy", "Keras on NumPy leaves the dtype that NumPy computes in",
    ),
    Difference(
        "cholesky_inverse lstsq lu_factor", f"bfloat16 {INTEGERS}", "numpy", "Keras on NumPy leaves the dtype that NumPy computes in",
    ),
    Difference(
        "eig", f"{HALF} float32 {INTEGERS}", "numpy",
        "Keras on NumPy leaves real eigenvalues where there are no others; elsewhere they are complex, real or not",
    ),
    Difference("rfft", INTEGERS, "numpy", "Keras on NumPy gives integers, where the results are fractions"),
    Difference("correlate", "complex64", "numpy torch tensorflow", "Keras drops the imaginary parts, on all backends but JAX"),
    Difference("view_as_complex", "float64", "tensorflow", "Keras makes complex64 of float64, which does not hold it"),
    Difference(
        "associative_scan", "float32 int32", "numpy",
        "Keras leaves the dtype that f returns for the default float; ours keeps it, as Keras does on JAX",
    ),
    Difference(
        "associative_scan", "int32", "torch",
        "Keras leaves the dtype that f returns for the default float; ours keeps it, as Keras does on JAX",
    ),
)  # fmt: skip

# The values are not Keras's, where the dtypes are, or are of the same kind of numbers.
VALUES = (
    Difference("argsort", ALL, "numpy", "Keras on NumPy does not keep equals in order", lambda call: call.axis is None),
    Difference(
        "argpartition argsort digitize searchsorted sort", "bfloat16", "numpy",
        "Keras on NumPy does not sort NaN of bfloat16 to the end", has_nan,
    ),
    Difference(
        "nanargmax nanargmin nancumprod nancumsum nanmean nanprod nanstd nansum nanvar percentile", "bfloat16", "numpy",
        "Keras on NumPy does not find NaN of bfloat16", has_nan,
    ),
    Difference("nan_to_num", "bfloat16", "numpy", "Keras on NumPy finds no NaN nor infinity of bfloat16", either(has_nan, has_infinity)),
    Difference(
        "binary_crossentropy", f"{HALF} float32", "numpy",
        "Keras on NumPy clips the sigmoid of logits, which keeps losses below 16", lambda call: call.from_logits,
    ),
    Difference("mean", "bfloat16", "numpy", "Keras on NumPy adds up bfloat16 in bfloat16, where large sums stand still", lambda call: call.x.size > 256),
    Difference("gelu hard_sigmoid hard_silu selu", INTEGERS, "numpy", "Keras on NumPy makes integers of the formula's constants before it makes floats"),
    Difference(
        "log_sigmoid log_softmax sigmoid silu softmax", "uint8 uint16", "numpy",
        "Keras on NumPy computes -x of unsigned integers before it makes floats",
    ),
    Difference("hard_tanh log_sigmoid log_softmax softmax", "uint8", "jax", "Keras on JAX computes -x of unsigned integers"),
    Difference("deg2rad logaddexp2 rad2deg", "bool uint8 int8", "numpy", "NumPy computes 8 bits in float16"),
    Difference(
        "leaky_relu", FLOATS, "numpy", "Keras on NumPy takes the larger of x and its multiple: wrong for slopes above 1",
        lambda call: call.negative_slope > 1,
    ),
    Difference(
        "logsumexp", ALL, "numpy", "Keras on NumPy gives an axis to the result of a tensor without axes",
        lambda call: call.x.ndim == 0 and call.keepdims,
    ),
    Difference(
        "median nanpercentile nanquantile percentile quantile", ALL, "jax", "Keras on JAX gives an axis to the result of a tensor without axes",
        lambda call: call.x.ndim == 0 and call.keepdims,
    ),
    Difference(
        "nanpercentile nanquantile percentile quantile", ALL, "jax", "halfway between two elements Keras on JAX takes the other",
        lambda call: call.method == "nearest",
    ),
    Difference("bincount", INTEGERS, "jax", "Keras on JAX counts negative numbers as 0", has_negative),
    Difference("cholesky", ALL, "numpy torch", "ours reads the lower triangle only; with `upper`, Keras here reads the upper one", lambda call: call.upper),
    Difference("cholesky eigh", ALL, "jax", "ours reads the lower triangle only, Keras on JAX takes the mean of both", is_asymmetric),
    Difference(
        "in_top_k", FLOATS, "numpy torch jax tensorflow",
        "Keras's backends differ about targets out of range and NaN; ours says no to the former and orders NaN last",
        lambda call: has_nan(call) or ((call.targets < 0) | (call.targets >= call.predictions.shape[1])).any(),
    ),
    Difference("normalize", INTEGERS, "numpy", "Keras on NumPy rounds the norm of integers, or divides booleans by booleans", lambda call: call.order == 2),
    Difference(
        "normalize", FLOATS, "numpy torch jax tensorflow", "of a matrix as a whole Keras takes the norm of the matrix, ours that of its elements",
        lambda call: call.order != 2 and len(named_axes(call)) == 2,
    ),
    Difference(
        "slice slice_update", FLOATS, "numpy torch jax", "in Keras starts below 0 count from the end; ours, if in a tensor, are moved inside",
        lambda call: isinstance(call.start_indices, np.ndarray) and (call.start_indices < 0).any(),
    ),
    Difference("sparsemax", ALL, "numpy torch jax tensorflow", "Keras's often do not add up to 1, as Martins & Astudillo (2016) define it", lambda call: call.x.shape[call.axis] > 1),
    Difference("nextafter", f"{HALF} float32", "torch tensorflow", "Keras steps in float64, which the result's dtype rounds away"),
    Difference("linspace", ALL, "torch", "Keras gives NaN for num=1", lambda call: call.num == 1),
    Difference("linspace", "float32", "torch tensorflow", "Keras rounds integers toward zero, NumPy and ours down", lambda call: call.dtype == "int32"),
    Difference(
        "linspace", INTEGERS, "torch", "Keras on torch puts the axis elsewhere where a number meets a tensor",
        lambda call: np.ndim(call.start) < np.ndim(call.stop),
    ),
    Difference("linspace", "uint8", "torch", "Keras on torch wraps steps that are negative", lambda call: (call.start > call.stop).any()),
    Difference("geomspace logspace", ALL, "torch", "Keras gives NaN for num=1", lambda call: call.num == 1),
    Difference(
        "average", ALL, "torch", "Keras on torch averages over one axis of several, where there are weights",
        lambda call: call.weights is not None and call.x.ndim > 1,
    ),
    Difference(
        "dot", ALL, "torch", "Keras on torch multiplies stacks of matrices as matmul does, not as NumPy's dot does",
        lambda call: call.x2.ndim > 2,
    ),
    Difference("get_item", ALL, "torch", "torch puts the axes of indices apart in another place than NumPy", has_indices_apart),
    Difference("logsumexp", ALL, "numpy", "Keras on NumPy takes axis=() for all axes", reduces_no_axes),
    Difference("logsumexp moments std", ALL, "torch", "Keras on torch takes axis=() for all axes", reduces_no_axes),
    Difference("max min nanprod prod ptp sum", ALL, "torch", "Keras on torch drops the axes kept where axis is None", keeps_all_axes),
    Difference("max min", ALL, "torch", "Keras on torch gives `initial` alone where there are no elements", is_empty),
    Difference("one_hot", INTEGERS, "torch", "Keras on torch puts the classes elsewhere for a negative axis", lambda call: call.axis < -1),
    Difference(
        "pad", ALL, "torch", "Keras on torch pads the last axis only when one pair stands for all",
        lambda call: call.x.ndim > 1 and np.size(call.pad_width) <= 2,
    ),
    Difference(
        "pad", ALL, "torch", "Keras on torch repeats the outermost element where several are to be mirrored",
        lambda call: call.mode == "symmetric" and np.max(call.pad_width) > 1,
    ),
    Difference(
        "segment_max segment_min segment_prod segment_sum", ALL, "torch",
        "Keras on torch lets segment -1 count from the end, which ours drops",
        lambda call: (call.segment_ids < 0).any(),
    ),
    Difference(
        "segment_max segment_min segment_prod segment_sum", ALL, "torch",
        "Keras on torch takes a number of 0 segments for unknown", lambda call: call.num_segments == 0,
    ),
    Difference(
        "segment_max segment_min", ALL, "torch", "Keras on torch gives 0 for empty segments of integers",
        leaves_segments_empty,
    ),
    Difference("count_nonzero", ALL, "torch", "Keras on torch puts the axes that remain in another order", lambda call: call.axis is not None),
    Difference(
        "dot_product_attention", FLOATS, "torch", "Keras on torch forgets the mask where `is_causal`",
        lambda call: call.is_causal and call.mask is not None,
    ),
    Difference(
        "dot_product_attention", "float16", "torch", "Keras on torch forgets a mask that leaves no key",
        lambda call: call.mask is not None and not call.mask.any(-1).all(),
    ),
    Difference(
        "floor_divide fmod greater_equal", INTEGERS, "torch",
        "torch lets tensors without axes count for less, so that -1 beside uint8 becomes 255",
        lambda call: has_scalar(call) and has_negative(call),
    ),
    Difference(
        "solve", ALL, "torch tensorflow", "Keras takes a matrix of right-hand sides for a stack of vectors where both fit",
        lambda call: call.b.ndim > 1 and call.b.shape == call.a.shape[:-1],
    ),
    Difference("heaviside", FLOATS, "torch", "Keras on torch gives 0 for NaN", has_nan),
    Difference(
        "layer_normalization rms_normalization", FLOATS, "torch", "Keras on torch takes the last axes, whichever are asked for",
        lambda call: not takes_last_axes(call),
    ),
    Difference(
        "take", ALL, "jax", "Keras on JAX gives what is empty along the axis back, whatever the shape of the indices", takes_of_nothing
    ),
    Difference(
        "scatter_update", ALL, "torch jax", "Keras keeps one of several updates of an element that are to be combined",
        updates_again,
    ),
    Difference("tri", ALL, "torch", "Keras on torch takes a size of 0 for none given", lambda call: call.M == 0),
    Difference(
        "take_along_axis", ALL, "torch", "Keras on torch takes an index out of range modulo the size; ours is the last one",
        takes_out_of_range,
    ),
    Difference(
        "take_along_axis", ALL, "torch", "with axis=None Keras on torch counts negative indices from another end",
        lambda call: call.axis is None and (call.indices < 0).any(),
    ),
    Difference("sign", FLOATS, "torch", "Keras on torch gives 0 for NaN", has_nan),
    Difference("sparse_plus sparse_sigmoid", "uint8", "torch", "Keras on torch wraps -1 in uint8"),
    Difference("argmax argmin", FLOATS, "tensorflow", "TensorFlow passes over NaN; ours finds it, as NumPy does", has_nan),
    Difference("argsort sort", FLOATS, "tensorflow", "NaN leaves TensorFlow's result unsorted", has_nan),
    Difference(
        "binary_crossentropy", HALF, "numpy jax tensorflow", "Keras's epsilon is less than float16 can tell from 1: infinite",
        lambda call: not call.from_logits and ((call.output == 0) | (call.output == 1)).any(),
    ),
    Difference("einsum", ALL, "tensorflow", "without `->` Keras keeps the order of axes; NumPy and ours sort them", lambda call: "->" not in call.subscripts),
    Difference("hypot", FLOATS, "tensorflow", "Keras gives NaN for two infinities", has_infinity),
    Difference("isclose", FLOATS, "tensorflow", "Keras finds infinities unequal to themselves, or close to their opposites", has_infinity),
    Difference("ldexp", "float32", "tensorflow", "Keras's power of two overflows where the result does not", lambda call: (np.abs(call.x2) > 126).any()),
    Difference("leaky_relu", "float64", "tensorflow", "Keras's slope of 0.2 is rounded to float32", lambda call: call.negative_slope == 0.2),
    Difference(
        "left_shift", INTEGERS, "tensorflow", "TensorFlow wraps shifts below 0 or larger than the dtype; ours shifts all bits out",
        lambda call: ((call.y < 0) | (call.y >= 8 * call.x.itemsize)).any(),
    ),
    Difference("rot90", ALL, "tensorflow", "Keras on TensorFlow gets half a turn wrong", lambda call: call.k % 4 == 2),
    Difference("segment_max", FLOATS, "tensorflow", "Keras gives empty segments the least number, ours and JAX's -inf", leaves_segments_empty),
    Difference("segment_min", FLOATS, "tensorflow", "Keras gives empty segments the largest number, ours and JAX's inf", leaves_segments_empty),
    Difference(
        "sparse_categorical_crossentropy", FLOATS, "tensorflow", "Keras clips to 1 and does not normalise",
        lambda call: not call.from_logits,
    ),
    Difference("moments squeeze", ALL, "tensorflow", "Keras on TensorFlow takes axis=() for all axes", reduces_no_axes),
    Difference("hstack", ALL, "tensorflow", "Keras on TensorFlow adds no axis to scalars", lambda call: call.xs[0].ndim == 0),
    Difference("vstack", ALL, "tensorflow", "Keras on TensorFlow adds no axis to scalars and vectors", lambda call: call.xs[0].ndim < 2),
    Difference("dot_product_attention", "float64", "tensorflow", "Keras's softmax is computed in float32"),
    Difference("add", INTEGERS, "tensorflow", "Keras on TensorFlow drops axes of size 1 that only the second tensor has", lambda call: np.ndim(call.x2) > np.ndim(call.x1)),
    Difference(
        "batch_normalization", "float64", "tensorflow", "Keras computes in float32 as far as the scale is float32",
        lambda call: any(x.dtype == "float32" for x in call.arrays),
    ),
    Difference("mean", "complex64", "tensorflow", "TensorFlow's mean of no complex numbers is 0, not NaN", is_empty),
    Difference("norm", f"{FLOATS} complex64", "tensorflow", "Keras on TensorFlow keeps other axes than it reduces for order -2", lambda call: call.ord == -2 and call.keepdims),
    Difference(
        "eye", ALL, "tensorflow", "Keras on TensorFlow adds a row and a column where a diagonal ends before the longer side",
        lambda call: call.M is not None and (0 < call.k < call.M - call.N or 0 < -call.k < call.N - call.M),
    ),
    Difference("floor_divide", FLOATS, "tensorflow", "Keras's are not NumPy's where one of the numbers is infinite", has_infinity),
    Difference(
        "geomspace", f"{INTEGERS} {FLOATS}", "tensorflow", "Keras on TensorFlow gives tensors of integers, or a single number, an axis twice",
        lambda call: np.ndim(call.start) > 0 and (call.num == 1 or call.start.dtype.kind in "biu"),
    ),
    Difference("heaviside", FLOATS, "tensorflow", "Keras on TensorFlow takes NaN for 0", has_nan),
    Difference("multi_hot", INTEGERS, "tensorflow", "Keras on TensorFlow gives the least number where there are no classes to encode", is_empty),
    Difference(
        "rms_normalization", FLOATS, "tensorflow", "Keras on TensorFlow puts the scale along the last axis, whichever is asked for",
        lambda call: call.scale is not None and not takes_last_axes(call),
    ),
    Difference("round", "float64", "tensorflow", "Keras rounds powers of ten to float32", lambda call: call.decimals != 0),
    Difference("top_k", ALL, "tensorflow", "TensorFlow takes NaN for the least number, ours for the largest", has_nan),
    Difference("top_k", ALL, "numpy torch", "Keras on NumPy and torch does not keep equals in order", has_equals),
    Difference("top_k", ALL, "numpy tensorflow", "unsorted, the order is free", lambda call: not call.sorted),
    Difference("vdot", "complex64", "tensorflow", "Keras on TensorFlow multiplies the elements of matrices in another order"),
    Difference("floor_divide", INTEGERS, "jax", "JAX divides integers by zero, which ours makes 0", lambda call: (np.asarray(call.x2) == 0).any()),
    Difference("one_hot", "uint8 int8", "jax", "Keras on JAX counts classes in 8 bits, which have 256 numbers", lambda call: call.num_classes > 127),
    Difference(
        "power", INTEGERS, "jax", "JAX raises integers to negative powers as if those were large; ours rounds the fractions to 0",
        lambda call: (np.asarray(call.x2) < 0).any(),
    ),
    Difference(
        "take take_along_axis", ALL, "jax", "Keras on JAX gives NaN, or the least number, out of range; ours is the nearest element",
        takes_out_of_range,
    ),
    Difference(
        "affine_transform", "uint8 int32", "numpy tensorflow", "Keras cuts fractions off; ours rounds, as on JAX",
        lambda call: call.interpolation == "bilinear",
    ),
    Difference(
        "perspective_transform", "uint8 int32", "tensorflow", "Keras cuts fractions off; ours rounds, as on JAX",
        lambda call: call.interpolation == "bilinear",
    ),
    Difference("perspective_transform", "uint8 int32", "torch", "Keras cuts off the fractions of the transform"),
    Difference(
        "resize", FLOATS, "torch", "torch's bicubic kernel has a = -3/4; ours, JAX's and TensorFlow's has -1/2",
        lambda call: call.interpolation == "bicubic",
    ),
    Difference(
        "resize", "float32", "tensorflow", "TensorFlow's bicubic kernel is a table of 1,024 numbers",
        lambda call: call.interpolation == "bicubic" and not call.antialias,
    ),
    Difference("gaussian_blur", FLOATS, "torch", "Keras on torch takes no format for channels first", lambda call: call.data_format is None),
    Difference(
        "gaussian_blur", FLOATS, "torch tensorflow", "Keras changes the size, or the place, if the window is not square and odd",
        lambda call: call.kernel_size[0] != call.kernel_size[1] or call.kernel_size[0] % 2 == 0,
    ),
    Difference(
        "affine_transform map_coordinates", f"{FLOATS} uint8 int32", "tensorflow", "Keras on TensorFlow goes another way on beyond the edges to wrap or reflect",
        lambda call: call.fill_mode in ("wrap", "reflect", "mirror"),
    ),
    Difference("affine_transform map_coordinates", "float64", "tensorflow", "Keras on TensorFlow computes in float32"),
    Difference(
        "depth_to_space space_to_depth", ALL, "tensorflow", "with channels first Keras on TensorFlow takes the channels in another order",
        lambda call: call.data_format == "channels_first",
    ),
    Difference("psnr", "int32", "tensorflow", "Keras on TensorFlow takes a mean of integers"),
    Difference("perspective_transform resize scale_and_translate", "float64", "tensorflow", "Keras on TensorFlow computes in float32"),
    Difference("sobel_edges", "uint8", "numpy torch", "Keras wraps slopes that are negative, or above 255"),
    Difference("sobel_edges", FLOATS, "tensorflow", "Keras on TensorFlow mirrors images at their edges; ours, as on torch and JAX, adds zeros"),
    Difference("sobel_edges", f"{FLOATS} int32", "numpy", "Keras on NumPy goes on with the outermost pixels; ours, as on torch and JAX, adds zeros"),
    Difference("argpartition", ALL, "torch tensorflow", "Keras does not count a negative kth from the end", lambda call: call.kth < 0),
    Difference("argpartition", FLOATS, "torch tensorflow", "Keras does not put NaN at the end", has_nan),
    Difference("argpartition", ALL, "tensorflow", "Keras on TensorFlow gives some of several equals twice", has_equals),
    Difference(
        "unravel_index", INTEGERS, "torch tensorflow", "Keras takes an index out of range modulo the size, ours is the nearest end",
        lambda call: is_out_of_range(call.indices, math.prod(call.shape)),
    ),
    Difference("unravel_index", INTEGERS, "tensorflow", "Keras on TensorFlow mixes up the places along several axes", lambda call: len(call.shape) > 1),
    Difference("corrcoef", f"{FLOATS} complex64 int32", "tensorflow", "Keras on TensorFlow gives a matrix for a single variable", lambda call: call.x.ndim == 1 or call.x.shape[0] == 1),
    Difference("isin", "bool uint8", "tensorflow", "Keras on TensorFlow finds everything among none", is_empty),
    Difference(
        "nanpercentile nanquantile", FLOATS, "tensorflow",
        "Keras on TensorFlow forgets the axes of the levels where there is nothing but NaN", has_nan,
    ),
    Difference("nanprod", "complex64", "torch tensorflow", "Keras finds no NaN in complex numbers here", has_nan),
    Difference("nonzero", ALL, "torch", "Keras on torch gives one tensor, not one for each axis"),
    Difference(
        "histogram", FLOATS, "tensorflow", "Keras on TensorFlow has no bins for no elements, nor for a single value",
        lambda call: len(set(call.x.ravel().tolist() if call.range is None else call.range)) < 2,
    ),
    Difference("trapezoid", "bool", "numpy", "NumPy takes True + True for True"),
    Difference("unique", "bfloat16", "tensorflow", "TensorFlow tells -0 of bfloat16 from 0", has_negative_zero),
    Difference("unique", ALL, "tensorflow", "unsorted, the order is free", lambda call: not call.sorted),
    Difference(
        "unique", ALL, "numpy torch tensorflow", "Keras gives what is missing another index than that of the first",
        lambda call: call.size is not None and call.return_index,
    ),
    Difference("cholesky_inverse", "complex64", "numpy torch jax tensorflow", "Keras takes no conjugates: its results are not the inverse"),
    Difference("cholesky_inverse", f"{FLOATS} int32", "numpy", "Keras on NumPy can not do a stack of matrices", lambda call: call.x.ndim > 2),
    Difference("cholesky_inverse", f"{FLOATS} int32", "jax", "Keras on JAX can not do a stack of matrices", lambda call: call.x.ndim > 2),
    Difference(
        "correlate", ALL, "torch tensorflow", "Keras's mode 'same' is not NumPy's where the second vector is longer",
        lambda call: call.mode == "same" and call.x2.size > call.x1.size,
    ),
    Difference(
        "correlate", ALL, "torch", "Keras on torch drops the axis of a single result",
        lambda call: call.x1.size == (1 if call.mode == "same" else call.x2.size),
    ),
    Difference("ctc_decode", FLOATS, "numpy torch", "Keras reads the first step of sequences that have none", lambda call: (call.sequence_lengths == 0).any()),
    Difference("ctc_decode", "float64", "tensorflow", "Keras searches in float32"),
    Difference(
        "ctc_loss", FLOATS, "numpy jax tensorflow",
        "Keras gives impossible targets 10^5, or about 700; ours, and Keras on torch, infinity",
        is_impossible,
    ),
    Difference("ctc_loss", "float64", "tensorflow", "Keras computes in float32"),
    Difference(
        "istft", FLOATS, "numpy jax", "with window=None Keras weighs the ends, which few sequences cover, as the rest; ours adds up",
        lambda call: call.window is None,
    ),
    Difference(
        "istft", FLOATS, "jax", "without `center` Keras on JAX cuts off ends that a window covers",
        lambda call: call.window is not None and not call.center,
    ),
    Difference(
        "istft", FLOATS, "tensorflow torch", "Keras divides the ends by windows of sequences that are not there",
        lambda call: call.window is not None,
    ),
    Difference("matrix_rank", FLOATS, "tensorflow", "Keras takes one tolerance for each matrix as one for each singular value", lambda call: np.ndim(call.tol) > 0),
    Difference(
        "stft", FLOATS, "torch", "with window=None Keras on torch cuts sequences to sequence_length",
        lambda call: call.window is None and call.fft_length > call.sequence_length,
    ),
    Difference(
        "stft", FLOATS, "tensorflow", "Keras's window is off centre for an odd fft_length, or sequence_length",
        lambda call: isinstance(call.window, str) and (call.fft_length % 2 or call.sequence_length % 2),
    ),
)  # fmt: skip
