"""Ops as Keras's files have them: each a class, made with some of the arguments and called with the rest.

`ops.sum(x, axis=1)` in a functional model is the class `Sum` in `keras.src.ops.numpy`, made with `axis=1` and called
with `x`. An op that Keras has not stands there as ours, with all its arguments in the call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kcore_ops import KerasTensor, tree
from kcore_ops.engine.op import TENSOR_KINDS, Op, all_ops
from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.base.naming import snake_case
from kcore_layers.models.graph import is_variadic

__all__ = ["is_op_entry", "module_of_op_class", "op_from_data", "op_to_data"]

OURS = "kcore.ops"
KERAS = "keras.src.ops."

# The classes in each module; an op's name is that of its class in snake case, or follows it. Where an op has several
# classes, the first is the one that is written.
_CLASSES = {
    "core": """
        Cast SaturateCast Scatter ScatterUpdate Slice SliceUpdate StopGradient Unstack
    """,
    "image": """
        AffineTransform CropImages ExtractPatches GaussianBlur HSVToRGB MapCoordinates PadImages PerspectiveTransform
        RGBToGrayscale RGBToHSV Resize SSIM ScaleAndTranslate SobelEdges
    """,
    "linalg": """
        Cholesky CholeskyInverse Det Eig Eigh Inv Lstsq LuFactor MatrixRank Norm Pinv Qr SVD Solve SolveTriangular
    """,
    "math": """
        CDist=cdist Erf Erfc Erfinv ExtractSequences FFT FFT2 IFFT2 IRFFT ISTFT InTopK Logdet Logsumexp RFFT Rsqrt STFT
        SegmentMax SegmentMin SegmentProd SegmentSum TopK ViewAsComplex ViewAsReal
    """,
    "nn": """
        AdaptiveAveragePool AdaptiveMaxPool AveragePool BatchNorm=batch_normalization BinaryCrossentropy CTCDecode
        CTCLoss CategoricalCrossentropy Celu Conv ConvTranspose DepthToSpace DepthwiseConv DotProductAttention Elu Fold
        Gelu Glu HardShrink HardSigmoid HardSilu HardTanh LayerNorm=layer_normalization LeakyRelu LogSigmoid LogSoftmax
        MaxPool Moments MultiHot Normalize OneHot PSNR Polar RMSNorm=rms_normalization Relu Relu6 Selu SeparableConv
        Sigmoid Silu SoftShrink Softmax Softplus Softsign SpaceToDepth SparseCategoricalCrossentropy SparsePlus
        SparseSigmoid Sparsemax Squareplus TanhShrink Threshold Unfold
    """,
    "numpy": """
        Absolute Add All AllClose=allclose Angle Any Append Arccos Arccosh Arcsin Arcsinh Arctan Arctan2 Arctanh Argmax
        Argmin Argpartition Argsort ArraySplit Average Bincount BitwiseAnd BitwiseNot BitwiseOr BitwiseXor BroadcastTo
        Cbrt Ceil Clip Concatenate Conjugate Copy Corrcoef Correlate Cos Cosh CountNonzero Cross Cumprod Cumsum Deg2rad
        Diag Diagflat Diagonal Diff Digitize Divide DivideNoNan Dot Dsplit Dstack Einsum EmptyLike Equal Exp Exp2
        ExpandDims Expm1 Fabs Flip Fliplr Flipud Floor FloorDivide Fmax Fmin Fmod Full FullLike Gcd Geomspace GetItem
        Greater GreaterEqual Heaviside Histogram Hsplit Hstack Hypot I0 Imag Inner IsIn=isin Isclose Isfinite Isinf
        Isnan Isneginf Isposinf Isreal Kron Lcm Ldexp LeftShift Less LessEqual Linspace Log Log10 Log1p Log2 Logaddexp
        Logaddexp2 LogicalAnd LogicalNot LogicalOr LogicalXor Logspace Matmul Max Maximum Mean Median Meshgrid Min
        Minimum Mod Moveaxis Multiply NanToNum Nanargmax Nanargmin Nancumprod Nancumsum Nanmax Nanmean Nanmedian Nanmin
        Nanpercentile Nanprod Nanquantile Nanstd Nansum Nanvar Negative Nextafter Nonzero NotEqual OnesLike Outer Pad
        Percentile Power Prod Ptp Quantile Rad2deg Ravel Real Reciprocal Repeat Reshape RightShift Roll Rot90 Round
        SearchSorted=searchsorted Sign Signbit Sin Sinc Sinh Slogdet Sort Split Sqrt Square Squeeze Stack Std Subtract
        Sum Swapaxes Take TakeAlongAxis Tan Tanh Tensordot Tile Trace Transpose Trapezoid Tril Triu Trunc Unique
        UnravelIndex Vander Var Vdot View Vsplit Vstack Where ZerosLike Abs=absolute Amax=max Amin=min
        BitwiseInvert=bitwise_not BitwiseLeftShift=left_shift BitwiseRightShift=right_shift Conj=conjugate
        TrueDivide=divide
    """,
}
# Arguments that Keras's classes are called with though they are no tensors, and those that they are made with though
# they may be.
_CALLED_WITH = {
    "full_like": {"fill_value"},
    "dot_product_attention": {"scale"},
    "get_item": {"key"},
    "isclose": {"rtol", "atol"},
    "pad": {"constant_values"},
    "scale_and_translate": {"output_shape"},
    "slice": {"start_indices"},
    "slice_update": {"start_indices"},
}
_MADE_WITH = {
    "bincount": {"weights"},
    "clip": {"x_min", "x_max"},
    "gaussian_blur": {"sigma"},
    "matrix_rank": {"tol"},
    "threshold": {"threshold", "default_value"},
    "trapezoid": {"x"},
}

_op_of_class: dict[tuple[str, str], str] = {}
_class_of_op: dict[str, tuple[str, str]] = {}
for _module, _names in _CLASSES.items():
    for _name in _names.split():
        _class, _, _op = _name.partition("=")
        _op_of_class[KERAS + _module, _class] = _op or snake_case(_class)
        _class_of_op.setdefault(_op or snake_case(_class), (KERAS + _module, _class))


def is_op_entry(entry: dict[str, Any]) -> bool:
    """Return whether an entry of a config is that of an op rather than a layer.

    Args:
        entry: dict that a config has for a layer or op.
    """
    module = str(entry.get("module"))
    return module == OURS or module.startswith(KERAS)


def module_of_op_class(class_name: str) -> str | None:
    """Return the module that Keras's class for an op is in, or None if there is no such class.

    Args:
        class_name: the name of the class.

    >>> module_of_op_class("Sum")
    'keras.src.ops.numpy'
    """
    return next((module for module, each in _op_of_class if each == class_name), None)


def op_to_data(op: Op, args: list[Any]) -> tuple[dict[str, Any], list[Any]]:
    """Return the entry of an op's call, and the arguments that stand with the call.

    Args:
        op: the op.
        args: list of all its arguments, by position.
    """
    module, class_name = _class_of_op.get(op.name, (OURS, op.name))
    named = dict(zip(op.parameters, args, strict=True))
    made_with = {name: value for name, value in named.items() if module != OURS and not _is_of_call(op, name)}
    if any(isinstance(leaf, KerasTensor) for leaf in tree.flatten(made_with)):
        module, class_name, made_with = OURS, op.name, {}  # Keras takes no tensors there
    called_with: list[Any] = []
    for name, value in named.items():
        if name not in made_with:
            called_with += value if name.startswith("*") and module != OURS else [value]
    entry = {"module": module, "class_name": class_name, "config": made_with}
    return {**entry, "registered_name": None if module == OURS else class_name}, called_with


def _is_of_call(op: Op, name: str) -> bool:
    if name in _MADE_WITH.get(op.name, ()):
        return False
    return op.parameters[name] in TENSOR_KINDS or name in _CALLED_WITH.get(op.name, ())


def op_from_data(entry: dict[str, Any], settings: dict[str, Any]) -> Callable[..., Any]:
    """Return what makes the call of an op's entry, made with `settings`, from the arguments that stand with the call.

    Args:
        entry: dict that a config has for the op.
        settings: dict of arguments by name that it is made with.

    Raises:
        ArgumentError: if there is no such op, or it has no such arguments.
    """
    module, class_name = entry["module"], entry["class_name"]
    name = class_name if module == OURS else _op_of_class.get((module, class_name), snake_case(class_name))
    op = all_ops().get(name)
    if op is None:
        raise ArgumentError(f"there is no op {class_name!r}", fix="update kcore-ops").at("a model's config")
    unknown = sorted(settings.keys() - op.parameters.keys())
    if unknown:
        raise ArgumentError(f"the op {name} has no argument {', '.join(unknown)}", fix="update kcore-ops").at(
            "a model's config"
        )

    def call(*args: Any, **kwargs: Any) -> Any:
        given = list(args)
        if module == OURS and given and is_variadic(op):
            given[-1:] = given[-1]
        if name == "get_item" and isinstance(given[1], list):  # JSON has no tuples
            given[1] = tuple(given[1])
        positional, named = _merged(op, given, settings)
        return op.function(*positional, **named, **kwargs)

    return call


def _merged(op: Op, given: list[Any], settings: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Return a call's arguments by position and by name; what `settings` has no value for is given, in turn."""
    positional, named, rest = [], dict(settings), list(given)
    for parameter in op.parameters:
        if parameter in named:
            positional.append(named.pop(parameter))
        elif rest and not parameter.startswith("*"):
            positional.append(rest.pop(0))
        else:
            break
    return [*positional, *rest], named
