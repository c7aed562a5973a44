"""Settings: default float, epsilon, image layout, backend, limits of training, what is shown of errors.

They come, the strongest first, from the setters here; for the first three from kcore's configuration file, and where
that says nothing from Keras's (`setting_files.py`); for the limits from Keras's variables `KERAS_MAX_EPOCHS` and
`KERAS_MAX_STEPS_PER_EPOCH`. `backends/current.py` says where the backend comes from.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import Any

from kcore_ops.foundation.errors import ArgumentError, located
from kcore_ops.foundation.setting_files import from_file, from_keras_file, keras_file

__all__ = [
    "disable_flash_attention",
    "disable_interactive_logging",
    "disable_traceback_filtering",
    "enable_flash_attention",
    "enable_interactive_logging",
    "enable_traceback_filtering",
    "epsilon",
    "floatx",
    "has_identical_draws",
    "image_data_format",
    "is_flash_attention_enabled",
    "is_interactive_logging_enabled",
    "is_nnx_enabled",
    "is_traceback_filtering_enabled",
    "max_epochs",
    "max_steps_per_epoch",
    "set_epsilon",
    "set_floatx",
    "set_identical_draws",
    "set_image_data_format",
    "set_max_epochs",
    "set_max_steps_per_epoch",
    "standardize_data_format",
]

_FLOATX = ("bfloat16", "float16", "float32", "float64")
_DATA_FORMATS = ("channels_last", "channels_first")
_overrides: dict[str, Any] = {}

# Called when floatx changes: what was settled with the old one must be forgotten.
on_floatx_change: list[Callable[[], None]] = []
on_draws_change: list[Callable[[], None]] = []


def _setting(name: str, default: Any, check: Callable[[Any], Any]) -> Any:
    if name not in _overrides:
        _overrides[name] = _configured(name, default, check)
    return _overrides[name]


def _configured(name: str, default: Any, check: Callable[[Any], Any]) -> Any:
    """Return what the files say of a setting; a wrong value in Keras's is left out, as it may be right for Keras."""
    ours, theirs = from_file(), from_keras_file()
    if name in ours:
        with located("the configuration file"):
            return check(ours[name])
    if name in theirs:
        try:
            return check(theirs[name])
        except ArgumentError as error:
            warnings.warn(f"{keras_file()}: {error.problem}; kcore uses {default!r}: {error.fix}", stacklevel=2)
    return default


def _one_of(name: str, allowed: tuple[str, ...], value: Any) -> str:
    if value not in allowed:
        raise ArgumentError(f"{name} can not be {value!r}", fix=f"use one of {', '.join(allowed)}")
    return str(value)


def _check_epsilon(value: Any) -> float:
    # The bound leaves out infinity, and Python's integers that no float holds.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e300:
        raise ArgumentError(f"epsilon can not be {value!r}", fix="use a small positive number, for example 1e-7")
    return float(value)


def floatx() -> str:
    """Return the default floating dtype, 'float32' unless set.

    >>> floatx()
    'float32'
    """
    name: str = _overrides.get("floatx") or _setting("floatx", "float32", lambda v: _one_of("floatx", _FLOATX, v))
    return name


def set_floatx(value: str) -> None:
    """Set the default floating dtype to `value`: 'bfloat16', 'float16', 'float32' or 'float64'."""
    _overrides["floatx"] = _one_of("floatx", _FLOATX, value)
    for forget in on_floatx_change:
        forget()


def epsilon() -> float:
    """Return the small number that keeps divisions finite, 1e-7 unless set.

    >>> epsilon()
    1e-07
    """
    value: float = _setting("epsilon", 1e-7, _check_epsilon)
    return value


def set_epsilon(value: float) -> None:
    """Set the small number that keeps divisions finite to `value`, which is positive."""
    _overrides["epsilon"] = _check_epsilon(value)


def image_data_format() -> str:
    """Return the default layout of images, 'channels_last' unless set.

    >>> image_data_format()
    'channels_last'
    """
    name: str = _setting("image_data_format", "channels_last", lambda v: _one_of("image_data_format", _DATA_FORMATS, v))
    return name


def set_image_data_format(data_format: str) -> None:
    """Set the default layout of images to `data_format`: 'channels_last' or 'channels_first'."""
    _overrides["image_data_format"] = _one_of("image_data_format", _DATA_FORMATS, data_format)


def standardize_data_format(data_format: str | None) -> str:
    """Return `data_format`, the name of a layout, or the default one, `image_data_format()`, for None.

    >>> standardize_data_format(None)
    'channels_last'
    """
    return image_data_format() if data_format is None else _one_of("data_format", _DATA_FORMATS, data_format)


def enable_flash_attention() -> None:
    """Let backends choose, for `dot_product_attention`, kernels that never hold all weights; they may, unless set."""
    _overrides["flash_attention"] = True


def disable_flash_attention() -> None:
    """Let `dot_product_attention` use no kernel that never holds all weights, unless a call asks for one."""
    _overrides["flash_attention"] = False


def is_flash_attention_enabled() -> bool:
    """Return whether backends may choose flash attention where a call does not say.

    >>> is_flash_attention_enabled()
    True
    """
    return bool(_overrides.get("flash_attention", True))


def enable_interactive_logging() -> None:
    """Show the progress of training on standard output, as is done unless set."""
    _overrides["interactive_logging"] = True


def disable_interactive_logging() -> None:
    """Report the progress of training to the logger `kcore`, at level INFO, in place of standard output."""
    _overrides["interactive_logging"] = False


def is_interactive_logging_enabled() -> bool:
    """Return whether progress goes to standard output, rather than to the logger `kcore`.

    >>> is_interactive_logging_enabled()
    True
    """
    return bool(_overrides.get("interactive_logging", True))


def enable_traceback_filtering() -> None:
    """Leave kcore's own lines out of the tracebacks of errors, as is done unless set."""
    _overrides["traceback_filtering"] = True


def disable_traceback_filtering() -> None:
    """Show every line in the tracebacks of errors, kcore's own too."""
    _overrides["traceback_filtering"] = False


def is_traceback_filtering_enabled() -> bool:
    """Return whether kcore's own lines are left out of tracebacks.

    >>> is_traceback_filtering_enabled()
    True
    """
    return bool(_overrides.get("traceback_filtering", True))


def is_nnx_enabled() -> bool:
    """Return whether layers on JAX are Flax NNX modules: never; their state is explicit, as in `stateless_call`.

    >>> is_nnx_enabled()
    False
    """
    return False


def _limit(name: str, value: Any) -> int | None:
    if value is not None and (isinstance(value, bool) or not hasattr(value, "__index__") or value < 1):
        raise ArgumentError(f"{name} can not be {value!r}", fix="use a positive integer, or None for no limit")
    return None if value is None else int(value)


def _limit_of(name: str) -> int | None:
    """Return the limit that was set, or else that of Keras's environment variable."""
    if name not in _overrides:
        variable = f"KERAS_{name.upper()}"
        text = os.environ.get(variable, "").strip()
        with located(f"the environment variable {variable}"):
            _overrides[name] = _limit(name, int(text) if text.isdecimal() else text or None)
    limit: int | None = _overrides[name]
    return limit


def max_epochs() -> int | None:
    """Return the most epochs that any `fit` runs, None for no limit: for trying a long program out.

    Unless set it is that of the environment variable `KERAS_MAX_EPOCHS`.

    >>> max_epochs() is None
    True
    """
    return _limit_of("max_epochs")


def set_max_epochs(max_epochs: int | None) -> None:
    """Set the most epochs that any `fit` runs to `max_epochs`, a positive integer; None lifts the limit."""
    _overrides["max_epochs"] = _limit("max_epochs", max_epochs)


def max_steps_per_epoch() -> int | None:
    """Return the most steps of an epoch, and of any `evaluate` and `predict`; None for no limit.

    Unless set it is that of the environment variable `KERAS_MAX_STEPS_PER_EPOCH`.

    >>> max_steps_per_epoch() is None
    True
    """
    return _limit_of("max_steps_per_epoch")


def set_max_steps_per_epoch(max_steps_per_epoch: int | None) -> None:
    """Set the most steps of an epoch, and of any `evaluate` and `predict`, to `max_steps_per_epoch`; None: no limit."""
    _overrides["max_steps_per_epoch"] = _limit("max_steps_per_epoch", max_steps_per_epoch)


def has_identical_draws() -> bool:
    """Return whether random numbers are the same on every backend.

    >>> has_identical_draws()
    False
    """
    return bool(_overrides.get("identical_draws", False))


def set_identical_draws(value: bool) -> None:
    """Draw the same random numbers on every backend if `value`, or each framework's own: for comparing backends.

    One counter-based generator, defined in terms of ops, takes the place of the frameworks'. Bits, integers, uniform
    numbers, permutations and dropped elements are then equal; numbers that come from them by a logarithm or the like,
    normal ones say, agree to the precision of those functions. It is slower, and off unless set. Functions that were
    compiled before keep what they were compiled with.
    """
    _overrides["identical_draws"] = bool(value)
    for forget in on_draws_change:
        forget()
