"""`fit` with a training step of one's own, in the style of each framework.

PyTorch and TensorFlow change variables in place; on JAX a step is a function of the state.
"""

from __future__ import annotations

import importlib

import kcore as keras
import numpy as np


class WithMetrics(keras.Model):
    """What the three have in common."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.mae_metric = keras.metrics.MeanAbsoluteError(name="mae")
        self.loss_fn = keras.losses.MeanSquaredError()


class TorchTrainStepModel(WithMetrics):
    def train_step(self, data):
        torch = importlib.import_module("torch")
        x, y = data

        # Compute loss.
        y_pred = self(x, training=True)
        loss = self.loss_fn(y, y_pred)

        # Compute gradients + update weights.
        self.zero_grad()
        loss.backward()
        gradients = [v.value.grad for v in self.trainable_weights]
        with torch.no_grad():
            self.optimizer.apply(gradients, self.trainable_weights)

        # Compute metrics and return current values.
        self.loss_tracker.update_state(loss)
        self.mae_metric.update_state(y, y_pred)
        return {
            "loss": self.loss_tracker.result(),
            "mae": self.mae_metric.result(),
        }


class TensorflowTrainStepModel(WithMetrics):
    def train_step(self, data):
        tf = importlib.import_module("tensorflow")
        x, y = data

        # Compute loss.
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.loss_fn(y, y_pred)

        # Compute gradients + Update weights.
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)

        # Compute metrics and return current values.
        self.loss_tracker.update_state(loss)
        self.mae_metric.update_state(y, y_pred)
        return {
            "loss": self.loss_tracker.result(),
            "mae": self.mae_metric.result(),
        }


class JaxTrainStepModel(WithMetrics):
    def compute_loss_and_updates(self, trainable_variables, non_trainable_variables, x, y):
        y_pred, non_trainable_variables = self.stateless_call(
            trainable_variables, non_trainable_variables, x, training=True
        )
        return self.loss_fn(y, y_pred), (y_pred, non_trainable_variables)

    def train_step(self, state, data):
        jax = importlib.import_module("jax")
        trainable_variables, non_trainable_variables, optimizer_variables, metrics_variables = state
        x, y = data

        # Compute loss and gradients.
        grad_fn = jax.value_and_grad(self.compute_loss_and_updates, has_aux=True)
        (loss, (y_pred, non_trainable_variables)), grads = grad_fn(trainable_variables, non_trainable_variables, x, y)

        # Update weights.
        trainable_variables, optimizer_variables = self.optimizer.stateless_apply(
            optimizer_variables, grads, trainable_variables
        )

        # Compute metrics and return current values.
        of_loss = len(self.loss_tracker.variables)
        loss_variables = self.loss_tracker.stateless_update_state(metrics_variables[:of_loss], loss)
        mae_variables = self.mae_metric.stateless_update_state(metrics_variables[of_loss:], y, y_pred)
        logs = {
            "loss": self.loss_tracker.stateless_result(loss_variables),
            "mae": self.mae_metric.stateless_result(mae_variables),
        }
        return logs, (trainable_variables, non_trainable_variables, optimizer_variables, loss_variables + mae_variables)


MODELS = {"torch": TorchTrainStepModel, "tensorflow": TensorflowTrainStepModel, "jax": JaxTrainStepModel}


def main(epochs: int = 10) -> dict[str, list[float]]:
    """Give the history of a fit."""
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(128, 3)).astype("float32")
    y = x.sum(axis=1, keepdims=True)
    inputs = keras.Input(shape=(3,))
    model = MODELS[keras.config.backend()](inputs=inputs, outputs=keras.layers.Dense(1)(inputs))
    model.compile(optimizer=keras.optimizers.Adam(0.05))
    callbacks = [keras.callbacks.EarlyStopping(monitor="loss", patience=3)]
    return model.fit(x, y, epochs=epochs, callbacks=callbacks, verbose=0).history


if __name__ == "__main__":
    print(main())
