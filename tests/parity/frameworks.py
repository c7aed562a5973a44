"""What models are made of, ours under Keras's names: one text makes both Keras's models and ours."""

from __future__ import annotations

import kcore_ops as our_ops
import kcore_train.losses
import kcore_train.metrics
import kcore_train.optimizers
from kcore_layers import Input as OurInput
from kcore_layers import Model as OurModel
from kcore_layers import Sequential as OurSequential
from kcore_layers import layers as our_layers


class Ours:
    """Where ours are."""

    Input, Model, Sequential, layers, ops = OurInput, OurModel, OurSequential, our_layers, our_ops
    optimizers, metrics, losses = kcore_train.optimizers, kcore_train.metrics, kcore_train.losses
