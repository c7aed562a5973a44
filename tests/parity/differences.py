"""Where kcore means to differ from Keras 3.15.1, each with its reason. The parity tests read this file.

A difference that is not listed fails, and so does one that is listed and no longer seen: each entry holds for every op
and every backend that it names, for at least one of its dtypes, in calls with arguments such as it says.
"""

from __future__ import annotations

from typing import NamedTuple

from difference import HALF, INTEGERS, Difference

__all__ = [
    "AGREED",
    "ARBITRARY",
    "ENDS_THE_PROCESS",
    "NOT_COMPARED",
    "NOT_IN_KERAS",
    "OPS",
    "OPTIMIZERS",
    "REFUSED",
    "REFUSED_INPUTS",
    "TRAINING",
    "Refusal",
]

# Not public in Keras: parts of other ops, and the random numbers, which no two backends of Keras share.
NOT_IN_KERAS = frozenset(
    """basic_item biased_conv biased_einsum biased_matmul count_from dynamic_slice dynamic_slice_update gru lstm
    mean_sparse_categorical_crossentropy pad_constant random_beta random_binomial random_bits random_categorical random_dropout random_elastic random_gamma
    random_normal random_randint random_shuffle random_truncated_normal random_uniform rint scatter_rows size_along
    static_slice_update""".split()
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
# What ops take or give where Keras's raise, or give something else; tested in tests/ops.
OPS = {
    "shape of a symbolic tensor": "Keras gives None for a size that is not known; ours is a scalar of the graph, so that it survives into reshape, zeros and arithmetic",
    "cholesky of a matrix that is not positive definite": "Keras raises, after a look at the numbers that compiled code can not take; ours gives NaN, as singular matrices do everywhere",
    "cholesky of matrices of unknown size": "Keras refuses them when a graph is built; ours does so when it runs on a matrix that is not square",
    "squeeze of unknown sizes": "Keras keeps an axis whose size is not known, which is another number of axes than the graph has when it runs; ours asks for axis=",
    "scatter with float indices": "Keras lets its backends cut off fractions; an index that is no integer is a mistake more often than a number",
    "fft of integers": "Keras refuses integers in fft, ifft2 and irfft, and takes them in rfft; ours computes all of them in the default float. stft and istft refuse them in both",
    "stft of half floats": "Keras takes float32 and float64 alone; ours computes half floats in float32",
    "integers beyond int64 beside floats": "Keras leaves them to the framework: errors on torch and JAX; ours are the floats that Python makes of them",
}
# What an optimizer is made with, or does.
OPTIMIZERS = {
    "Adafactor(relative_step=False)": (
        "Keras's rate is at most the inverse root of the step's number all the same; its documentation and Shazeer & Stern "
        "(2018), algorithm 5, have that for relative steps alone"
    ),
    "MultiOptimizer(MultiOptimizer)": "Keras refuses it at the first step; ours when it is made",
    "MultiOptimizer({})": "Keras takes anything for a map, and fails at the first step",
    "MultiOptimizer().exclude_from_weight_decay()": "Keras has no effect on the optimizers inside, whose decay it is",
    "MultiOptimizer with None for all gradients of one": "Keras fails; ours updates what has a gradient, as a single optimizer",
    "ScheduleFreeAdamW(beta_1=0)": "Keras divides by it: every weight becomes NaN",
    "SGD(schedule, gradient_accumulation_steps=2)": (
        "Keras gives a schedule the number of batches, where its `iterations` counts updates; ours gives the number of updates"
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
    "load_model of checkpoints of a Sequential": "Keras looks for paths that a model made anew has not, in Sequential, nested and subclassed models, and leaves their first values; ours has all",
    "OrbaxCheckpoint after gradients that were accumulated": "Keras goes on from the number of updates in a later fit, and meets checkpoints of its own; ours from that of batches",
    "metrics of one name": "evaluate's list in Keras has a number too many; ours has one for each metric",
    "losses of outputs on TensorFlow": "Keras counts a smaller batch as a full one in them there, so that they do not sum to the loss; ours count samples, as Keras's do elsewhere",
    "metrics_names": "Keras gives 'compile_metrics' for all that compile was given; ours are the names in the logs",
    "class_weight and sample_weight": "Keras refuses them together; ours multiplies the two",
    "a generator that ends before the last epoch": "Keras goes on, with its first batch; ours ends training",
    "a generator for validation, with validation_steps": "Keras draws the batches of the first validation, and no more; ours the next ones in each",
    "more losses than outputs": "Keras takes the first of a list; ours refuses it",
    "params of callbacks": "Keras has verbose as it was given; ours the number that 'auto' means, and the backend",
    "a CallbackList without a model": "Keras fails as fit ends; ours gives it the model, and a History",
    "a bar without a terminal": "Keras prints a line for each step; ours one at the end",
}
