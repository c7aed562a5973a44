"""Pictures with what is known of them, for people to look at."""

import typing

from kcore_ops.foundation import public_names

from kcore_layers.visualization.galleries import *
from kcore_layers.visualization.overlays import draw_bounding_boxes as draw_bounding_boxes
from kcore_layers.visualization.overlays import draw_segmentation_masks as draw_segmentation_masks

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
