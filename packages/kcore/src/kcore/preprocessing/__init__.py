"""Names that Keras had before version 3 for datasets of files and pictures."""

from kcore_train.datasets import image_dataset_from_directory as image_dataset_from_directory
from kcore_train.datasets import text_dataset_from_directory as text_dataset_from_directory
from kcore_train.datasets import timeseries_dataset_from_array as timeseries_dataset_from_array

from kcore.preprocessing import image as image
from kcore.preprocessing import sequence as sequence
