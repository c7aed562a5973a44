"""What of Keras's public surface kcore leaves out on purpose, a line each, with the reason.

An entry is a name, `layers.Hashing`; a member of a class, `layers.Dense.quantize`; or a parameter of either,
`layers.Dense(lora_rank)`. A star stands for anything. An entry that nothing needs any more fails the test.
"""

from __future__ import annotations

__all__ = ["LEFT_OUT", "NAMESPACES_LEFT_OUT"]

# Modules that are not held to Keras's at all.
NAMESPACES_LEFT_OUT = {
    "applications": "models with weights to download are a package of their own",
    "datasets": "data to download are a package of their own",
    "distillation": "not there yet",
    "distribution": "not there yet",
    "legacy": "names that Keras keeps for code of Keras 2",
    "legacy.saving": "names that Keras keeps for code of Keras 2",
    "optimizers.legacy": "names that Keras keeps for code of Keras 2",
    "utils.legacy": "names that Keras keeps for code of Keras 2",
}

_ONE_CALL = "call computes with any weight: an object in its place answers the products"
_TYPED = "made for scikit-learn when the first estimator is: a class shows it to editors only"

LEFT_OUT = {
    # Quantization, and what trains beside weights.
    "*.quantized_build": _ONE_CALL,
    "*.quantized_call": _ONE_CALL,
    # Where Keras's classes of augmentation name one argument in several ways, or show what they compute with inside.
    "layers.*.transform_images(transformation)": "`transformations`, as most of Keras's have it; it is passed by place",
    "layers.RandomGrayscale.get_random_transformation(images)": "`data`, as in Keras's base class",
    "layers.RandomGrayscale.transform_labels(transformations)": "`transformation`, as in Keras's base class",
    "layers.RandomGrayscale.transform_segmentation_masks(transformations)": "`transformation`, as in the base class",
    "layers.Random*.get_shifted_bbox": "a step of its own computation",
    "layers.Random*.get_transformed_x_y": "a step of its own computation",
    "layers.Random*.get_clipped_bbox": "a step of its own computation",
    # What has another place here.
    "layers.Dense.call(training)": "every layer takes the flag, whether its call does or not",
    "layers.EinsumDense.call(training)": "every layer takes the flag, whether its call does or not",
    "layers.*.convert_weight": "tensors are converted by ops",
    "layers.Normalization.finalize_state": "`adapt` and loading do so themselves",
    "layers.TorchModuleWrapper.parameters": "torch.nn.Module's, which an instance is one of",
    "wrappers.*.*": _TYPED,
    "layers.Discretization.from_config(custom_objects)": "nothing in its config is an object",
    "layers.Rescaling.from_config(custom_objects)": "nothing in its config is an object",
    "layers.TorchModuleWrapper.from_config(custom_objects)": "a module is no object of a config",
    "layers.TorchModuleWrapper.from_config(safe_mode)": "whether a pickle is read is said to `load_model` alone",
    "name_scope(caller)": "for Keras's own use",
    "name_scope(deduplicate)": "for Keras's own use",
    "name_scope(override_parent)": "for Keras's own use",
    "Variable(layout)": "not there yet: layouts belong to a distribution",
}
