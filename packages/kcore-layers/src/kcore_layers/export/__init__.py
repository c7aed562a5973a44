"""Models as files that other programs run: the component `export`, which models ask for when they are exported."""

import typing

from kcore_ops.foundation import public_names

from kcore_layers.export.archive import ExportArchive as ExportArchive
from kcore_layers.export.model import export_model as export_model

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
