"""The ability `export`: how functions of tensors become files that other programs run, without kcore.

Each backend writes the formats of its own framework. One whose functions another framework can run lends them; what no
way leads to is not exported from there, and whoever exports moves the weights to a backend that can.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from kcore_ops.foundation import tree
from kcore_ops.foundation.errors import ArgumentError

if TYPE_CHECKING:
    from kcore_ops.backends.interface import Backend

__all__ = ["Argument", "Endpoint", "Export", "Program", "by_name", "missing_modules", "refuse_options"]


@dataclass(frozen=True)
class Argument:
    """What is known of a tensor that an endpoint is called with.

    Attributes:
        shape: its sizes; None for one that calls decide.
        dtype: the name of its dtype.
        name: its name, which no other argument of the endpoint has.
    """

    shape: tuple[int | None, ...]
    dtype: str
    name: str

    def size_names(self) -> tuple[str | int, ...]:
        """Return the sizes, with a name for each that calls decide: "batch" for that of the first axis."""
        return tuple(
            size if size is not None else f"{self.name}_{axis}" if axis else "batch"
            for axis, size in enumerate(self.shape)
        )


@dataclass(frozen=True)
class Endpoint:
    """A function under a name.

    Attributes:
        name: its name.
        function: called `(values, *arguments)` with the values of all variables of the program, in order, and trees of
            tensors; returns the outputs, and the new values of the variables it has changed, by their numbers.
        arguments: for each argument a tree of `Argument`.
    """

    name: str
    function: Callable[..., tuple[Any, Mapping[int, Any]]]
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Program:
    """Functions over one state.

    Attributes:
        endpoints: the functions; the first is the one that is served where nobody says which.
        variables: what their values are of: variables of the backend's.
        paths: for each variable a path that no other one has.
        collections: lists of variables by name, as their numbers, for formats that keep such.
        resources: what else of the framework's own the functions use: lookup tables, for one.
    """

    endpoints: Sequence[Endpoint]
    variables: Sequence[Any]
    paths: Sequence[str]
    collections: Mapping[str, Sequence[int]] = field(default_factory=dict)
    resources: Sequence[Any] = ()

    def single(self, format: str) -> Endpoint:
        """Return the one endpoint, for a format that holds no state that changes, and one function.

        Args:
            format: the name of the format, for messages.

        Raises:
            ArgumentError: if there are several.
        """
        if len(self.endpoints) != 1:
            raise ArgumentError(
                f"{format} holds one endpoint, and there are {len(self.endpoints)}",
                fix='write each to a file of its own, or use the format "tf_saved_model"',
            )
        return self.endpoints[0]

    def frozen(self, endpoint: Endpoint, values: Sequence[Any], format: str) -> Callable[..., Any]:
        """Return an endpoint's function with the values of the variables in it, for a format that holds no state.

        Args:
            endpoint: the endpoint.
            values: the value of each variable.
            format: the name of the format, for messages.
        """

        def function(*arguments: Any) -> Any:
            outputs, updates = endpoint.function(values, *arguments)
            if updates:
                paths = ", ".join(self.paths[i] for i in updates)
                raise ArgumentError(
                    f"the call changes {paths}, and {format} holds no state",
                    fix='export a call that does not, with training=False, or use the format "tf_saved_model"',
                )
            return outputs

        return function


class Export:
    """How programs are written to files.

    Attributes:
        formats: what can be written, each with the modules that it takes beside the framework.
        lends_to: the frameworks that can run functions of this one, each with the modules that it takes.
        reads: the formats that `read` opens.
    """

    formats: ClassVar[Mapping[str, Sequence[str]]] = {}
    lends_to: ClassVar[Mapping[str, Sequence[str]]] = {}
    reads: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def write(self, format: str, program: Program, path: str, options: Mapping[str, Any]) -> None:
        """Write a program to a path where nothing is yet: a file, or for some formats a directory.

        Raises:
            ArgumentError: for an option that the format has not, or what it can not hold.
        """
        raise NotImplementedError(f"{self.backend.name} does not write {format}")

    def lend(self, program: Program, framework: str, options: dict[str, Any]) -> Program:
        """Return a program of functions of another framework's tensors that does the same, for one in `lends_to`.

        Its variables stay this backend's. Options that are about lending are taken out.
        """
        raise NotImplementedError(f"{self.backend.name} does not lend its functions to {framework}")

    def read(self, format: str, path: str) -> tuple[Mapping[str, Callable[..., Any]], Sequence[Any]]:
        """Return what a file of a format in `reads` holds: endpoints by name, and the framework's own variables.

        What is in such a file runs: it is a program.
        """
        raise NotImplementedError(f"{self.backend.name} does not read {format}")

    def arguments_of(self, function: Any) -> tuple[Any, ...] | None:
        """Return the arguments of a function that the framework has compiled for some, or None."""
        return None

    def is_resource(self, value: Any) -> bool:
        """Return whether a value is of the framework's own and can be kept in a program, beside variables."""
        return False


def by_name(outputs: Any) -> dict[str, Any]:
    """Return the outputs of an endpoint under the names that files give them: `output_0`, or their own in a dict.

    In deeper trees a name is made of the keys and numbers that lead to the output.

    Args:
        outputs: a tree of tensors.
    """
    paths = tree.flatten_with_path(outputs)
    if any(isinstance(part, str) for path, _ in paths for part in path):
        return {"_".join(map(str, path)): value for path, value in paths}
    return {f"output_{i}": value for i, (_, value) in enumerate(paths)}


def missing_modules(names: Sequence[str]) -> list[str]:
    """Return the modules that are not installed, without importing any.

    Args:
        names: names of modules.
    """
    return [name for name in names if importlib.util.find_spec(name) is None]


def refuse_options(format: str, options: Mapping[str, Any], *known: str) -> None:
    """Raise for an option that a format has not.

    Args:
        format: the name of the format.
        options: the options by name.
        *known: the names of those it has.
    """
    for name in options:
        if name not in known:
            fix = f"use {', '.join(known)}" if known else "leave it out"
            raise ArgumentError(f"{format} has no option {name!r}", fix=fix)
