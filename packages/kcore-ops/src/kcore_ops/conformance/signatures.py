"""What the functions of a backend's table are called with: a list made from the ops themselves."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterator

from kcore_ops.conformance.examination import op_names
from kcore_ops.dtypes import promotion
from kcore_ops.engine.op import Op, all_ops

__all__ = ["page", "signature", "signatures"]

_WIDTH = 116
# What the dispatcher makes of an argument before a table's function sees it, by the kind of the parameter.
_TYPES = {
    "tensor": "tensor",
    "optional": "tensor | None",
    "sequence": "list[tensor]",
    "tree": "tree of tensors",
    "axis": "int | tuple[int, ...]",
    "shape": "tuple[int, ...]",
    "dtype": "dtype name",
    "float_dtype": "dtype name",
    "number": "number",
}
_LEAVES_OUT = ("axis", "dtype", "number")  # kinds that may be None, where that is the default

INTRODUCTION = """\
A backend's table maps an op's name to a function. It is called with every parameter, by position, in the order below;
parameters have no defaults there. All is settled by then:

- a tensor is one of the framework's own, never a number, list or array (but see `scalar_ops`), cast to the dtype that
  the op's rule gives; an optional one that was left out is None;
- an axis is an int or a tuple of ints, which may be negative, or None where the signature says so;
- a shape is a tuple of ints; a dtype is a name such as "float32"; `*operands` come one by one;
- where a backend has the capability `dynamic_shapes`, a size may be a scalar tensor.

"dtypes" is the rule by which the dispatcher casts the tensors named; those of which it says nothing come as they were
passed. Raise what the framework raises of arguments that do not fit: users see the error that the op's own shape rule
gives. The result has the shape and dtype that the op says, and arguments are left as they were.
"""


def signature(op: Op) -> str:
    """Return how a table's function of an op is called: each parameter's name and what is passed for it.

    >>> from kcore_ops.engine.op import op_of
    >>> signature(op_of("count_from"))
    'count_from(start: int | float, stop: int | float, step: int | float, dtype: dtype name)'
    >>> signature(op_of("sum"))
    'sum(x: tensor, axis: int | tuple[int, ...] | None, keepdims: bool)'
    """
    defaults = op.body.__defaults__ or ()
    names = list(op.parameters)
    fixed = [name for name in names if not name.startswith("*")]
    default_of = dict(zip(fixed[len(fixed) - len(defaults) :], defaults, strict=True))
    parts = []
    for name, kind in op.parameters.items():
        if name.startswith("*"):
            parts.append(f"{name}: tensor")
            continue
        shown = _TYPES.get(kind) or str(op.body.__annotations__.get(name, "Any"))
        if kind in _LEAVES_OUT and name in default_of and default_of[name] is None:
            shown += " | None"
        parts.append(f"{name}: {shown}")
    return f"{op.name}({', '.join(parts)})"


def _dtype_rules(op: Op) -> Iterator[str]:
    for names, rule in op.rules:
        if rule is not promotion.keep or len(names) > 1:
            which = ", ".join(name.lstrip("*") for name in names)
            said = inspect.getdoc(rule) or ""
            yield f"{which}: {rule.__name__.lstrip('_')}. {said.partition(chr(10) + chr(10))[0]}".replace("\n", " ")


def _about(op: Op, is_required: bool) -> list[str]:
    """Return paragraphs of the docstring: all but the example of what is required, else the first."""
    paragraphs = (inspect.getdoc(op.body) or "").split("\n\n")
    said = [paragraph for paragraph in paragraphs if not paragraph.lstrip().startswith(">>>")]
    return said if is_required else said[:1]


def _groups() -> list[tuple[str, bool, list[Op]]]:
    ops = [all_ops()[name] for name in op_names()]
    required = [op for op in ops if op.definition is None]
    optional = [op for op in ops if op.definition is not None]
    return [
        (f"Primitives, which a backend must have ({len(required)})", True, required),
        (f"Ops with a definition, which a backend may override ({len(optional)})", False, optional),
    ]


def signatures() -> str:
    """Return the list as text: what is required first."""
    lines = [*INTRODUCTION.splitlines()]
    for title, is_required, ops in _groups():
        lines += ["", title, "=" * len(title)]
        for op in ops:
            lines += ["", *textwrap.wrap(signature(op), _WIDTH, subsequent_indent="        ")]
            for rule in _dtype_rules(op):
                lines += textwrap.wrap(f"dtypes of {rule}", _WIDTH, initial_indent="    ", subsequent_indent="        ")
            for paragraph in _about(op, is_required):
                lines += textwrap.indent(paragraph, "    ").splitlines()
    return "\n".join(lines) + "\n"


def page() -> str:
    """Return the list in Markdown: `docs/op-signatures.md`."""
    command = "python -m kcore_ops.conformance --signatures --markdown"
    lines = ["# What a backend's functions are called with", "", f"Written by `{command}`; not by hand.", ""]
    lines += INTRODUCTION.splitlines()
    for title, is_required, ops in _groups():
        lines += ["", f"## {title}"]
        for op in ops:
            rules = " ".join(f"*Dtypes of {rule}*" for rule in _dtype_rules(op))
            text = "\n\n".join([*([rules] if rules else []), *_about(op, is_required)])
            if is_required:
                lines += ["", f"### {op.name}", "", f"`{signature(op)}`", "", *text.splitlines()]
            else:
                lines += ["", f"`{signature(op)}`", *text.replace("\n\n", "\n").splitlines()]
    return "\n".join(line.rstrip() for line in lines) + "\n"
