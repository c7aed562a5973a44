"""What is said of the weights in a file that do not fit a model."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

from kcore_ops import Variable
from kcore_ops.dtypes import numpy_dtype
from kcore_ops.foundation.errors import ArgumentError, one_line

from kcore_layers.files.stored import Entry

__all__ = ["difference", "fault_of", "refuse_faults", "warn_of_faults"]


def fault_of(variable: Variable, entry: Entry, source: str = "the file") -> str | None:
    """Return what keeps an entry from being a variable's value; None if nothing does.

    Args:
        variable: the variable.
        entry: what there is for it.
        source: where that is; "the file" by default.
    """
    fault = difference(entry.shape, entry.dtype, variable.shape, variable._dtype, source)
    return fault and f"{fault}: {variable.path!r}"


def difference(
    shape: tuple[int, ...], dtype: str, wanted_shape: tuple[int, ...], wanted_dtype: str, source: str = "the file"
) -> str | None:
    """Return what keeps numbers from being those of a model; None if nothing does.

    Args:
        shape: their shape in the source.
        dtype: the name of their dtype there.
        wanted_shape: the shape in the model.
        wanted_dtype: the name of the dtype in the model.
        source: what they are in; "the file" by default.
    """
    if shape != wanted_shape:
        return f"shape {shape} in {source}, {wanted_shape} in the model"
    if _kind(dtype) != _kind(wanted_dtype):
        return f"{dtype} in {source}, {wanted_dtype} in the model"
    return None


def _kind(dtype: str) -> str:
    """Return the kind of a dtype: floating ones are cast to one another, integers too."""
    kind = numpy_dtype(dtype).kind
    return {"V": "f", "u": "i"}.get(kind, kind)


def refuse_faults(faults: Sequence[str]) -> None:
    """Raise an error that names all faults, if there are any.

    Args:
        faults: what does not fit.

    Raises:
        ArgumentError: if there are any.
    """
    if faults:
        what = "1 entry does" if len(faults) == 1 else f"{len(faults)} entries do"
        raise ArgumentError(
            "\n    ".join([f"{what} not fit, and nothing was loaded:", *map(one_line, faults)]),
            fix="make the model as it was when the file was written, or pass skip_mismatch=True",
        )


def warn_of_faults(found: Mapping[str, Sequence[str]], stacklevel: int) -> None:
    """Warn of what was not loaded.

    Args:
        found: the faults, by what they are of.
        stacklevel: as `warnings.warn` takes it, from here.
    """
    for what, faults in found.items():
        if faults:
            warnings.warn(
                "\n  ".join(
                    [f"{what} were not loaded where they do not fit, and stay as they were:", *map(one_line, faults)]
                ),
                stacklevel=stacklevel,
            )
