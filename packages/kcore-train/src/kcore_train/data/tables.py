"""Tables that are no arrays, but become some: frames of pandas, sparse matrices of SciPy, datasets of Hugging Face."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

import numpy as np
from kcore_ops.foundation.errors import DTypeError

__all__ = ["Frame", "Rows", "SparseMatrix", "SparseRows", "array_of_frame", "is_column", "is_frame", "is_sparse",
           "is_table"]  # fmt: skip

Rows: TypeAlias = slice | np.ndarray[Any, np.dtype[np.intp]]


class Frame(Protocol):
    """What is read of a DataFrame or a Series of pandas."""

    shape: tuple[int, ...]
    iloc: Any

    def __len__(self) -> int: ...

    def to_numpy(self) -> np.ndarray[Any, Any]:
        """Return the numbers as an array."""
        ...


class SparseMatrix(Protocol):
    """What is read of a sparse matrix of SciPy."""

    def tocsr(self) -> Any:
        """Return the matrix in compressed rows."""
        ...


def is_frame(data: object) -> bool:
    """Return whether this is a DataFrame or a Series of pandas, or what looks like one.

    Args:
        data: anything, what was passed as data.
    """
    return hasattr(data, "iloc") and hasattr(data, "to_numpy")


def is_table(data: object) -> bool:
    """Return whether this is a dataset of Hugging Face's that knows its length, which is a dict of columns.

    Args:
        data: anything, what was passed as data.
    """
    return hasattr(data, "column_names") and hasattr(data, "features") and hasattr(data, "__len__")


def is_column(data: object) -> bool:
    """Return whether this is a column of such a dataset.

    Args:
        data: anything, what was passed as data.
    """
    return hasattr(data, "column_name") and hasattr(data, "source") and hasattr(data, "__getitem__")


def array_of_frame(frame: Frame, path: str) -> np.ndarray[Any, Any]:
    """Return a frame as a matrix, a series as one of a single column; booleans among numbers become 0 and 1.

    Where all columns are of strings, so is the matrix.

    Args:
        frame: DataFrame or Series, the frame.
        path: str, what to call the data in errors, as "x".

    Raises:
        DTypeError: if a column does not hold numbers, or has missing values that are not NaN.
    """
    columns: list[Any] = [frame.iloc[:, i] for i in range(frame.shape[1])] if len(frame.shape) == 2 else [frame]
    kinds = [_kind(column) for column in columns]
    wrong = [column for column, kind in zip(columns, kinds, strict=True) if kind is None]
    if len(wrong) == len(columns) and all(_is_of_texts(column) for column in columns):
        texts: np.ndarray[Any, Any] = frame.to_numpy().astype(object)
        return texts[:, None] if texts.ndim == 1 else texts
    if wrong:
        raise DTypeError(
            f"{path} has {_named(wrong)}, not one of numbers",
            fix="turn texts, dates and categories into numbers first; column.cat.codes are those of categories",
        )
    missing = [column for column in columns if not isinstance(column.dtype, np.dtype) and bool(column.isna().any())]
    if missing:
        raise DTypeError(f"{path} has {_named(missing)} with missing values", fix="fill them in, or leave the rows out")
    known = [kind for kind in kinds if kind is not None]
    are_alike = len({kind == np.bool_ for kind in known}) == 1
    if are_alike and all(isinstance(column.dtype, np.dtype) for column in columns):
        array: np.ndarray[Any, Any] = frame.to_numpy()
        return array[:, None] if array.ndim == 1 else array
    array = np.empty((len(frame), len(columns)), np.result_type(*known))
    for i, (column, kind) in enumerate(zip(columns, known, strict=True)):
        array[:, i] = column.to_numpy(dtype=kind)
    return array


def _is_of_texts(column: Any) -> bool:
    """Return whether each of a column's values is a string."""
    return bool(len(column)) and all(isinstance(value, str | bytes) for value in column)


def _kind(column: Any) -> np.dtype[Any] | None:
    """Return NumPy's dtype of a column; None if it does not hold numbers."""
    dtype = column.dtype
    dtype = getattr(dtype, "numpy_dtype", getattr(dtype, "subtype", dtype))  # of nullable and of sparse columns
    return dtype if isinstance(dtype, np.dtype) and dtype.kind in "biufc" else None


def _named(columns: list[Any]) -> str:
    plural = "s" if len(columns) > 1 else ""
    return f"column{plural} " + ", ".join(f"{column.name!r} of dtype {column.dtype}" for column in columns)


def is_sparse(data: object) -> bool:
    """Return whether this is a sparse matrix or array of SciPy, or rows of one.

    Args:
        data: anything, what was passed as data.
    """
    return isinstance(data, SparseRows) or (hasattr(data, "tocsr") and hasattr(data, "toarray"))


class SparseRows:
    """Read a sparse matrix row by row; it becomes dense batch by batch.

    Args:
        matrix: sparse matrix, the matrix, `(rows, columns)`.

    Raises:
        DTypeError: if it does not hold numbers.
    """

    ndim = 2

    def __init__(self, matrix: SparseMatrix) -> None:
        self._matrix = matrix.tocsr()
        self.shape: tuple[int, int] = self._matrix.shape
        self.dtype: np.dtype[Any] = self._matrix.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Rows) -> SparseRows:
        return SparseRows(self._matrix[rows])

    def to_dense(self, rows: Rows) -> np.ndarray[Any, Any]:
        """Return some rows as an array.

        Args:
            rows: slice or array of ints, the rows.
        """
        found: np.ndarray[Any, Any] = self._matrix[rows].toarray()
        return found
