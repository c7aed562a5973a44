"""Hashes of strings: FarmHash's fingerprint, SipHash, and a way to join fingerprints, each over many strings at once.

Strings of one length lie in the rows of one matrix, and a hash is computed for all rows: arithmetic of uint64, which
wraps around. The numbers are those of TensorFlow's `string_to_hash_bucket_fast`, `string_to_hash_bucket_strong` and
`sparse.cross_hashed`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

__all__ = ["farm_fingerprints", "joined_fingerprints", "sip_hashes"]

Words = np.ndarray[Any, np.dtype[np.uint64]]


def farm_fingerprints(strings: Sequence[bytes]) -> Words:
    """Return the 64-bit FarmHash fingerprint of each string.

    Source: G. Pike, "FarmHash", `farmhashna::Hash64`, github.com/google/farmhash.

    Args:
        strings: the strings.

    >>> farm_fingerprints([b"a", b"bb"]) % np.uint64(10)
    array([9, 2], dtype=uint64)
    """
    return _by_length(strings, _farm_hash)


def sip_hashes(strings: Sequence[bytes], key: Sequence[int]) -> Words:
    """Return the 64-bit SipHash-2-4 of each string.

    Source: J.-P. Aumasson and D. J. Bernstein (2012), "SipHash: a fast short-input PRF".

    Args:
        strings: the strings.
        key: two integers of 64 bits.

    >>> sip_hashes([b"a"], (133, 137)) % np.uint64(10)
    array([4], dtype=uint64)
    """
    halves = [np.uint64(int(half) % 2**64) for half in key]
    return _by_length(strings, lambda rows: _sip_hash(rows, halves[0], halves[1]))


def joined_fingerprints(fingerprints: Sequence[Words]) -> Words:
    """Return one fingerprint for each tuple of fingerprints, which depends on their order.

    Source: TensorFlow, `FingerprintCat64` in `tsl/platform/fingerprint.h`, and the start of `sparse.cross_hashed`. Its
    mixing step is that of MurmurHash64A (A. Appleby).

    Args:
        fingerprints: an array for each place of the tuples.
    """
    joined = np.full_like(fingerprints[0], 0xDECAFCAFFE)
    with np.errstate(over="ignore"):
        for each in fingerprints:
            joined = (joined ^ _MURMUR) ^ (_shift_mix(each * _MURMUR) * _MURMUR)
            joined = _shift_mix(_shift_mix(joined * _MURMUR) * _MURMUR)
    return joined


def _by_length(strings: Sequence[bytes], hashed: Callable[[np.ndarray[Any, Any]], Words]) -> Words:
    """Return what a function gives for the rows of a matrix of bytes, for strings of any lengths."""
    lengths = np.fromiter(map(len, strings), np.int64, len(strings))
    result = np.empty(len(strings), np.uint64)
    with np.errstate(over="ignore"):
        for length in np.unique(lengths).tolist():
            where = np.flatnonzero(lengths == length)
            joined = b"".join([strings[i] for i in where.tolist()])
            result[where] = hashed(np.frombuffer(joined, np.uint8).reshape(len(where), length))
    return result


_K0, _K1, _K2 = np.uint64(0xC3A5C85C97CB3127), np.uint64(0xB492B66FBE98F273), np.uint64(0x9AE16A3B2F90404F)
_MURMUR = np.uint64(0xC6A4A7935BD1E995)


def _u(number: int) -> np.uint64:
    return np.uint64(number)


def _fetch(rows: Any, start: int, size: int = 8) -> Any:
    """Return the little-endian number in some bytes of each row, counted from the end if `start` is negative."""
    start = start + rows.shape[1] if start < 0 else start
    part = np.ascontiguousarray(rows[:, start : start + size])
    return part.view(f"<u{size}")[:, 0].astype(np.uint64)


def _rotate_right(word: Any, count: int) -> Any:
    return (word >> _u(count)) | (word << _u(64 - count))


def _rotate_left(word: Any, count: int) -> Any:
    return _rotate_right(word, 64 - count)


def _shift_mix(word: Any) -> Any:
    return word ^ (word >> _u(47))


# FarmHash, with the letters of its source.


def _farm_hash(rows: np.ndarray[Any, Any]) -> Any:
    count, length = rows.shape
    if length == 0:
        return np.full(count, _K2)
    if length <= 16:
        return _farm_to_16(rows)
    if length <= 32:
        return _farm_17_to_32(rows)
    return _farm_33_to_64(rows) if length <= 64 else _farm_beyond_64(rows)


def _mixed(u: Any, v: Any, mul: Any) -> Any:
    a = _shift_mix((u ^ v) * mul)
    return _shift_mix((v ^ a) * mul) * mul


def _farm_to_16(rows: np.ndarray[Any, Any]) -> Any:
    length = rows.shape[1]
    mul = _K2 + _u(length * 2)
    if length >= 8:
        a, b = _fetch(rows, 0) + _K2, _fetch(rows, -8)
        c, d = _rotate_right(b, 37) * mul + a, (_rotate_right(a, 25) + b) * mul
        return _mixed(c, d, mul)
    if length >= 4:
        return _mixed(_u(length) + (_fetch(rows, 0, 4) << _u(3)), _fetch(rows, -4, 4), mul)
    first, middle, last = (rows[:, i].astype(np.uint64) for i in (0, length // 2, length - 1))
    y, z = first + (middle << _u(8)), _u(length) + (last << _u(2))
    return _shift_mix(y * _K2 ^ z * _K0) * _K2


def _farm_17_to_32(rows: np.ndarray[Any, Any]) -> Any:
    mul = _K2 + _u(rows.shape[1] * 2)
    a, b, c, d = _fetch(rows, 0) * _K1, _fetch(rows, 8), _fetch(rows, -8) * mul, _fetch(rows, -16) * _K2
    return _mixed(_rotate_right(a + b, 43) + _rotate_right(c, 30) + d, a + _rotate_right(b + _K2, 18) + c, mul)


def _farm_33_to_64(rows: np.ndarray[Any, Any]) -> Any:
    mul = _K2 + _u(rows.shape[1] * 2)
    a, b, c, d = _fetch(rows, 0) * _K2, _fetch(rows, 8), _fetch(rows, -8) * mul, _fetch(rows, -16) * _K2
    y = _rotate_right(a + b, 43) + _rotate_right(c, 30) + d
    z = _mixed(y, a + _rotate_right(b + _K2, 18) + c, mul)
    e, f = _fetch(rows, 16) * mul, _fetch(rows, 24)
    g, h = (y + _fetch(rows, -32)) * mul, (z + _fetch(rows, -24)) * mul
    return _mixed(_rotate_right(e + f, 43) + _rotate_right(g, 30) + h, e + _rotate_right(f + a, 18) + g, mul)


def _weak_pair(rows: np.ndarray[Any, Any], start: int, a: Any, b: Any) -> tuple[Any, Any]:
    w, x, y, z = (_fetch(rows, start + 8 * i) for i in range(4))
    a = a + w
    b = _rotate_right(b + a + z, 21)
    c = a
    a = a + x + y
    return a + z, b + _rotate_right(a, 44) + c


def _farm_beyond_64(rows: np.ndarray[Any, Any]) -> Any:
    count, length = rows.shape
    seed = _u(81)
    zeros = np.zeros(count, np.uint64)
    y = zeros + (seed * _K1 + _u(113))
    z = _shift_mix(y * _K2 + _u(113)) * _K2
    v = w = (zeros, zeros)
    x = seed * _K2 + _fetch(rows, 0)
    for start in range(0, (length - 1) // 64 * 64, 64):
        x = _rotate_right(x + y + v[0] + _fetch(rows, start + 8), 37) * _K1
        y = _rotate_right(y + v[1] + _fetch(rows, start + 48), 42) * _K1
        x = x ^ w[1]
        y = y + v[0] + _fetch(rows, start + 40)
        z = _rotate_right(z + w[0], 33) * _K1
        v = _weak_pair(rows, start, v[1] * _K1, x + w[0])
        w = _weak_pair(rows, start + 32, z + w[1], y + _fetch(rows, start + 16))
        x, z = z, x
    mul = _K1 + ((z & _u(0xFF)) << _u(1))
    start = length - 64
    w = (w[0] + _u((length - 1) % 64), w[1])
    v = (v[0] + w[0], v[1])
    w = (w[0] + v[0], w[1])
    x = _rotate_right(x + y + v[0] + _fetch(rows, start + 8), 37) * mul
    y = _rotate_right(y + v[1] + _fetch(rows, start + 48), 42) * mul
    x = x ^ (w[1] * _u(9))
    y = y + v[0] * _u(9) + _fetch(rows, start + 40)
    z = _rotate_right(z + w[0], 33) * mul
    v = _weak_pair(rows, start, v[1] * mul, x + w[0])
    w = _weak_pair(rows, start + 32, z + w[1], y + _fetch(rows, start + 16))
    x, z = z, x
    return _mixed(_mixed(v[0], w[0], mul) + _shift_mix(y) * _K0 + z, _mixed(v[1], w[1], mul) + x, mul)


# SipHash, with the letters of the paper.


def _sip_hash(rows: np.ndarray[Any, Any], key0: Any, key1: Any) -> Any:
    count, length = rows.shape
    num_words = length // 8 + 1
    padded = np.zeros((count, num_words * 8), np.uint8)
    padded[:, :length] = rows
    padded[:, -1] = length % 256
    words = padded.view("<u8")
    starts = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
    v = [np.full(count, _u(start) ^ key) for start, key in zip(starts, (key0, key1, key0, key1), strict=True)]
    for i in range(num_words):
        v[3] = v[3] ^ words[:, i]
        v = _sip_round(_sip_round(v))
        v[0] = v[0] ^ words[:, i]
    v[2] = v[2] ^ _u(0xFF)
    for _ in range(4):
        v = _sip_round(v)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def _sip_round(v: list[Any]) -> list[Any]:
    v0, v1, v2, v3 = v
    v0, v2 = v0 + v1, v2 + v3
    v1, v3 = _rotate_left(v1, 13) ^ v0, _rotate_left(v3, 16) ^ v2
    v0 = _rotate_left(v0, 32)
    v2, v0 = v2 + v1, v0 + v3
    v1, v3 = _rotate_left(v1, 17) ^ v2, _rotate_left(v3, 21) ^ v0
    return [v0, v1, _rotate_left(v2, 32), v3]
