"""Weights from a file, checked by name, shape and dtype before anything is allocated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from netspec.counted import counted
from netspec.train.absent import absent
from netspec.train.errors import TrainError, first_line
from netspec.train.say import Say, silent
from netspec.train.storage.atomic_write import atomic_write
from netspec.train.storage.foreign_weights import prefix, unwrapped
from netspec.train.storage.safetensors_header import tensors_in
from netspec.train.trainable import Trainable, num_classes

# The dtypes of the safetensors format, by its own names.
_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


WANTED: Final = "name a `model.safetensors` or a `.pth` file"
_LISTED = 5_000
"""So many tensors that differ are listed."""
_NAME = 200
"""So many characters of a stranger's name are shown."""
_SIZES = 16
"""So many sizes of a shape are shown."""


@dataclass(frozen=True)
class TensorForm:
    """A tensor without its values; ``dtype`` is torch's, or the file's word for an unknown one."""

    shape: tuple[int, ...]
    dtype: torch.dtype | str

    def __str__(self) -> str:
        sizes = ", ".join(map(str, self.shape[:_SIZES]))
        more = ", …" if len(self.shape) > _SIZES else ""
        return f"{str(self.dtype).removeprefix('torch.')} [{sizes}{more}]"


def expected_forms(network: Trainable) -> dict[str, TensorForm]:
    """The names and forms of ``network``'s weights, found without allocating any."""
    with torch.device("meta"):
        state = network.build().state_dict()
    return {name: _form(value) for name, value in state.items()}


def load_weights(path: Path, network: Trainable, say: Say = silent) -> dict[str, Tensor]:
    """The weights in ``path`` (safetensors, or a state_dict saved by torch) for ``network``.

    A prefix that all names share, a wrapper and half precision are taken off, and told.

    Nothing is ever unpickled freely: torch reads with ``weights_only=True``.

    Raises:
        TrainError: the file cannot be read, or does not fit; every mismatch is listed.
    """
    expected = expected_forms(network)
    file = _opened(path, expected)
    _compare(path, file.forms, expected)
    for note in file.notes:
        say(f"note: {note}")
    return _with_counters(file.read(), expected)


@dataclass(frozen=True)
class Start:
    """Weights to start from: all that fit, and the tensors of a head that starts afresh."""

    weights: Mapping[str, Tensor]
    replaced: tuple[str, ...] = ()
    classes: int = 0
    """The number of classes of the file's own head, where it is replaced; 0 where it has none."""
    notes: tuple[str, ...] = ()


def starting_weights(path: Path, network: Trainable) -> Start:
    """The weights in ``path`` to start ``network`` from, whose number of classes may be another.

    Where all that differs are tensors with one row a class, of which the file has another number
    of rows or none at all, these keep the network's own fresh values.

    Raises:
        TrainError: the file cannot be read, or does not fit; every mismatch is listed.
    """
    expected = expected_forms(network)
    file = _opened(path, expected)
    replaced, rows = _head(file.forms, expected, num_classes(network))
    _compare(path, {**file.forms, **{name: expected[name] for name in replaced}}, expected)
    weights = _with_counters(file.read(), expected)
    kept = {name: weight for name, weight in weights.items() if name not in replaced}
    return Start(kept, replaced, rows, file.notes)


def _head(
    found: Mapping[str, TensorForm], expected: Mapping[str, TensorForm], classes: int
) -> tuple[tuple[str, ...], int]:
    """The tensors with a row for each class, if the file has another number of classes, or none."""
    absent = [n for n in expected if n not in found and not n.endswith(_COUNTER)]
    last = {name.rpartition(".")[0] for name in list(expected)[-1:]}
    if absent and all(
        expected[n].shape[:1] == (classes,) and n.rpartition(".")[0] in last for n in absent
    ):
        return tuple(absent), 0
    names: list[str] = []
    rows: set[int] = set()
    for name, wanted in expected.items():
        given = found.get(name)
        if given is None or given == wanted or not wanted.shape or not given.shape:
            continue
        same_but_rows = replace(given, shape=(wanted.shape[0], *given.shape[1:])) == wanted
        if same_but_rows and wanted.shape[0] == classes:
            names.append(name)
            rows.add(given.shape[0])
    return (tuple(names), rows.pop()) if len(rows) == 1 else ((), 0)


@dataclass(frozen=True)
class _File:
    """The forms of a file's tensors, what reads the tensors themselves, and what was taken off."""

    forms: dict[str, TensorForm]
    read: Callable[[], dict[str, Tensor]]
    notes: tuple[str, ...] = ()


def _opened(path: Path, expected: Mapping[str, TensorForm]) -> _File:
    """The file as the network names and stores its tensors, as far as that is plain."""
    file = _stored(path)
    notes = list(file.notes)
    start = prefix(file.forms, expected)
    if start:
        notes.append(f"`{start}` is taken off every name in `{path}`")
    forms = {name.removeprefix(start): form for name, form in file.forms.items()}
    cast = {
        name: expected[name].dtype
        for name, form in forms.items()
        if name in expected and form != expected[name] and _only_precision(form, expected[name])
    }
    if cast:
        kinds = {str(forms[name].dtype).removeprefix("torch.") for name in cast}
        notes.append(f"the weights in `{path}` are {' and '.join(sorted(kinds))}, and are cast")
    forms |= {name: expected[name] for name in cast}

    def read() -> dict[str, Tensor]:
        named = {name.removeprefix(start): value for name, value in file.read().items()}
        for name, dtype in cast.items():
            assert isinstance(dtype, torch.dtype)
            named[name] = named[name].to(dtype)
        return named

    return _File(forms, read, tuple(notes))


def _only_precision(given: TensorForm, wanted: TensorForm) -> bool:
    kinds = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
    return given.shape == wanted.shape and given.dtype in kinds and wanted.dtype in kinds


def _stored(path: Path) -> _File:
    """The file as it is."""
    if not path.is_file():
        raise TrainError(absent(path, "file"), WANTED)
    if _is_safetensors(path):
        return _File(_safetensors_forms(path), lambda: _safetensors_state(path))
    state, wrapper = _torch_state(path, "meta")
    forms = {name: _form(tensor) for name, tensor in state.items()}
    notes = (f"`{path}` holds the weights under {wrapper}",) if wrapper else ()
    return _File(forms, lambda: _torch_state(path, "cpu")[0], notes)


def _safetensors_state(path: Path) -> dict[str, Tensor]:
    try:
        return safetensors.torch.load_file(path)
    except (safetensors.SafetensorError, OSError) as error:
        raise TrainError(f"`{path}` is damaged: {first_line(error)}") from None


# Files from before torch counted batches lack batch norm's counter; torch takes it as 0 as well.
_COUNTER = "num_batches_tracked"


def _with_counters(
    weights: dict[str, Tensor], expected: Mapping[str, TensorForm]
) -> dict[str, Tensor]:
    absent = [name for name in expected if name.endswith(_COUNTER) and name not in weights]
    return {**weights, **{name: torch.zeros((), dtype=torch.int64) for name in absent}}


def save_weights(path: Path, weights: Mapping[str, Tensor]) -> None:
    """Write ``weights`` as safetensors, whole or not at all."""
    own = {
        name: value.detach().to("cpu", copy=True).contiguous() for name, value in weights.items()
    }
    atomic_write(path, [safetensors.torch.save(own, {"format": "pt"})])


def mismatches(found: Mapping[str, TensorForm], expected: Mapping[str, TensorForm]) -> list[str]:
    """A line for every name, shape and dtype in which the two differ, in the network's order."""
    lines = []
    for name, wanted in expected.items():
        given = found.get(name)
        if given is None:
            if name.endswith(_COUNTER):
                continue
            lines.append(f"`{name}` is missing: the network has {wanted}")
        elif given != wanted:
            lines.append(f"`{name}` is {given}, and the network has {wanted}")
    lines += [
        f"`{name[:_NAME]}` ({given}) is nowhere in the network"
        for name, given in found.items()
        if name not in expected
    ]
    return lines


def _compare(
    path: Path, found: Mapping[str, TensorForm], expected: Mapping[str, TensorForm]
) -> None:
    lines = mismatches(found, expected)
    if lines:
        more = [f"and {counted(len(lines) - _LISTED, 'other')}"] * (len(lines) > _LISTED)
        count = counted(len(lines), "tensor differs", "tensors differ")
        raise TrainError(
            f"the weights in `{path}` do not fit the network: {count}",
            "use the spec and the parameters (`--set`) that these weights were made with",
            [*lines[:_LISTED], *more],
        )


def _is_safetensors(path: Path) -> bool:
    """By its contents: 8 bytes of length, then a JSON object."""
    with _reading(path) as file:
        return file.read(9)[8:] == b"{"


def _begins(path: Path, *starts: bytes) -> bool:
    with _reading(path) as file:
        return file.read(2).startswith(starts)


@contextmanager
def _reading(path: Path) -> Iterator[IO[bytes]]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise TrainError(f"`{path}` cannot be read: {first_line(error)}") from error


def _safetensors_forms(path: Path) -> dict[str, TensorForm]:
    try:
        found = tensors_in(path)
    except (OSError, ValueError) as error:
        raise TrainError(f"`{path}` is damaged: {first_line(error)}") from None
    return {
        name: TensorForm(shape, _DTYPES.get(dtype, dtype[:_NAME]))
        for name, (shape, dtype) in found.items()
    }


def _torch_state(path: Path, device: str) -> tuple[dict[str, Tensor], str | None]:
    """The tensors of a file, and the key that they stand under where there is other data."""
    if not _begins(path, b"PK", b"\x80"):  # a zip, or a pickle
        raise TrainError(f"`{path}` is neither safetensors nor a file of torch", WANTED)
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # torch raises many kinds here, none of which a user can read
        if "weights_only" in str(error) or "Unsupported global" in str(error):
            raise TrainError(
                f"`{path}` holds more than weights, and was not unpickled",
                "save `module.state_dict()` by itself, or convert it to safetensors",
            ) from None
        # Only torch's own word is a reason: other errors tell what its reader stumbled over.
        reason = f": {first_line(error)}" if isinstance(error, RuntimeError) else ""
        raise TrainError(f"`{path}` is damaged{reason}", WANTED) from None
    state, wrapper = unwrapped(state)
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise TrainError(
            f"`{path}` holds something other than a state_dict", "save `module.state_dict()`"
        )
    return {str(name): value for name, value in state.items()}, wrapper


def _form(tensor: Tensor) -> TensorForm:
    return TensorForm(tuple(tensor.shape), tensor.dtype)
