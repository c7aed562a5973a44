"""The errors kcore raises: what was wrong, where, what was received, and how to mend it.

Each is also the built-in exception that people already catch. The text is the same on every backend;
the framework's own error, where there was one, is the `__cause__`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

__all__ = [
    "ArgumentError",
    "ArgumentTypeError",
    "AttributeUnavailable",
    "BackendNotFound",
    "BackendUnusable",
    "DTypeError",
    "DownloadFailed",
    "GradientsUnavailable",
    "KcoreError",
    "MissingDependency",
    "MissingMethod",
    "MissingOp",
    "MixedBackends",
    "PluginError",
    "RangeError",
    "ShapeError",
]


class KcoreError(Exception):
    """Base of kcore's errors.

    Args:
        problem: what was wrong, with the sizes or names involved.
        fix: what the reader can do about it.

    Attributes:
        where: the op, layer or function at fault, filled in on the way up.
        received: one line per argument that was given, filled in by the dispatcher.
        backend: name of the backend the call ran on, or None. Not part of the text.

    >>> print(ShapeError("x has 3 axes", fix="pass a matrix").at("inv"))
    ShapeError in inv
      x has 3 axes
      fix: pass a matrix
    """

    def __init__(self, problem: str, *, fix: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.fix = fix
        self.where: list[str] = []
        self.received: Sequence[str] = ()
        self.backend: str | None = None

    def at(self, where: str, received: Sequence[str] = ()) -> KcoreError:
        """Say where the fault is, the innermost place first; returns the error itself."""
        self.where.append(where)
        if received:
            self.received = tuple(received)
        return self

    def __str__(self) -> str:
        place = f" in {', '.join(self.where)}" if self.where else ""
        lines = [f"{type(self).__name__}{place}", f"  {self.problem}"]
        if self.received:
            lines.append(f"  received: {'; '.join(self.received)}")
        if self.fix:
            lines.append(f"  fix: {self.fix}")
        return readable("\n".join(lines))


_LONGEST_LINE, _MOST_LINES = 1500, 200


def readable(text: str) -> str:
    """Return a text, names in which may be anybody's, as what does nothing to a terminal and has an end.

    Args:
        text: lines, of any length.

    >>> readable("layer \\x1b[31mred")
    'layer \\\\x1b[31mred'
    """
    lines = text.split("\n")
    if len(lines) > _MOST_LINES:
        num_left_out = len(lines) - _MOST_LINES
        lines[_MOST_LINES - 20 : -20] = [f"    ... ({num_left_out} more lines)"]
    return "\n".join(map(one_line, lines))


def one_line(line: str) -> str:
    """Return a name, or what is said of one, as a line that does nothing to a terminal and has an end.

    Args:
        line: text of any length.

    >>> print(one_line("dense\\n  fix: run it"))
    dense\\n  fix: run it
    """
    if len(line) > _LONGEST_LINE:  # what is said of a name stands behind it
        line = f"{line[: _LONGEST_LINE - 500]} ... ({len(line)} characters) ... {line[-400:]}"
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() or c == "\t" else c.encode("unicode_escape").decode() for c in line)


@contextmanager
def located(*places: str) -> Iterator[None]:
    """Say where an error that leaves the block was raised, unless it says so itself.

    >>> with located("load_weights", "file 'a'"):
    ...     raise ArgumentError("the file is empty")
    Traceback (most recent call last):
    kcore_ops.foundation.errors.ArgumentError: ArgumentError in load_weights, file 'a'
      the file is empty
    """
    try:
        yield
    except KcoreError as error:
        if not error.where:
            error.where.extend(places)
        raise


class ShapeError(KcoreError, ValueError):
    """Sizes or axes that do not fit together."""


class DTypeError(KcoreError, TypeError):
    """A dtype that the op, or the backend, can not take."""


class ArgumentError(KcoreError, ValueError):
    """An argument whose value is not one of those allowed."""


class ArgumentTypeError(ArgumentError, TypeError):
    """An argument of another type than those allowed."""


class RangeError(KcoreError, OverflowError):
    """A number that a dtype can not hold."""


class AttributeUnavailable(KcoreError, AttributeError):
    """An attribute that there is not, or not yet, or that can not be set."""


class MissingMethod(KcoreError, NotImplementedError):
    """A class lacks a method that its kind must have."""


class MissingOp(KcoreError, NotImplementedError):
    """A backend with neither an entry nor a definition for an op."""


class GradientsUnavailable(KcoreError, NotImplementedError):
    """A transform asked of a backend that can not do it."""


class MixedBackends(KcoreError, TypeError):
    """Tensors of two frameworks in one call."""


class BackendNotFound(KcoreError, ImportError):
    """A backend that is not installed."""


class BackendUnusable(BackendNotFound):
    """A backend that is installed and can not be used; the text gives the reason."""


class MissingDependency(KcoreError, ImportError):
    """A library that something needs and that is not installed."""


class DownloadFailed(KcoreError, OSError):
    """A file that can not be fetched from where it is."""


class PluginError(KcoreError, ImportError):
    """A plugin that does not keep to the interface; names every fault."""
