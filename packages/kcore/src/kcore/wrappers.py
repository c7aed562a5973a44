"""Models as estimators of scikit-learn."""

from kcore_train.wrappers import *
