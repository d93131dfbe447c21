"""The header of a file in the safetensors format, read without trusting what it says.

Its first 8 bytes are the length of a JSON object, in which each tensor has a type, a shape and a
place. What the places say is checked by the library that reads the tensors.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

MAX_LENGTH: Final = 100_000_000
"""Bytes of a header; the format has the same bound."""


def tensors_in(path: Path) -> dict[str, tuple[tuple[int, ...], str]]:
    """The shape and the type, as the file calls it, of each tensor by its name.

    Raises OSError, and ValueError for a header that is not one, or that says a name twice.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > min(MAX_LENGTH, path.stat().st_size):
            raise ValueError("its header is longer than the file")
        text = file.read(length)
    try:
        header = json.loads(text, object_pairs_hook=_once)
        return {
            name: (tuple(int(size) for size in entry["shape"]), str(entry["dtype"]))
            for name, entry in header.items()
            if name != "__metadata__"
        }
    except _Twice:
        raise
    except UnicodeDecodeError:
        raise ValueError("its header is no text") from None
    except RecursionError:
        raise ValueError("its header is nested too deep") from None
    except (ValueError, OverflowError, KeyError, TypeError, AttributeError):
        raise ValueError("its header does not tell tensors by type and shape") from None


class _Twice(ValueError):
    """A name that stands for two things, of which readers take different ones."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        name = next(name for name, count in Counter(n for n, _ in pairs).items() if count > 1)
        raise _Twice(f"its header says `{name[:200]}` twice")
    return found
