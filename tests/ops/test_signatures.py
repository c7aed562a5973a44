"""What backend authors read of the ops' signatures is what the dispatcher passes."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import kcore_ops as ops
import pytest
from kcore_ops.conformance import __main__
from kcore_ops.conformance.signatures import page, signature, signatures
from kcore_ops.engine.op import all_ops, op_of

PAGE = Path(__file__).parents[2] / "docs" / "op-signatures.md"
COMMAND = "python -m kcore_ops.conformance --signatures --markdown > docs/op-signatures.md"


def test_the_page_is_the_one_that_the_command_writes():
    assert PAGE.read_text(encoding="utf-8") == page(), f"write it anew: {COMMAND}"


def test_the_command_prints_the_list_and_needs_no_backend(capsys):
    assert __main__.main(["--signatures"]) == 0
    assert capsys.readouterr().out == signatures()
    assert __main__.main(["--signatures", "--markdown"]) == 0
    assert capsys.readouterr().out == page()


def test_the_command_needs_a_backend_or_the_option(capsys):
    with pytest.raises(SystemExit, match="2"):
        __main__.main([])
    assert "one of the arguments backend --signatures is required" in capsys.readouterr().err


def test_every_op_is_listed_once_and_what_is_required_comes_first():
    names = re.findall(r"^(\w+)\(", signatures(), re.MULTILINE)
    required = {op.name for op in all_ops().values() if op.definition is None and "." not in op.name}
    assert set(names[: len(required)]) == required
    assert sorted(names) == sorted(name for name in all_ops() if "." not in name)


@pytest.mark.parametrize(
    ("op", "said"),
    [
        ("argmax", "argmax(x: tensor, axis: int | None, keepdims: bool)"),
        ("cast", "cast(x: tensor, dtype: dtype name)"),
        ("concatenate", "concatenate(xs: list[tensor], axis: int | tuple[int, ...])"),
        ("einsum", "einsum(subscripts: str, *operands: tensor)"),
        ("full", "full(shape: tuple[int, ...], fill_value: number, dtype: dtype name)"),
        ("pad_constant", "pad_constant(x: tensor, pad_width: tuple[tuple[int, int], ...], constant: number)"),
        ("scatter_rows", "scatter_rows(x: tensor, indices: tensor, updates: tensor, reduction: str | None)"),
        ("sum", "sum(x: tensor, axis: int | tuple[int, ...] | None, keepdims: bool)"),
    ],
)
def test_a_signature_says_what_is_passed(op, said):
    assert signature(op_of(op)) == said


# What a table's function is passed of each kind of parameter, as Python sees it.
PASSED = {"int | tuple[int, ...]": (int, tuple), "int | tuple[int, ...] | None": (int, tuple, type(None)),
          "tuple[int, ...]": tuple, "dtype name": str, "dtype name | None": (str, type(None)), "list[tensor]": list,
          "number": (int, float), "bool": bool, "str": str, "int": int}  # fmt: skip


def test_a_tables_function_is_called_as_its_signature_says(backend, monkeypatch):
    seen = {}

    def watch(name):
        native = backend.ops[name]

        def watched(*args):
            seen[name] = args
            return native(*args)

        monkeypatch.setitem(backend.ops, name, watched)
        op_of(name).forget_plans()

    names = ("sum", "full", "concatenate", "cast", "transpose")
    for name in names:
        watch(name)
    x = ops.convert_to_tensor([[1.0, 2.0]])
    ops.sum(x, axis=[0, 1])
    ops.full([2], 3.0, dtype=float)
    ops.concatenate((x, x), axis=0)
    ops.cast(x, "int32")
    ops.transpose(x, [1, 0])
    for name in names:
        op_of(name).forget_plans()
        types = [
            part.partition(": ")[2] for part in re.findall(r"\w+: (?:[^,\[]|\[[^\]]*\])+", signature(op_of(name))[:-1])
        ]
        assert len(seen[name]) == len(types), name
        for passed, said in zip(seen[name], types, strict=True):
            expected = backend.tensor_types if said == "tensor" else PASSED[said]
            assert isinstance(passed, expected), f"{name}: {passed!r} for {said}"


PRIVATE = ["basic_item", "count_from", "pad_constant", "rint", "scatter_rows", "static_slice_update"]


@pytest.mark.parametrize("name", PRIVATE)
def test_what_has_no_public_function_can_be_implemented_from_its_docstring(name):
    assert not hasattr(ops, name)
    op = op_of(name)
    text = inspect.getdoc(op.body)
    assert "Shapes: " in text and "Dtype: " in text and ">>> " in text
    for parameter in op.parameters:
        assert re.search(rf"`{parameter}`", text) or parameter in ("constant", "stop", "x"), parameter
