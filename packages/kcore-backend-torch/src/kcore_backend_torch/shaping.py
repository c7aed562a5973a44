"""Making, reshaping, joining and indexing, on torch tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from kcore_backend_torch.dtypes import native_dtype
from kcore_backend_torch.places import here


def full(shape, fill_value, dtype):
    if isinstance(fill_value, int | float | complex):
        return torch.full(shape, fill_value, dtype=native_dtype(dtype), device=here())
    return torch.as_tensor(fill_value, dtype=native_dtype(dtype), device=here()).expand(shape).clone()


def zeros(shape, dtype):
    return torch.zeros(shape, dtype=native_dtype(dtype), device=here())


def ones(shape, dtype):
    return torch.ones(shape, dtype=native_dtype(dtype), device=here())


def full_like(x, fill_value, dtype):
    dtype = x.dtype if dtype is None else native_dtype(dtype)
    if isinstance(fill_value, int | float | complex):
        return torch.full_like(x, fill_value, dtype=dtype)
    return torch.as_tensor(fill_value, dtype=dtype, device=x.device).expand(x.shape).clone()


def zeros_like(x, dtype):
    return torch.zeros_like(x, dtype=dtype and native_dtype(dtype))


def ones_like(x, dtype):
    return torch.ones_like(x, dtype=dtype and native_dtype(dtype))


def count_from(start, stop, step, dtype):
    if (stop - start) * step < 0:  # which torch refuses
        stop = start
    if dtype in ("uint16", "uint32", "uint64"):
        return torch.arange(start, stop, step, device=here()).to(native_dtype(dtype))
    return torch.arange(start, stop, step, dtype=native_dtype(dtype), device=here())


def _rows_and_columns(N, M):
    return torch.arange(N, device=here())[:, None], torch.arange(N if M is None else M, device=here())


def eye(N, M, k, dtype):
    if k == 0 and dtype not in ("uint16", "uint32", "uint64"):
        return torch.eye(N, N if M is None else M, dtype=native_dtype(dtype), device=here())
    rows, columns = _rows_and_columns(N, M)
    return (columns == rows + k).to(native_dtype(dtype))


def tri(N, M, k, dtype):
    rows, columns = _rows_and_columns(N, M)
    return (columns <= rows + k).to(native_dtype(dtype))


def meshgrid(x, indexing):
    if indexing == "xy" and len(x) > 1:
        second, first, *rest = meshgrid([x[1], x[0], *x[2:]], "ij")
        return [first, second, *rest]
    sizes = [one.numel() for one in x]  # torch's own wants all in one dtype
    return [one.reshape([-1 if i == k else 1 for i in range(len(x))]).expand(sizes) for k, one in enumerate(x)]


def transpose(x, axes):
    return x.permute(tuple(range(x.ndim - 1, -1, -1)) if axes is None else axes)


def expand_dims(x, axis):
    if isinstance(axis, int):
        return x.unsqueeze(axis)
    rank = x.ndim + len(axis)
    places = sorted(place + rank if place < 0 else place for place in axis)
    if len(set(places)) < len(places) or (places and not 0 <= places[0] <= places[-1] < rank):
        raise IndexError("no such places")
    for place in places:
        x = x.unsqueeze(place)
    return x


def squeeze(x, axis):
    if axis is None:
        return x.squeeze()
    for a in (axis,) if isinstance(axis, int) else axis:
        if x.shape[a] != 1:  # which torch leaves as it is
            raise ValueError("only axes of size 1 can be removed")
    return x.squeeze(axis)


def flip(x, axis):
    if axis is None:
        axis = tuple(range(x.ndim))
    return x.flip(axis)


def rot90(array, k, axes):
    return torch.rot90(array, k, axes)


def roll(x, shift, axis):
    if isinstance(axis, tuple) and not isinstance(shift, tuple | list):
        shift = (shift,) * len(axis)
    elif isinstance(axis, int) and isinstance(shift, tuple | list):
        axis = (axis,) * len(shift)
    return torch.roll(x, shift, axis)


def repeat(x, repeats, axis):
    if isinstance(repeats, list | tuple):
        # The size is known, which spares a look at the numbers, and is needed where there are none.
        size = x.numel() if axis is None else x.shape[axis]
        total = sum(repeats) * (size if len(repeats) == 1 else 1)
        return torch.repeat_interleave(x, torch.tensor(repeats, device=x.device), axis, output_size=total)
    if not isinstance(repeats, int):
        repeats = torch.as_tensor(repeats, device=x.device)
    return torch.repeat_interleave(x, repeats, axis)


def tile(x, repeats):
    return x.tile(repeats if isinstance(repeats, tuple | list) else (repeats,))


def pad_constant(x, pad_width, constant):
    widths = [width for pair in reversed(pad_width) for width in pair]
    if x.dtype == torch.bool:
        return torch.constant_pad_nd(x.to(torch.uint8), widths, int(bool(constant))).to(torch.bool)
    return torch.constant_pad_nd(x, widths, constant)


def concatenate(xs, axis):
    return torch.cat(xs, axis)


def stack(x, axis):
    return torch.stack(x, axis)


def unstack(x, num, axis):
    if num is not None and x.shape[axis] != num:
        raise ValueError("num is not the size of the axis")
    return list(x.unbind(axis))


def split(x, indices_or_sections, axis):
    if isinstance(indices_or_sections, int) and x.shape[axis] % indices_or_sections:
        raise ValueError("the parts would not be equal")
    return array_split(x, indices_or_sections, axis)


def array_split(x, indices_or_sections, axis):
    if not isinstance(indices_or_sections, int):
        indices_or_sections = tuple(int(i) for i in indices_or_sections)
    return list(torch.tensor_split(x, indices_or_sections, axis))


def _in_range(indices, size):
    return indices.clamp(-size, size - 1).remainder(max(size, 1))


def take(x, indices, axis):
    if axis is None:
        x, axis = x.reshape(-1), 0
    size = x.shape[axis]
    if not size:
        return _without_elements(x, () if isinstance(indices, int) else indices.shape, axis % x.ndim)
    if isinstance(indices, int):
        return x.select(axis, max(min(indices, size - 1), -size))
    indices = _in_range(indices, size)
    if indices.ndim == 1:
        return torch.index_select(x, axis, indices)
    axis = axis % x.ndim
    taken = torch.index_select(x, axis, indices.reshape(-1))
    return taken.reshape(x.shape[:axis] + indices.shape + x.shape[axis + 1 :])


def _without_elements(x, shape, axis):
    """Replace an empty axis by others; an error unless the result is empty too."""
    return x.reshape(x.shape[:axis] + shape + x.shape[axis + 1 :])


def take_along_axis(x, indices, axis):
    if axis is None:
        x, axis = x.reshape(-1), 0
    return torch.take_along_dim(x, _in_range(indices, x.shape[axis]).long(), axis)


def basic_item(x, key):
    """Read as NumPy does; torch has no negative steps, so there the elements are read forwards and flipped."""
    forward, flipped = [], []
    axis = place = 0
    for item in key:
        if isinstance(item, slice) and item.step is not None and item.step < 0:
            places = range(*item.indices(x.shape[axis]))
            item = slice(places[-1], places[0] + 1, -item.step) if places else slice(0, 0)
            flipped.append(place)
        forward.append(item)
        axis += item is not None
        place += item is None or isinstance(item, slice)
    result = x[tuple(forward)]
    return result.flip(flipped) if flipped else result


def static_slice_update(x, starts, updates):
    return _with_block(x, starts, updates, 0)


def _with_block(x, starts, updates, axis):
    """Replace a block, one axis after the other: `slice_scatter` replaces along one axis what has the others whole."""
    if axis == x.ndim:
        return updates
    start, stop = starts[axis], starts[axis] + updates.shape[axis]
    inner = _with_block(x.narrow(axis, start, stop - start), starts, updates, axis + 1)
    return inner if stop - start == x.shape[axis] else torch.slice_scatter(x, inner, axis, start, stop)


_COMBINED = {"max": "amax", "min": "amin", "mul": "prod"}


def scatter_rows(x, indices, updates, reduction):
    if reduction is None:
        return torch.index_put(x, (indices,), updates)
    if reduction == "add":
        return torch.index_add(x, 0, indices, updates)
    places = indices.long()[:, None].expand(updates.shape)
    return torch.scatter_reduce(x, 0, places, updates, _COMBINED[reduction])


TABLE: dict[str, Callable[..., Any]] = {
    "array_split": array_split,
    "basic_item": basic_item,
    "broadcast_to": torch.broadcast_to,
    "concatenate": concatenate,
    "copy": torch.clone,
    "count_from": count_from,
    "diag": torch.diag,
    "diagonal": torch.diagonal,
    "dstack": torch.dstack,
    "expand_dims": expand_dims,
    "eye": eye,
    "flip": flip,
    "full": full,
    "full_like": full_like,
    "hstack": torch.hstack,
    "meshgrid": meshgrid,
    "moveaxis": torch.movedim,  # the same, and vmap knows it
    "ones": ones,
    "ones_like": ones_like,
    "pad_constant": pad_constant,
    "ravel": torch.ravel,
    "repeat": repeat,
    "reshape": torch.reshape,
    "roll": roll,
    "rot90": rot90,
    "scatter_rows": scatter_rows,
    "split": split,
    "squeeze": squeeze,
    "stack": stack,
    "static_slice_update": static_slice_update,
    "swapaxes": torch.swapaxes,
    "take": take,
    "take_along_axis": take_along_axis,
    "tile": tile,
    "transpose": transpose,
    "tri": tri,
    "tril": torch.tril,
    "triu": torch.triu,
    "unstack": unstack,
    "vstack": torch.vstack,
    "zeros": zeros,
    "zeros_like": zeros_like,
}
