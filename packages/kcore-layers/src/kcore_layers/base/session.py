"""What a process keeps from one model to the next, and starting anew."""

from __future__ import annotations

from kcore_layers.base.naming import reset_names

__all__ = ["clear_session"]


def clear_session(free_memory: bool = True) -> None:
    """Count names from the start again: the next Dense is `dense`.

    There is nothing else to clear: no model or tensor is kept by kcore itself.

    Args:
        free_memory: whether Python's garbage collector is run.

    >>> clear_session()
    """
    reset_names()
    if free_memory:
        import gc

        gc.collect()
