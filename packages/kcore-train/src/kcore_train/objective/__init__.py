"""What a model is trained for and measured by: its loss and its metrics. This folder knows no backend and no step."""
