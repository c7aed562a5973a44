"""The backend is held to kcore's conformance suite."""

from kcore_ops.conformance import BackendConformance

TRIGONOMETRY = "arccos arccosh arcsin arcsinh arctan arctan2 arctanh cosh sinh tan"
COMPLEX = "conjugate imag polar real view_as_complex"


class TestLazy(BackendConformance):
    backend = "lazy"
    known_gaps = {
        **dict.fromkeys(TRIGONOMETRY.split(), "of these functions lazyarrays has sin, cos and tanh"),
        **dict.fromkeys(COMPLEX.split(), "lazyarrays has no complex numbers"),
        **dict.fromkeys("eig eigh qr svd".split(), "lazyarrays has no linear algebra but matmul"),
        **dict.fromkeys(("cumprod", "prod"), "lazyarrays has no products, whose gradient has to hold at zeros"),
        **dict.fromkeys(("sort", "top_k"), "lazyarrays sorts indices"),
        **dict.fromkeys(("erfinv", "i0"), "lazyarrays has no such function"),
    }
