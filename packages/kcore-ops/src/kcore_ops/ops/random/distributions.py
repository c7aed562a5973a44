"""Draws from the gamma, beta and binomial distributions, in terms of a seed tensor: what backends override.

The definitions reject a fixed number of times, so that they compile, and vectorize over seeds and parameters alike. How
often all of the candidates are rejected is stated with each: too seldom to be seen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kcore_ops import dtypes
from kcore_ops.dtypes.promotion import real, real_floating
from kcore_ops.engine.call import backend_of
from kcore_ops.engine.define import op
from kcore_ops.engine.op import FloatDType, Shape, Tensor
from kcore_ops.engine.plans import defined
from kcore_ops.ops.core.conversion import cast
from kcore_ops.ops.core.stop_gradient import stop_gradient
from kcore_ops.ops.core.unstack import unstack
from kcore_ops.ops.nn.activations import log_sigmoid
from kcore_ops.ops.numpy.arithmetic import absolute, maximum, minimum, square
from kcore_ops.ops.numpy.comparison import equal, where
from kcore_ops.ops.numpy.creation import ones_like, zeros_like
from kcore_ops.ops.numpy.exponentials import exp, log, log1p, sqrt
from kcore_ops.ops.numpy.logic import logical_and, logical_not, logical_or
from kcore_ops.ops.numpy.manipulation import broadcast_to
from kcore_ops.ops.numpy.rounding import floor
from kcore_ops.ops.random.primitives import MANTISSA, random_bits, random_normal, random_uniform

__all__ = ["random_beta", "random_binomial", "random_gamma", "with_slope"]

# Of candidates for a gamma variate at most 1 in 20 is rejected, all of them once in 2e10 draws.
_GAMMA_TURNS = 8
# Of candidates for a binomial variate at most 3 in 10 are rejected, all of them once in 2e8 draws.
_BINOMIAL_TURNS = 16
# A binomial variate of mean below 10 is not above 36 but once in 5e9 draws.
_INVERSION_TURNS = 36


@op(dtypes={"alpha": real_floating})
def random_gamma(seed: Tensor, shape: Shape, alpha: Tensor, dtype: FloatDType = None) -> Tensor:
    """Draw from the gamma distribution of rate 1; NaN where `alpha` is negative.

    Shapes: `seed` is `(2,)`; `alpha` broadcasts to `shape`. The definition has no gradient: see `with_slope`.
    Source: Marsaglia and Tsang (2000), https://doi.org/10.1145/358407.358414; for `alpha` below 1 their section 6.

    Args:
        seed: tensor, two numbers, `(2,)`, uint32.
        shape: int or tuple of ints, the sizes of the result.
        alpha: tensor, the shape parameter, at least 0.
        dtype: floating dtype or its name; None, for `config.floatx()`.
    """
    wide = dtypes.at_least_float32(dtype)
    alpha = stop_gradient(broadcast_to(cast(alpha, wide), shape))
    first, *seeds = _seeds(seed, 1 + 2 * _GAMMA_TURNS)
    # Of alpha + 1, and brought down to alpha, whatever it is: one way for all.
    d = alpha + (1.0 - 1.0 / 3.0)
    c = 1.0 / sqrt(9.0 * d)
    cubed, is_drawn = ones_like(d), None
    lowest = 2.0**-20 - 1.0  # what is below is as good as never accepted
    for i in range(_GAMMA_TURNS):
        z = random_normal(seeds[2 * i], shape, wide)
        u = random_uniform(seeds[2 * i + 1], shape, wide)
        w = maximum(c * z, lowest)
        # z**2 / 2 + d - d * v + d * log(v) for v = (1 + w)**3, without the difference of large numbers.
        least = 0.5 * square(z) + d * (3.0 * log1p(w) - w * (3.0 + w * (3.0 + w)))
        accepts = logical_and(w > lowest, log1p(-u) < least)
        is_new = accepts if is_drawn is None else logical_and(accepts, logical_not(is_drawn))
        cubed = where(is_new, (1.0 + w) ** 3, cubed)
        is_drawn = accepts if is_drawn is None else logical_or(is_drawn, accepts)
    result = d * cubed * exp(_log_of_power(first, shape, alpha, wide))
    return cast(where(alpha >= 0.0, result, np.nan), dtype)


def with_slope(slope: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """Add to the definition of `random_gamma` a gradient by `alpha`, for a backend's table.

    Args:
        slope: from `alpha` and what was drawn to the derivative of the latter by `alpha`, its quantile held fast.

    Source: Figurnov et al. (2018), arXiv:1805.08498.
    """

    definition = defined(random_gamma)

    def differentiable(seed: Any, shape: Any, alpha: Any, dtype: str) -> Any:
        wide = dtypes.at_least_float32(dtype)
        x = definition(seed, shape, alpha, wide)
        drawn = backend_of([x]).custom_gradient(with_gradient)
        return cast(drawn(broadcast_to(cast(alpha, wide), shape), x), dtype)

    def with_gradient(alpha: Any, x: Any) -> Any:
        return x * 1.0, lambda upstream: (upstream * slope(alpha, x), zeros_like(x))

    return differentiable


@op(dtypes={"alpha": real_floating, "beta": real_floating})
def random_beta(seed: Tensor, shape: Shape, alpha: Tensor, beta: Tensor, dtype: FloatDType = None) -> Tensor:
    """Draw from the beta distribution; NaN where a parameter is negative, or both are 0.

    Shapes: `seed` is `(2,)`; `alpha` and `beta` broadcast to `shape`.
    Source: x / (x + y) of gamma variates x and y, taken by their logarithms, since both may be too small for the dtype.

    Args:
        seed: tensor, two numbers, `(2,)`, uint32.
        shape: int or tuple of ints, the sizes of the result.
        alpha: tensor, the first parameter, at least 0.
        beta: tensor, the second parameter, at least 0.
        dtype: floating dtype or its name; None, for `config.floatx()`.
    """
    wide = dtypes.at_least_float32(dtype)
    alpha, beta = (broadcast_to(cast(parameter, wide), shape) for parameter in (alpha, beta))
    seeds = _seeds(seed, 4)
    ratio = random_gamma(seeds[0], shape, alpha + 1.0, wide) / random_gamma(seeds[1], shape, beta + 1.0, wide)
    power1, power2 = (_log_of_power(*one, wide) for one in ((seeds[2], shape, alpha), (seeds[3], shape, beta)))
    result = exp(log_sigmoid(log(ratio) + power1 - power2))
    return cast(where(logical_and(alpha >= 0.0, beta >= 0.0), result, np.nan), dtype)


@op(dtypes={"counts": real, "probabilities": real_floating})
def random_binomial(
    seed: Tensor, shape: Shape, counts: Tensor, probabilities: Tensor, dtype: FloatDType = None
) -> Tensor:
    """Draw the number of successes in `counts` trials, rounded down; NaN where a parameter makes no sense.

    Shapes: `seed` is `(2,)`; `counts` and `probabilities` broadcast to `shape`. There is no gradient.
    Source: where a mean is below 10 by inversion, elsewhere the algorithm BTRS of Hörmann (1993), "The generation of
    binomial random variates", https://doi.org/10.1080/00949659308811496.

    Args:
        seed: tensor, two numbers, `(2,)`, uint32.
        shape: int or tuple of ints, the sizes of the result.
        counts: tensor, the number of trials, at least 0.
        probabilities: tensor, the probability that a trial succeeds, in [0, 1].
        dtype: floating dtype or its name; None, for `config.floatx()`.
    """
    wide = dtypes.at_least_float32(dtype)
    counts, probabilities = (stop_gradient(broadcast_to(cast(x, wide), shape)) for x in (counts, probabilities))
    is_valid = logical_and(counts >= 0.0, logical_and(probabilities >= 0.0, probabilities <= 1.0))
    n = floor(where(is_valid, counts, 0.0))
    p = where(is_valid, minimum(probabilities, 1.0 - probabilities), 0.0)
    first, *seeds = _seeds(seed, 1 + 2 * _BINOMIAL_TURNS)
    is_small = n * p < 10.0
    # Each way is only given what it is for.
    few = _by_inversion(random_uniform(first, shape, wide), where(is_small, n, 0.0), p, wide)
    many = _by_rejection(seeds, shape, where(is_small, 100.0, n), where(is_small, 0.5, p), wide)
    successes = where(is_small, few, many)
    successes = where(probabilities > 0.5, n - successes, successes)
    return cast(where(is_valid, successes, np.nan), dtype)


def _seeds(seed: Any, count: int) -> list[Any]:
    """Return seeds for draws that have nothing to do with one another."""
    return list(unstack(random_bits(seed, (count, 2)), count))


def _log_of_power(seed: Any, shape: Any, alpha: Any, dtype: str) -> Any:
    """Draw log(u ** (1 / alpha)), u even: what makes a gamma variate of `alpha` of one of `alpha + 1`, as a factor."""
    u = maximum(random_uniform(seed, shape, dtype), 2.0 ** -(MANTISSA[dtype] + 1))
    return log(u) / alpha


def _by_inversion(u: Any, n: Any, p: Any, dtype: str) -> Any:
    """Count the numbers whose cumulative probability is not above `u`."""
    odds = p / (1.0 - p)
    probability = exp(n * log1p(-p))
    cumulative, count = probability, zeros_like(probability)
    # Where u is closer to 1 than probabilities add up to it, no more is counted than u has digits for.
    negligible = 2.0 ** -(MANTISSA[dtype] + 3)
    for i in range(_INVERSION_TURNS):
        probability = probability * odds * ((n - float(i)) / (i + 1.0))
        is_above = logical_and(u >= cumulative, probability > negligible)
        count = count + cast(is_above, dtype)
        cumulative = cumulative + probability
    return minimum(count, n)


def _by_rejection(seeds: list[Any], shape: Any, n: Any, p: Any, dtype: str) -> Any:
    """Draw by transformed rejection with squeeze; the letters are those of the paper."""
    r = p / (1.0 - p)
    deviation = sqrt(n * p * (1.0 - p))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * p
    c = n * p + 0.5
    alpha = (2.83 + 5.1 / b) * deviation
    v_r = 0.92 - 4.2 / b
    m = floor((n + 1.0) * p)
    mode = _stirling_error(m) + _stirling_error(n - m)
    result, is_drawn = m, equal(m, -1.0)
    for i in range(_BINOMIAL_TURNS):
        u = random_uniform(seeds[2 * i], shape, dtype) - 0.5
        v = 1.0 - random_uniform(seeds[2 * i + 1], shape, dtype)
        us = maximum(0.5 - absolute(u), 2.0 ** -MANTISSA[dtype])
        k = floor((2.0 * a / us + b) * u + c)
        is_within = logical_and(k >= 0.0, k <= n)
        k = maximum(minimum(k, n), 0.0)
        # log(P(k) / P(m)) by Stirling's formula, in differences from m that lose no digits.
        j = k - m
        most = (
            j * log(r * ((n - k + 1.0) / (k + 1.0)))
            - (m + 0.5) * log1p(j / (m + 1.0))
            - (n - m + 0.5) * log1p(-j / (n - m + 1.0))
            + (mode - _stirling_error(k) - _stirling_error(n - k))
        )
        is_squeezed = logical_and(us >= 0.07, v <= v_r)
        accepts = logical_or(is_squeezed, log(v * alpha / (a / square(us) + b)) <= most)
        is_new = logical_and(logical_and(is_within, accepts), logical_not(is_drawn))
        result, is_drawn = where(is_new, k, result), logical_or(is_drawn, is_new)
    return result


def _stirling_error(k: Any) -> Any:
    """Return log(k!) less (k + 1/2) log(k + 1) - (k + 1) + log(2 pi) / 2.

    It is wrong by 3e-4 at 0, which a variate of mean 10 or more is once in 2e4 draws at most, and by 1e-8 from 4 on.
    """
    x = 1.0 / (k + 1.0)
    return x * (1.0 / 12.0 - square(x) * (1.0 / 360.0 - square(x) / 1260.0))
