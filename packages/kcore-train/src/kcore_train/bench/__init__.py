"""The command `kcore bench-backends`: a model's step, timed on each installed backend."""
