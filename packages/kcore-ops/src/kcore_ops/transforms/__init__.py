"""Functions of functions: derivatives, vectorization, compilation."""
