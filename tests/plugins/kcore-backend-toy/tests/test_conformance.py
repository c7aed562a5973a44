"""The toy is held to kcore's conformance suite."""

from kcore_ops.conformance import BackendConformance

TRIGONOMETRY = "arccos arccosh arcsin arcsinh arctan arctan2 arctanh cosh sinh tan"
FACTORS = "eig eigh qr svd"


class TestToy(BackendConformance):
    backend = "toy"
    known_gaps = {
        **dict.fromkeys(TRIGONOMETRY.split(), "of these functions it has sin, cos and tanh, for which networks ask"),
        **dict.fromkeys(FACTORS.split(), "its gradient is not written: linear algebra ends with matmul"),
        **dict.fromkeys(("conjugate", "imag", "real"), "it has not the capability 'complex'"),
        **dict.fromkeys(("cumprod", "prod"), "its gradient, which has to hold at zeros, is not written"),
        **dict.fromkeys(("sort", "top_k"), "its gradient is not written: argsort and take_along_axis do for it"),
        "erfinv": "NumPy has no such function",
        "i0": "NumPy has no Bessel function of order 1, which its gradient is",
    }
