"""Programs as files: StableHLO by `jax.export`; and functions lent to TensorFlow by `jax2tf`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
from kcore_ops import tree
from kcore_ops.plugin import Argument, Endpoint, Export, Program, refuse_options

__all__ = ["JaxExport"]


class JaxExport(Export):
    """StableHLO, which `jax.export.deserialize` reads, and whatever TensorFlow writes."""

    formats = {"stablehlo": ()}
    lends_to = {"tensorflow": ("tensorflow",)}

    def write(self, format: str, program: Program, path: str, options: Mapping[str, Any]) -> None:
        from jax import export

        refuse_options(format, options, "platforms", "disabled_checks", "vjp_order")
        endpoint = program.single(format)
        function = program.frozen(endpoint, [v.value for v in program.variables], format)
        scope = export.SymbolicScope()

        def described(argument: Argument) -> jax.ShapeDtypeStruct:
            sizes = ", ".join(str(size) for size in argument.size_names())
            return jax.ShapeDtypeStruct(export.symbolic_shape(sizes, scope=scope), argument.dtype)

        given = {name: value for name, value in options.items() if name != "vjp_order" and value is not None}
        exported = export.export(jax.jit(function), **given)(*tree.map_structure(described, endpoint.arguments))
        Path(path).write_bytes(exported.serialize(vjp_order=options.get("vjp_order", 0)))

    def lend(self, program: Program, framework: str, options: dict[str, Any]) -> Program:
        from jax.experimental import jax2tf

        settings = {"with_gradient": True, **(options.pop("jax2tf_kwargs", None) or {})}

        def lent(endpoint: Endpoint) -> Endpoint:
            shapes = tree.map_structure(
                lambda argument: f"({', '.join(map(str, argument.size_names()))})", endpoint.arguments
            )
            unknown = tree.map_structure(lambda _: None, [0 for _ in program.variables])
            keyed = _with_text_keys(endpoint.function)
            converted = jax2tf.convert(keyed, **{"polymorphic_shapes": [unknown, *shapes], **settings})

            def function(values: Any, *arguments: Any) -> tuple[Any, dict[int, Any]]:
                outputs, updates = converted(list(values), *arguments)
                return outputs, {int(i): value for i, value in updates.items()}

            return dataclasses.replace(endpoint, function=function)

        return dataclasses.replace(program, endpoints=[lent(endpoint) for endpoint in program.endpoints])


def _with_text_keys(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function whose second result has strings for keys, as TensorFlow's dicts do."""

    def keyed(values: Any, *arguments: Any) -> Any:
        outputs, updates = function(values, *arguments)
        return outputs, {str(i): value for i, value in updates.items()}

    return keyed
