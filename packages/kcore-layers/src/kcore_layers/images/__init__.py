"""Pictures: as arrays, from and to files, resized."""

import typing

from kcore_ops.foundation import public_names

from kcore_layers.images.conversion import *
from kcore_layers.images.resizing import smart_resize as smart_resize

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
