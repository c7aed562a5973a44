"""Pictures with what is known of them, for people to look at."""

from kcore_layers.visualization import *
