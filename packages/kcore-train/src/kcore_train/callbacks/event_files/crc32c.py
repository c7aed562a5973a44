"""CRC-32C, the checksum of records in event files: Castagnoli's polynomial (RFC 3720, appendix B.4).

The checksum is linear over bits, once what it starts from has been added to the data. Long data are therefore cut into
blocks, whose checksums are found side by side, and neighbours are joined until one is left: the first of two counts
as if as many zero bytes came after it as the second has.
"""

from __future__ import annotations

import functools
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["crc32c", "masked_crc32c"]

Words: TypeAlias = "npt.NDArray[np.uint32]"

_POLYNOMIAL = 0x82F63B78  # 0x1EDC6F41 with its bits in reverse
_ONES = 0xFFFFFFFF
_BLOCK = 64  # bytes
_SHORT = 1024  # bytes, below which a loop in Python is quicker


def crc32c(data: bytes) -> int:
    """Return the checksum of some bytes.

    Args:
        data: the bytes.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    return _of_short(data) if len(data) < _SHORT else _of_long(data)


def masked_crc32c(data: bytes) -> int:
    """Return the checksum as it stands in records: turned by 15 bits, so that it is none of data that hold it.

    Args:
        data: the bytes.
    """
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & _ONES


def _of_short(data: bytes) -> int:
    table = _table_as_list()
    crc = _ONES
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ _ONES


def _of_long(data: bytes) -> int:
    padding = -len(data) % _BLOCK
    padded = np.zeros(padding + len(data), np.uint8)  # zeros before the data change nothing
    padded[padding:] = np.frombuffer(data, np.uint8)
    padded[padding : padding + 4] ^= 0xFF  # which is to start from ones
    columns = padded.reshape(-1, _BLOCK).T
    crcs = np.zeros(columns.shape[1], np.uint32)
    for column, table in zip(columns, _block_tables(), strict=True):
        crcs ^= table[column]
    level = 0
    while len(crcs) > 1:
        if len(crcs) % 2:
            crcs = np.concatenate([np.zeros(1, np.uint32), crcs])
        crcs = _shifted(crcs[::2], _shift_tables(level)) ^ crcs[1::2]
        level += 1
    return int(crcs[0]) ^ _ONES


@functools.cache
def _table() -> Words:
    """Return the checksum of each byte."""
    crcs = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        crcs = crcs >> np.uint32(1) ^ np.where(crcs & 1, np.uint32(_POLYNOMIAL), np.uint32(0))
    return crcs


@functools.cache
def _table_as_list() -> list[int]:
    return [int(word) for word in _table()]


def _one_byte_further(crcs: Words) -> Words:
    """Return the checksums once a zero byte has come after the data."""
    found: Words = crcs >> np.uint32(8) ^ _table()[crcs & np.uint32(0xFF)]
    return found


@functools.cache
def _block_tables() -> list[Words]:
    """For each place in a block, what each byte there adds to the block's checksum."""
    tables = [_table()]
    while len(tables) < _BLOCK:
        tables.append(_one_byte_further(tables[-1]))
    return tables[::-1]


@functools.cache
def _shift_tables(level: int) -> list[Words]:
    """For each byte of a checksum, what it becomes when `2**level` blocks of zeros have come after the data."""
    if level > 0:
        half = _shift_tables(level - 1)
        return [_shifted(table, half) for table in half]
    tables = [np.arange(256, dtype=np.uint32) << np.uint32(8 * place) for place in range(4)]
    for _ in range(_BLOCK):
        tables = [_one_byte_further(table) for table in tables]
    return tables


def _shifted(crcs: Words, tables: list[Words]) -> Words:
    parts = [table[crcs >> np.uint32(8 * place) & np.uint32(0xFF)] for place, table in enumerate(tables)]
    found: Words = parts[0] ^ parts[1] ^ parts[2] ^ parts[3]
    return found
