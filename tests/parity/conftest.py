"""Keras, as the black box to compare with: one of its backends in each process."""

from __future__ import annotations

import os
from importlib.metadata import version

import pytest
from largest import largest

# As Keras on JAX is used. With 64 bits switched on, it gives int64 and float64 for most 32-bit integers.
os.environ["JAX_ENABLE_X64"] = "0"

# What is the same whatever computes, or is held to be so by tests of ours, is compared where that is quickest.
COMPARED_ON = {
    "test_architectures": ("numpy",),
    "test_augmentation": ("numpy",),
    "test_bounding_boxes": ("numpy",),
    "test_choosing_layers": ("tensorflow",),  # on NumPy and torch Keras changes the images it was given
    "test_calibrated_weights": ("torch",),
    "test_colour_augmentation": ("torch",),
    "test_compile_and_fit": ("jax", "torch"),
    "test_datasets": ("numpy",),
    "test_directories": ("numpy",),
    "test_drawing": ("numpy",),
    "test_dtype_policies": ("torch",),
    "test_file_editor": ("torch",),
    "test_flax_layer": ("jax",),
    "test_float8": ("torch",),
    "test_initial_weights": ("torch",),
    "test_layer_arguments": ("torch",),
    "test_layer_configs": ("torch",),
    "test_layer_masks": ("torch",),
    "test_layers_attention": ("torch",),
    "test_layers_basic": ("torch",),
    "test_layers_conv_lstm": ("torch",),
    "test_layers_recurrent": ("torch",),
    "test_layers_strings": ("numpy", "tensorflow"),
    "test_legacy_h5": ("torch",),
    "test_losses": ("torch",),
    "test_metrics": ("torch",),
    "test_model_files": ("torch",),
    "test_model_inputs": ("torch",),
    "test_models": ("torch",),
    "test_multi_optimizer": ("torch",),
    "test_ops": ("numpy", "torch"),  # what the others compute is held to NumPy's by the kit
    "test_optimizers": ("torch",),
    "test_orbax_checkpoints": ("jax", "torch"),
    "test_quantizers": ("torch",),
    "test_serialization": ("torch",),
    "test_rematerialization": ("jax",),
    "test_surface": ("numpy",),  # classes have the members of their framework's modules too
    "test_tensorboard": ("torch",),
    "test_visualization": ("numpy",),
    "test_weight_objects": ("torch",),
    "test_weights_files": ("torch",),
    "test_wrappers": ("torch",),
}

refused: dict[str, int] = {}  # op: how many calls Keras refused that kcore answered


def pytest_addoption(parser):
    parser.addoption("--largest", action="store_true", help="report the largest differences from Keras's numbers")
    parser.addoption("--everywhere", action="store_true", help="compare all on the backend that is named")
    parser.addoption("--every-model", action="store_true", help="interchange all models, which takes long, not a few")


def pytest_collection_modifyitems(config, items):
    chosen = str(config.getoption("--kcore-backend") or "numpy")
    if config.getoption("--everywhere"):
        return
    elsewhere = {item for item in items if chosen not in COMPARED_ON.get(item.path.stem, (chosen,))}
    if elsewhere:
        config.hook.pytest_deselected(items=list(elsewhere))
        items[:] = [item for item in items if item not in elsewhere]


@pytest.fixture(scope="session")
def keras(backend_name):
    os.environ["KERAS_BACKEND"] = backend_name
    import keras

    assert keras.config.backend() == backend_name, "Keras was imported before its backend was chosen"
    assert version("keras") == "3.15.1", "the differences listed are those of 3.15.1"
    return keras


@pytest.fixture
def count_refused(record_property):
    """Note that Keras refused a call of an op."""

    def count(op: str) -> None:
        refused[op] = refused.get(op, 0) + 1

    return count


def pytest_terminal_summary(terminalreporter):
    if refused:
        most = sorted(refused, key=lambda op: -refused[op])[:5]
        examples = ", ".join(f"{op} {refused[op]}" for op in most)
        terminalreporter.write_line(
            f"Keras refused {sum(refused.values())} calls of {len(refused)} ops that kcore answers (most: {examples})"
        )
    if terminalreporter.config.getoption("largest"):
        for what, difference in sorted(largest.items(), key=lambda item: -item[1]):
            terminalreporter.write_line(f"{difference:.1e}  {what}")
