"""What is built before the first step: the model, its losses and metrics, and the optimizer."""

from __future__ import annotations

import kcore_ops as ops
from kcore_layers import Model
from kcore_ops import StatelessScope
from kcore_ops.engine.call import beside
from kcore_ops.engine.op import Tree

from kcore_train.data import Batch, unpack_x_y_sample_weight
from kcore_train.objective.specs import specs_of
from kcore_train.steps.step import TrainingSetup

__all__ = ["build_for", "build_model"]


def build_for(setup: TrainingSetup, batch: Batch, is_training: bool) -> None:
    """Build the model, the losses and metrics and, to train, the optimizer for batches like this one.

    Args:
        setup: the model, and what it is trained with.
        batch: a batch.
        is_training: whether the optimizer is built too.
    """
    model, objective = setup.model, setup.objective
    x, y, _ = unpack_x_y_sample_weight(batch)
    if not model.built or not objective.is_built_for(y):
        y_pred = build_model(model, x)
        if y_pred is not None:
            objective.build(specs_of(y), y_pred)
    if is_training and setup.optimizer is not None:
        setup.optimizer.build(model.trainable_variables)


def build_model(model: Model, x: Tree) -> Tree:
    """Return the specs of the outputs for inputs like `x`, building the model on the way.

    None where nothing can be said of them: where a `train_step` of the model's own runs its layers.

    Args:
        model: the model.
        x: its inputs.
    """
    overrides = type(model).train_step is not Model.train_step
    if overrides and type(model).call is Model.call:
        # Its own steps run the layers inside, which is all there is to build.
        if getattr(model.build, "__wrapped__", None) is Model.build:
            model.build()
        return None
    try:
        specs = model(specs_of(x))
        return ops.tree.map_structure(lambda s: s, specs)
    except Exception:
        # What runs on data may fail on specs: a call that looks at numbers, say.
        try:
            with StatelessScope(), beside(next(iter(model.variables), None)):
                outputs = model(ops.tree.map_structure(ops.convert_to_tensor, x))
        except Exception:
            if overrides:
                return None  # its own train_step knows how to call it
            raise
        return specs_of(outputs)
