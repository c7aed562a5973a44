"""Where kcore means to differ from Keras 3.15.1, each with its reason. The parity tests read this file."""

from __future__ import annotations

# (op, dtype of the inputs or "*"): why the result has another dtype than Keras's.
DTYPES: dict[tuple[str, str], str] = {}

# op: why its values differ.
VALUES: dict[str, str] = {}

REFUSED: dict[str, str] = {}
