"""Train and evaluate a network on handwritten digits, on whichever backend is current.

python examples/quickstart.py
KCORE_BACKEND=torch python examples/quickstart.py
"""

from __future__ import annotations

import kcore as keras
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

NUM_CLASSES = 10


def load_data() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Give images as rows of numbers from 0 to 1, and labels one-hot: of training, then of test."""
    digits = load_digits()
    x = (digits.data / 16.0).astype("float32")
    y = keras.utils.to_categorical(digits.target, NUM_CLASSES)
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, random_state=0)
    return x_train, y_train, x_test, y_test


def make_model(num_features: int) -> keras.Model:
    return keras.Sequential(
        [
            keras.layers.Input(shape=(num_features,)),
            keras.layers.Dense(512, activation="relu"),
            keras.layers.Dense(512, activation="relu"),
            keras.layers.Dense(NUM_CLASSES, activation="softmax"),
        ]
    )


def main(epochs: int = 8, verbose: int = 1) -> dict[str, float]:
    """Train, evaluate and predict; gives the scores on the test data."""
    keras.utils.set_random_seed(0)
    x_train, y_train, x_test, y_test = load_data()
    model = make_model(x_train.shape[1])
    if verbose:
        model.summary()

    model.compile(
        optimizer=keras.optimizers.AdamW(learning_rate=1e-3),
        loss=keras.losses.CategoricalCrossentropy(),
        metrics=[keras.metrics.CategoricalAccuracy(), keras.metrics.AUC()],
    )
    model.fit(x_train, y_train, batch_size=64, epochs=epochs, validation_split=0.2, verbose=verbose)
    scores = model.evaluate(x_test, y_test, return_dict=True, verbose=verbose)

    predictions = model.predict(x_test, verbose=verbose)
    scores["test_accuracy"] = float(np.mean(predictions.argmax(-1) == y_test.argmax(-1)))
    return scores


if __name__ == "__main__":
    for name, value in main().items():
        print(f"{name:>24}: {value:.4f}")
