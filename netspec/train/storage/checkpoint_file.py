"""One checkpoint as bytes: tensors as safetensors, the rest as JSON, a SHA-256 over everything.

    line 1      netspec checkpoint 1
    32 bytes    SHA-256 of all that follows
    8 bytes     length of the JSON, little-endian
    JSON        the tree, in which {"tensor": "12"} stands for a tensor
    rest        the tensors, in the safetensors format

Nothing in it is ever run: there is no pickle. A byte that is flipped, missing or too many changes
the hash, so it is never loaded.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor

from netspec.train.errors import DamagedCheckpoint

MAGIC = b"netspec checkpoint 1\n"

Tree = Any  # dicts, lists, tuples, tensors, text, numbers, None: a recursive type says no more


def pack(tree: Tree) -> Iterator[bytes]:
    """``tree`` as the bytes of a checkpoint, in pieces."""
    tensors: dict[str, Tensor] = {}
    text = json.dumps(_encode(tree, tensors), separators=(",", ":")).encode()
    body = safetensors.torch.save(tensors)
    length = len(text).to_bytes(8, "little")
    digest = hashlib.sha256(length)
    digest.update(text)
    digest.update(body)
    yield MAGIC + digest.digest() + length + text
    yield body


def unpack(data: bytes) -> Tree:
    """The tree that :func:`pack` was given, its tensors on the CPU.

    Raises:
        DamagedCheckpoint: the bytes are not what was written.
    """
    head = len(MAGIC) + 32
    if data[: len(MAGIC)] != MAGIC:
        raise DamagedCheckpoint("it does not begin as a checkpoint of this version does")
    rest = memoryview(data)[head:]
    if hashlib.sha256(rest).digest() != data[len(MAGIC) : head]:
        raise DamagedCheckpoint("its SHA-256 is not the one written in it")
    try:
        length = int.from_bytes(rest[:8], "little")
        tensors = safetensors.torch.load(bytes(rest[8 + length :]))
        return _decode(json.loads(bytes(rest[8 : 8 + length])), tensors)
    except Exception as error:  # a right hash over wrong contents: made by hand, or by another tool
        raise DamagedCheckpoint("its contents are not a checkpoint's") from error


def read_checkpoint(path: Path) -> Tree:
    """The tree in the file ``path``; raises DamagedCheckpoint with the reason."""
    if path.exists() and not path.is_file():
        raise DamagedCheckpoint("it is no plain file")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DamagedCheckpoint((error.strerror or "it cannot be read").lower()) from error
    return unpack(data)


def _encode(value: Tree, tensors: dict[str, Tensor]) -> Any:
    """``value`` in JSON's terms; what JSON would lose (tuples, keys that are numbers) is marked."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Tensor():
            name = str(len(tensors))
            # A copy of its own: safetensors refuses views, and tied weights share their memory.
            tensors[name] = value.detach().to("cpu", copy=True).contiguous()
            return {"tensor": name}
        case list():
            return [_encode(item, tensors) for item in value]
        case tuple():
            return {"tuple": [_encode(item, tensors) for item in value]}
        case dict():
            kind = "counter" if isinstance(value, Counter) else "dict"
            items = value.items()
            return {kind: [[_encode(k, tensors), _encode(v, tensors)] for k, v in items]}
        case _:
            raise TypeError(f"a checkpoint cannot hold {type(value).__name__}")


def _decode(value: Any, tensors: dict[str, Tensor]) -> Tree:
    if isinstance(value, list):
        return [_decode(item, tensors) for item in value]
    if not isinstance(value, dict):
        return value
    ((kind, inner),) = value.items()
    match kind:
        case "tensor":
            return tensors[inner]
        case "tuple":
            return tuple(_decode(item, tensors) for item in inner)
        case "dict" | "counter":
            pairs = {_decode(k, tensors): _decode(v, tensors) for k, v in inner}
            return Counter(pairs) if kind == "counter" else pairs
        case _:
            raise ValueError(kind)
