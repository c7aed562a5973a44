"""Models."""

from kcore_layers.files import load_model as load_model
from kcore_layers.files import model_from_json as model_from_json
from kcore_layers.files import save_model as save_model
from kcore_layers.models import *
