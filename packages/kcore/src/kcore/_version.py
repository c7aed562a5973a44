__version__ = "0.1.0"


def version() -> str:
    """Return the version of kcore.

    >>> version() == __version__
    True
    """
    return __version__
