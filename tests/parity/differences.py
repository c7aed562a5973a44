"""Where kcore means to differ from Keras 3.15.1, each with its reason. The parity tests read this file.

A difference that is not listed fails, and so does one that is listed and no longer seen: each entry holds for every op
and every backend that it names, for at least one of its dtypes.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["AGREED", "ARBITRARY", "DTYPES", "ENDS_THE_PROCESS", "NOT_COMPARED", "NOT_IN_KERAS", "OPTIMIZERS", "REFUSED", "REFUSED_INPUTS", "TRAINING",
           "VALUES", "Difference", "Refusal", "listed"]  # fmt: skip

# Not public in Keras: parts of other ops, and the random numbers, which no two backends of Keras share.
NOT_IN_KERAS = frozenset(
    "basic_item count_from dynamic_slice dynamic_slice_update gru lstm pad_constant random_beta random_binomial random_bits random_categorical random_dropout random_gamma "
    "random_elastic random_normal random_randint random_shuffle random_truncated_normal random_uniform rint scatter_rows size_along "
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
        "arctan2 fmod hypot logaddexp logaddexp2 mod", f"{HALF} {INTEGERS}", "numpy torch tensorflow",
        "Keras gives a Python number the default dtype in these ops; ours takes on the tensor's in every op",
    ),
    Difference(
        "arctan2 logaddexp logaddexp2", f"{HALF} {INTEGERS}", "jax",
        "Keras gives a Python number the default dtype in these ops; ours takes on the tensor's in every op",
    ),
    Difference(
        "add bitwise_and bitwise_or bitwise_xor clip multiply power select squareplus subtract where",
        f"{HALF} {INTEGERS}", "torch",
        "torch lets numbers and tensors without axes count for less, and Keras leaves the result at that",
    ),
    Difference("clip", INTEGERS, "numpy", "Keras on NumPy cuts bounds that are fractions to the integers of the tensor"),
    Difference("select", "bool", "numpy tensorflow", "Keras gives the Python number int64, ours int32 as elsewhere"),
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
        "logdet logsumexp normalize pinv qr segment_max slogdet solve solve_triangular sparse_categorical_crossentropy "
        "sparsemax svd",
        f"{HALF} float32 {INTEGERS}", "numpy", "Keras on NumPy leaves the dtype that NumPy computes in",
    ),
    Difference("allclose", ALL, "numpy", "Keras on NumPy gives no tensor but a bool"),
    Difference("top_k", ALL, "numpy torch", "the indices are int64 in Keras here, and int32 on its other backends"),
    Difference(
        "rms_normalization", "int32", "numpy torch jax tensorflow",
        "Keras gives integers, where the results are fractions of size 1",
    ),
    Difference(
        "layer_normalization", "int32", "numpy torch jax tensorflow",
        "Keras gives integers, where the results are fractions of size 1",
    ),
    Difference("batch_normalization moments", "int32 int64", "tensorflow", "Keras gives integers; the results are fractions"),
    Difference("log_softmax softmax", INTEGERS, "torch", "Keras gives integers, where the results are fractions"),
    Difference("var", "complex64", "numpy torch jax tensorflow", "the variance of complex numbers is real, as in NumPy"),
    Difference("norm", "complex64", "numpy tensorflow", "the norm of complex numbers is real, as in NumPy and on torch"),
    Difference("eigh slogdet", "complex64", "tensorflow", "eigenvalues and log-determinants are real, as in NumPy"),
    Difference("mean prod sum", f"{HALF} {INTEGERS}", "torch", "Keras on torch leaves a tensor reduced over no axes as it is"),
    Difference("nansum trace", "uint8", "torch", "torch has no uint32, the dtype of sums of uint8 elsewhere"),
    Difference(
        "cbrt deg2rad heaviside hypot i0 rad2deg", "int64", "tensorflow",
        "Keras makes float64 of int64 in these ops and the default float in most; ours is the default float in all",
    ),
    Difference("geomspace", FLOATS, "tensorflow", "Keras on TensorFlow computes in float32 and leaves it"),
    Difference("linspace", FLOATS, "torch tensorflow", "Keras gives the step in float32"),
    Difference("prod", ALL, "tensorflow", "Keras on TensorFlow ignores the dtype asked for"),
    Difference("adaptive_average_pool", INTEGERS, "torch", "Keras gives integers for an empty batch; the results are fractions"),
    Difference("batch_normalization", HALF, "torch jax", "Keras gives the dtype of the mean and variance, ours that of the tensor"),
    Difference("einsum", INTEGERS, "torch", "Keras on torch gives the int64 that torch adds up integers in"),
    Difference("max min", f"{HALF} {INTEGERS}", "torch", "Keras on torch gives the dtype of `initial` where there are no elements"),
    Difference("eigh", INTEGERS, "torch", "Keras on torch leaves integers where there are no elements"),
    Difference("split", ALL, "torch", "Keras on torch gives no parts at all for no indices"),
    Difference("matmul", "int8 uint8", "tensorflow", "Keras leaves int8 where there are no elements, and gives int32 elsewhere"),
    Difference("angle", HALF, "jax", "Keras on JAX gives float32"),
    Difference("conv", HALF, "jax", "Keras on JAX gives the dtype of the kernel, ours what both dtypes lead to"),
    Difference("power", INTEGERS, "jax", "Keras leaves the dtype of a first tensor without axes"),
    Difference("relu6", INTEGERS, "jax", "Keras on JAX gives floats, and integers elsewhere"),
    Difference("sparse_categorical_crossentropy", HALF, "jax", "Keras on JAX gives float32"),
    Difference("sobel_edges", "uint8", "numpy torch", "Keras wraps slopes that are negative, or above 255"),
    Difference("psnr", "int32", "numpy", "Keras on NumPy leaves the dtype that NumPy computes in"),
    Difference(
        "bincount", "int16 int32 uint8", "numpy torch jax tensorflow",
        "Keras adds up weights of 8 and 16 bits in so many bits, where sums overflow; ours adds them up in int32",
    ),
    Difference("corrcoef", "complex64", "numpy", "Keras on NumPy drops the imaginary part"),
    Difference(
        "histogram", f"{INTEGERS} {HALF} float32", "numpy",
        "Keras on NumPy counts in int64 and leaves the float64 of NumPy's edges; elsewhere both have the dtype of x",
    ),
    Difference("histogram", INTEGERS, "tensorflow", "Keras on TensorFlow gives integers, where edges are fractions"),
    Difference("nanstd nanvar", "complex64", "numpy", "the variance of complex numbers is real, as in NumPy"),
    Difference("segment_min", f"{INTEGERS} bfloat16", "numpy", "Keras on NumPy leaves the dtype that NumPy makes of infinity"),
    Difference("trapezoid", "float16", "numpy tensorflow", "Keras gives the dtype of y, ours the common one of y and x"),
    Difference("trapezoid", "uint8", "torch", "Keras on torch leaves integers where there are no elements"),
    Difference("unique", ALL, "numpy torch", "the indices are int64 in Keras here, and int32 on its other backends"),
    Difference(
        "nanprod", "int8 uint8", "torch",
        "Keras on torch leaves a tensor reduced over no axes as it is, and torch has no uint32",
    ),
    Difference("nonzero", ALL, "torch", "Keras on torch gives one tensor, not one for each axis"),
    Difference(
        "cholesky_inverse eig ifft2 istft lstsq lu_factor", f"{HALF} float32 {INTEGERS}", "numpy",
        "Keras on NumPy leaves the dtype that NumPy computes in; eigenvalues are complex elsewhere, real or not",
    ),
    Difference("rfft", INTEGERS, "numpy", "Keras on NumPy gives integers, where the results are fractions"),
    Difference("correlate", "complex64", "numpy torch tensorflow", "Keras drops the imaginary parts, on all backends but JAX"),
    Difference("view_as_complex", "float64", "tensorflow", "Keras makes complex64 of float64, which does not hold it"),
    Difference(
        "associative_scan", "float32 int32", "numpy torch",
        "Keras leaves the dtype that f returns for the default float; ours keeps it, as Keras does on JAX",
    ),
)  # fmt: skip

# The dtypes are Keras's, the values are not.
VALUES = (
    Difference("argsort", ALL, "numpy", "Keras on NumPy does not keep equals in order, nor sort NaN of bfloat16 to the end"),
    Difference("digitize searchsorted sort", "bfloat16", "numpy", "Keras on NumPy does not sort NaN of bfloat16 to the end"),
    Difference(
        "nan_to_num nanargmax nanargmin nancumprod nancumsum nanmean nanprod nanstd nansum nanvar percentile", "bfloat16", "numpy",
        "Keras on NumPy does not find NaN of bfloat16",
    ),
    Difference("binary_crossentropy", f"{HALF} float32", "numpy", "Keras on NumPy clips the sigmoid of logits, which keeps losses below 16"),
    Difference("mean", "bfloat16", "numpy", "Keras on NumPy adds up bfloat16 in bfloat16, where large sums stand still"),
    Difference(
        "gelu log_sigmoid log_softmax selu sigmoid silu softmax", "uint8 int16 uint16", "numpy",
        "Keras on NumPy computes -x of unsigned integers, and makes integers of constants, before it makes floats",
    ),
    Difference("hard_tanh log_sigmoid log_softmax", "uint8", "jax", "Keras on JAX computes -x of unsigned integers"),
    Difference("deg2rad logaddexp2 rad2deg", "bool uint8 int8", "numpy", "NumPy computes 8 bits in float16"),
    Difference("leaky_relu", FLOATS, "numpy", "Keras on NumPy takes the larger of x and its multiple: wrong for slopes above 1"),
    Difference("logsumexp", ALL, "numpy", "Keras on NumPy gives an axis to the result of a tensor without axes"),
    Difference("median nanpercentile quantile", ALL, "jax", "Keras on JAX gives an axis to the result of a tensor without axes"),
    Difference("cholesky", ALL, "numpy torch", "ours reads the lower triangle only; with `upper`, Keras here reads the upper one"),
    Difference("cholesky eigh", ALL, "jax", "ours reads the lower triangle only, Keras on JAX takes the mean of both"),
    Difference(
        "in_top_k", FLOATS, "numpy torch jax tensorflow",
        "Keras's backends differ about targets out of range and NaN; ours says no to the former and orders NaN last",
    ),
    Difference("normalize", "bool", "numpy", "Keras on NumPy divides booleans by booleans"),
    Difference("normalize", FLOATS, "numpy torch jax tensorflow", "of a matrix as a whole Keras takes the norm of the matrix, ours that of its elements"),
    Difference("slice slice_update", FLOATS, "numpy torch", "in Keras starts below 0 count from the end; ours, if in a tensor, are moved inside"),
    Difference("sparsemax", ALL, "torch jax tensorflow", "Keras's often do not add up to 1, as Martins & Astudillo (2016) define it"),
    Difference("nextafter", FLOATS, "torch tensorflow", "Keras steps in float64, which the result's dtype rounds away"),
    Difference("linspace", ALL, "torch", "Keras gives NaN for num=1, rounds integers toward zero and puts the axis elsewhere"),
    Difference("linspace", "float32", "tensorflow", "Keras rounds integers toward zero, NumPy and ours down"),
    Difference("geomspace logspace", ALL, "torch", "Keras gives NaN for num=1"),
    Difference("average", ALL, "torch", "Keras on torch averages over one axis of several"),
    Difference("dot", ALL, "torch", "Keras on torch multiplies stacks of matrices as matmul does, not as NumPy's dot does"),
    Difference("get_item", ALL, "torch", "torch puts the axes of indices apart in another place than NumPy"),
    Difference("logsumexp moments std", ALL, "torch", "Keras on torch takes axis=() for all axes"),
    Difference("max min nanprod prod ptp sum", ALL, "torch", "Keras on torch drops the axes kept where axis is None"),
    Difference("one_hot", INTEGERS, "torch", "Keras on torch puts the classes elsewhere for a negative axis"),
    Difference("pad", ALL, "torch", "Keras on torch pads the last axis only when one pair stands for all"),
    Difference(
        "segment_max segment_min segment_prod segment_sum", ALL, "torch",
        "Keras on torch lets segment -1 count from the end, which ours drops, and takes a number of 0 for unknown",
    ),
    Difference("count_nonzero", ALL, "torch", "Keras on torch puts the axes that remain in another order"),
    Difference("dot_product_attention", FLOATS, "torch", "Keras on torch forgets the mask where `is_causal`"),
    Difference(
        "floor_divide greater_equal", INTEGERS, "torch",
        "torch lets tensors without axes count for less, so that -1 beside uint8 becomes 255",
    ),
    Difference("solve", ALL, "torch tensorflow", "Keras takes a matrix of right-hand sides for a stack of vectors where both fit"),
    Difference("heaviside", FLOATS, "torch", "Keras on torch gives 0 for NaN"),
    Difference("layer_normalization rms_normalization", FLOATS, "torch", "Keras on torch takes the last axes, whichever are asked for"),
    Difference("scatter_update", ALL, "torch jax", "Keras keeps one of several updates of an element that are to be combined"),
    Difference("tri", ALL, "torch", "Keras on torch takes a size of 0 for none given"),
    Difference("take_along_axis", ALL, "torch", "Keras on torch takes an index out of range modulo the size; ours is the last one"),
    Difference("sign", FLOATS, "torch", "Keras on torch gives 0 for NaN"),
    Difference("sparse_plus sparse_sigmoid", "uint8", "torch", "Keras on torch wraps -1 in uint8"),
    Difference("argmax argmin", FLOATS, "tensorflow", "TensorFlow passes over NaN; ours finds it, as NumPy does"),
    Difference("argsort sort", FLOATS, "tensorflow", "NaN leaves TensorFlow's result unsorted"),
    Difference("binary_crossentropy", HALF, "jax tensorflow", "Keras's epsilon is less than float16 can tell from 1: infinite"),
    Difference("einsum", ALL, "tensorflow", "without `->` Keras keeps the order of axes; NumPy and ours sort them"),
    Difference("hypot", FLOATS, "tensorflow", "Keras gives NaN for two infinities"),
    Difference("isclose", FLOATS, "tensorflow", "Keras finds infinities unequal to themselves, or close to their opposites"),
    Difference("ldexp", "float32", "tensorflow", "Keras's power of two overflows where the result does not"),
    Difference("leaky_relu", "float64", "tensorflow", "Keras's slope of 0.2 is rounded to float32"),
    Difference("left_shift", INTEGERS, "tensorflow", "TensorFlow wraps shifts larger than the dtype; ours shifts all bits out"),
    Difference("rot90", ALL, "tensorflow", "Keras on TensorFlow gets half a turn wrong"),
    Difference("segment_max", FLOATS, "tensorflow", "Keras gives empty segments the least number, ours and JAX's -inf"),
    Difference("sparse_categorical_crossentropy", FLOATS, "tensorflow", "Keras clips to 1 and does not normalise"),
    Difference("moments squeeze", ALL, "tensorflow", "Keras on TensorFlow takes axis=() for all axes"),
    Difference("hstack vstack", ALL, "tensorflow", "Keras on TensorFlow adds no axis to scalars and vectors"),
    Difference("dot_product_attention", "float64", "tensorflow", "Keras's softmax is computed in float32"),
    Difference("add", INTEGERS, "tensorflow", "Keras on TensorFlow drops axes of size 1 that only the second tensor has"),
    Difference("batch_normalization", "float64", "tensorflow", "Keras computes in float32 as far as the scale is float32"),
    Difference("mean", "complex64", "tensorflow", "TensorFlow's mean of no complex numbers is 0, not NaN"),
    Difference("norm", f"{FLOATS} complex64", "tensorflow", "Keras on TensorFlow keeps other axes than it reduces for order -2"),
    Difference("eye", ALL, "tensorflow", "Keras on TensorFlow adds rows and columns for diagonals outside of the matrix"),
    Difference("floor_divide", FLOATS, "tensorflow", "Keras's are not NumPy's where one of the numbers is infinite"),
    Difference("geomspace", f"{INTEGERS} {FLOATS}", "tensorflow", "Keras on TensorFlow gives tensors of integers, or a single number, an axis twice"),
    Difference("heaviside", FLOATS, "tensorflow", "Keras on TensorFlow takes NaN for 0"),
    Difference("multi_hot", INTEGERS, "tensorflow", "Keras on TensorFlow gives the least number where there are no classes to encode"),
    Difference("rms_normalization", FLOATS, "tensorflow", "Keras on TensorFlow puts the scale along the last axis, whichever is asked for"),
    Difference("round", "float64", "tensorflow", "Keras rounds powers of ten to float32"),
    Difference("top_k", ALL, "tensorflow", "TensorFlow takes NaN for the least number, ours for the largest; unsorted, the order is free"),
    Difference("vdot", "complex64", "tensorflow", "Keras on TensorFlow multiplies the elements of matrices in another order"),
    Difference("floor_divide", INTEGERS, "jax", "JAX divides integers by zero, which ours makes 0"),
    Difference("one_hot", "uint8 int8", "jax", "Keras on JAX counts classes in 8 bits, which have 256 numbers"),
    Difference("power", INTEGERS, "jax", "JAX raises integers to negative powers as if those were large; ours rounds the fractions to 0"),
    Difference("take take_along_axis", ALL, "jax", "Keras on JAX gives NaN, or the least number, out of range; ours is the nearest element"),
    Difference("affine_transform", "uint8 int32", "numpy tensorflow", "Keras cuts fractions off; ours rounds, as on JAX"),
    Difference("perspective_transform", "uint8 int32", "torch tensorflow", "Keras cuts fractions off, on torch those of the transform"),
    Difference("resize", FLOATS, "torch", "torch's bicubic kernel has a = -3/4; ours, JAX's and TensorFlow's has -1/2"),
    Difference("gaussian_blur", FLOATS, "torch tensorflow", "Keras changes the size, or the place, if the window is not square and odd"),
    Difference("affine_transform map_coordinates", FLOATS, "tensorflow", "Keras on TensorFlow goes another way on beyond the edges to wrap or reflect"),
    Difference("depth_to_space space_to_depth", ALL, "tensorflow", "with channels first Keras on TensorFlow takes the channels in another order"),
    Difference("psnr", "int32", "tensorflow", "Keras on TensorFlow takes a mean of integers"),
    Difference("perspective_transform resize scale_and_translate", "float64", "tensorflow", "Keras on TensorFlow computes in float32"),
    Difference("sobel_edges", FLOATS, "tensorflow", "Keras on TensorFlow mirrors images at their edges; ours, as on torch and JAX, adds zeros"),
    Difference("sobel_edges", f"{FLOATS} int32", "numpy", "Keras on NumPy goes on with the outermost pixels; ours, as on torch and JAX, adds zeros"),
    Difference("argpartition", "bfloat16", "numpy", "Keras on NumPy does not sort NaN of bfloat16 to the end"),
    Difference("argpartition", ALL, "torch tensorflow", "Keras does not count a negative kth from the end, nor put NaN there"),
    Difference(
        "unravel_index", INTEGERS, "torch tensorflow",
        "Keras takes an index out of range modulo the size, ours is the nearest end; on TensorFlow it mixes up a scalar's places",
    ),
    Difference("corrcoef", f"{FLOATS} complex64", "tensorflow", "Keras on TensorFlow gives a matrix for a single variable"),
    Difference("isin", "bool", "tensorflow", "Keras on TensorFlow finds every boolean among none"),
    Difference(
        "nanpercentile nanquantile", FLOATS, "tensorflow",
        "Keras on TensorFlow forgets the axes of the levels where there is nothing but NaN",
    ),
    Difference("nanprod", "complex64", "torch tensorflow", "Keras finds no NaN in complex numbers here"),
    Difference("nonzero", ALL, "torch", "Keras on torch gives one tensor, not one for each axis"),
    Difference("histogram", HALF, "tensorflow", "Keras on TensorFlow has no bins for no elements, nor for a single value"),
    Difference("trapezoid", "bool", "numpy", "NumPy takes True + True for True"),
    Difference("segment_min", FLOATS, "tensorflow", "Keras gives empty segments the largest number, ours and JAX's inf"),
    Difference(
        "unique", ALL, "tensorflow",
        "unsorted, the order is free; along an axis Keras on TensorFlow gives what is missing another index",
    ),
    Difference("cholesky_inverse", "complex64", "numpy torch jax tensorflow", "Keras takes no conjugates: its results are not the inverse"),
    Difference("cholesky_inverse", FLOATS, "jax", "Keras on JAX can not do a stack of matrices"),
    Difference("correlate", ALL, "torch tensorflow", "Keras's mode 'same' is not NumPy's where the second vector is longer"),
    Difference("ctc_decode", FLOATS, "numpy torch", "Keras reads the first step of sequences that have none"),
    Difference("ctc_decode", "float64", "tensorflow", "Keras searches in float32"),
    Difference(
        "ctc_loss", FLOATS, "numpy jax tensorflow",
        "Keras gives impossible targets 10^5, or about 700; ours, and Keras on torch, infinity",
    ),
    Difference("istft", FLOATS, "numpy jax", "with window=None Keras weighs the ends, which few sequences cover, as the rest; ours adds up"),
    Difference("istft", FLOATS, "tensorflow torch", "Keras divides the ends by windows of sequences that are not there"),
    Difference("matrix_rank", FLOATS, "tensorflow", "Keras takes one tolerance for each matrix as one for each singular value"),
    Difference("stft", FLOATS, "torch", "with window=None Keras on torch cuts sequences to sequence_length"),
    Difference("stft", FLOATS, "tensorflow", "Keras's window is off centre for an odd fft_length, or sequence_length"),
)  # fmt: skip

# Against what Keras's backends agree on (keras_dtypes.json). Each entry holds for calls of its ops in which one of its
# dtypes, or numbers, takes part.
_KERAS = "numpy torch jax tensorflow"
AGREED = (
    Difference("arctan2 logaddexp logaddexp2", "1.0", _KERAS, "Keras gives a Python number the default dtype in these ops; ours takes on the tensor's in every op"),
    Difference("dot", "1", _KERAS, "Keras gives a Python number the default dtype in this op; ours takes on the tensor's in every op"),
    Difference("batch_normalization", "float64", _KERAS, "Keras gives the dtype of the mean and variance, ours that of the tensor"),
    Difference("binary_crossentropy psnr", HALF, _KERAS, "Keras makes the default float of integers before they meet the other tensor; in ours they take on its dtype, as in `add`"),
    Difference("corrcoef", "int64", _KERAS, "Keras makes float64 of int64 in this op and the default float in most; ours is the default float in all"),
    Difference("correlate", "complex64", _KERAS, "Keras drops the imaginary parts, on all backends but JAX"),
    Difference("dot_product_attention layer_normalization rms_normalization", INTEGERS + " uint64", _KERAS, "Keras gives integers, where the results are fractions"),
    Difference("fold", "bool", _KERAS, "Keras gives booleans, where the results are sums of them"),
    Difference("geomspace", "int64", _KERAS, "Keras computes in float32 and leaves it; ours is float16 where that meets an integer"),
    Difference("select", "uint64", _KERAS, "Keras leaves the float64 that NumPy makes of uint64 and float32"),
    Difference("sobel_edges", "bool uint8 int8 int16", _KERAS, "Keras wraps slopes that are negative, or too large for the dtype"),
    Difference("ssim", f"{INTEGERS} {HALF} float32", _KERAS, "Keras gives the dtype of the first image, fractions rounded to integers; ours is a float, whichever image is first"),
    Difference("var", "complex64", _KERAS, "the variance of complex numbers is real, as in NumPy"),
)  # fmt: skip


class Refusal(NamedTuple):
    """What Keras takes and kcore refuses, and why."""

    ops: str  # names, separated by spaces
    words: str  # some of those of kcore's error
    reason: str


REFUSED = (
    Refusal(
        "adaptive_average_pool adaptive_max_pool affine_transform argmax argmin argpartition argsort average_pool "
        "batch_normalization binary_crossentropy categorical_crossentropy cdist celu ctc_loss deg2rad digitize "
        "dot_product_attention elu fmax fmin gaussian_blur gelu geomspace glu greater greater_equal hard_shrink "
        "hard_sigmoid hard_silu hard_tanh i0 isin layer_normalization leaky_relu less less_equal log_softmax "
        "logaddexp logsumexp map_coordinates max max_pool maximum min minimum nanargmax nanargmin nanmax nanmin "
        "nanpercentile nanquantile nextafter normalize perspective_transform psnr ptp quantile rad2deg relu relu6 "
        "resize rgb_to_grayscale rms_normalization round scale_and_translate searchsorted segment_max selu sigmoid "
        "silu sobel_edges soft_shrink softmax softsign sort sparse_plus squareplus ssim tanh_shrink threshold "
        "unique view_as_complex",
        "the op takes real numbers",
        "complex numbers have no order, and these formulas mean real numbers: frameworks refuse them, drop imaginary parts, "
        "or compute what nobody has defined",
    ),
    Refusal("conv conv_transpose depthwise_conv separable_conv", "not defined on booleans", "no two frameworks mean the same by sums of booleans"),
    Refusal(
        "ctc_decode ctc_loss one_hot take take_along_axis unravel_index", "indices must be integers",
        "an index that is no integer is a mistake more often than a number; frameworks cut off its fraction",
    ),
    Refusal("scatter_update", "updates ()", "TensorFlow takes no number for many updates; ours are of the shape that is said"),
)  # fmt: skip


# Inputs of models that Keras takes and kcore refuses: some of the words of kcore's error, and the reason.
REFUSED_INPUTS = {
    "a list for inputs by name": (
        "takes its inputs by name and was given a list",
        "Keras matches them by the order of the dict, which is seen nowhere where the list is made, and warns",
    ),
    "an input too many": (
        "do not match by name; unknown: 'c'",
        "Keras drops it and warns; a misspelt name of an input is an input too many",
    ),
}
# What an optimizer is made with, or does.
OPTIMIZERS = {
    "Adafactor(relative_step=False)": (
        "Keras's rate is at most the inverse root of the step's number all the same; its documentation and Shazeer & Stern "
        "(2018), algorithm 5, have that for relative steps alone"
    ),
    "SGD(clipnorm=0)": "Keras takes limits that are no limits: every gradient becomes 0, or turns round",
    "SGD(decay=0.1)": "Keras warns, and trains without the decay that was asked for",
    "SGD(np.float32(0.1))": "Keras takes np.float64 for a number, and not np.float32",
}
# What `compile`, `fit` and metrics do; tested in tests/train.
TRAINING = {
    "masks in metrics": "Keras looks at masks in its mean metrics alone, and counts what is masked in AUC, Precision, RMSE and all others",
    "metrics with ignore_class": "Keras's metric counts the samples that its loss leaves out",
    "a list for outputs by name": "Keras takes it in the order of the sorted names, whichever order the outputs were given in; ours refuses that",
    "labels (2, 1) of SparseCategoricalAccuracy for predictions (1, 2, 3)": "Keras compares each label with each prediction; ours refuses that",
    "fewer steps_per_epoch than batches": "Keras alternates between long and short epochs; ours has as many steps in each as asked for",
    "loss_weights of outputs by name, or nested": "Keras refuses them; ours have the form of the outputs, as losses have",
    "nullable columns of DataFrames": "Keras refuses them; ours are their numbers, and refused where values are missing",
    "a bar without a terminal": "Keras prints a line for each step; ours one at the end",
}


def listed(table: tuple[Difference, ...], op: str, backend: str) -> list[Difference]:
    """Give the differences of an op on a backend."""
    return [entry for entry in table if entry.concerns(op, backend)]
