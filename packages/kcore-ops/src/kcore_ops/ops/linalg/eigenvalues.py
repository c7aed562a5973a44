"""Eigenvalues of matrices that need not be symmetric."""

from __future__ import annotations

from kcore_ops.dtypes.promotion import floating
from kcore_ops.engine.define import primitive
from kcore_ops.engine.op import Tensor
from kcore_ops.ops.linalg.decompositions import check_square
from kcore_ops.specs.spec import TensorSpec

__all__ = ["eig"]


@primitive(dtypes=floating)
def eig(x: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues, in no particular order, and eigenvectors, of length 1, of square matrices `x`.

    `eigh` is faster and more precise where the matrices are symmetric. Which direction in the complex plane each
    eigenvector has is the framework's choice. Not every framework has a gradient of the eigenvectors, nor runs this on
    an accelerator: JAX has it on the CPU, and the gradient of the eigenvalues alone.

    Shapes: `(..., n, n)` gives `(..., n)` and `(..., n, n)`, the eigenvectors being columns.
    Dtype: complex128 for float64 and complex128, else complex64.
    Raises: `ShapeError` if the matrices are not square.

    >>> values, vectors = eig([[0.0, 1.0], [-1.0, 0.0]])
    >>> sorted(values.imag.round(3).tolist())
    [-1.0, 1.0]
    """
    check_square(x)
    dtype = "complex128" if x.dtype in ("float64", "complex128") else "complex64"
    return TensorSpec(x.shape[:-1], dtype), TensorSpec(x.shape, dtype)
