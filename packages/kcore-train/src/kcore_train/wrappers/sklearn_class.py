"""An estimator joins scikit-learn when it is made: the class it is really an instance of.

For a class there is one such class, with its name and module, derived from it, scikit-learn's mixin of its kind and
`BaseEstimator`. So importing ours imports nothing of scikit-learn, which does not have to be installed.
"""

from __future__ import annotations

from typing import Any

from kcore_ops.foundation.errors import MissingDependency

__all__ = ["remake", "sklearn_class"]


class _Made:
    """Holds the class made of another one; it is made anew where that one is pickled by value, as cloudpickle does."""

    cls: type | None = None

    def __reduce__(self) -> Any:
        return _Made, ()


def sklearn_class(cls: type, mixin: str) -> type:
    """Return the class of the instances of a class.

    Args:
        cls: the class as it was written.
        mixin: the name of scikit-learn's mixin for estimators of its kind.

    Raises:
        MissingDependency: if scikit-learn is not installed.
    """
    cls = cls.__dict__.get("_kcore_original", cls)
    if "_kcore_made" not in cls.__dict__:
        cls._kcore_made = _Made()  # type: ignore[attr-defined]
    made: _Made = cls.__dict__["_kcore_made"]
    if made.cls is None:
        try:
            import sklearn.base
        except ImportError as error:
            raise MissingDependency(
                f"{cls.__name__} needs scikit-learn, which is not installed", fix="pip install scikit-learn"
            ).at(cls.__name__) from error
        namespace = {
            "__module__": cls.__module__,
            "__qualname__": cls.__qualname__,
            "__doc__": cls.__doc__,
            "_kcore_original": cls,
        }
        made.cls = type(cls.__name__, (cls, getattr(sklearn.base, mixin), sklearn.base.BaseEstimator), namespace)
    return made.cls


def remake(cls: type) -> Any:
    """Return an instance with nothing in it yet, for copies and pickles.

    Args:
        cls: the class as it was written.
    """
    made: Any = cls
    return made.__new__(made)
