"""One step on one batch: `train_on_batch`, `test_on_batch` and `predict_on_batch`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import kcore_ops as ops
from kcore_ops.engine.op import Tree

from kcore_train.data import adapter, pack_x_y_sample_weight
from kcore_train.data.conversion import to_arrays
from kcore_train.loop.logs import in_list
from kcore_train.loop.run import final_logs
from kcore_train.steps.building import build_for
from kcore_train.steps.compiled import CompiledSteps

__all__ = ["on_batch", "predict_on_batch"]


def on_batch(
    compiled: CompiledSteps,
    kind: Literal["train", "test"],
    x: Tree,
    y: Tree = None,
    sample_weight: Tree = None,
    class_weight: Mapping[int, float] | None = None,
    return_dict: bool = False,
) -> Any:
    """Train or evaluate on one batch; return what the metrics say of that batch only.

    Args:
        compiled: the steps of the model.
        kind: whether it is trained or evaluated.
        x: inputs.
        y: targets, or None.
        sample_weight: weights of the samples, or None.
        class_weight: factor of the loss for each class, or None.
        return_dict: whether results are returned in a dict by name in place of a list.
    """
    if class_weight is not None:
        data = adapter(x, y, sample_weight, batch_size=_length(x), shuffle=False, class_weight=class_weight)
        batch = next(iter(data.epoch()))
    else:
        parts = {"x": x, "y": y, "sample_weight": sample_weight}
        batch = pack_x_y_sample_weight(*[to_arrays(part, name, is_batch=True) for name, part in parts.items()])
    build_for(compiled.setup, batch, is_training=kind == "train")
    compiled.setup.model.reset_metrics()
    results = compiled.get(kind)((batch,))
    logs = final_logs(compiled, results)
    return logs if return_dict else in_list(logs)


def predict_on_batch(compiled: CompiledSteps, x: Tree) -> Tree:
    """Return the outputs for one batch as NumPy arrays.

    Args:
        compiled: the steps of the model.
        x: inputs.
    """
    setup = compiled.setup
    x = to_arrays(x, "x", is_batch=True)
    if not setup.model.built:
        build_for(setup, (x,), is_training=False)
    (outputs,) = compiled.get("predict")(((x,),))
    return ops.tree.map_structure(ops.convert_to_numpy, outputs)


def _length(x: Tree) -> int:
    return len(next(leaf for leaf in ops.tree.flatten(x) if hasattr(leaf, "shape")))
