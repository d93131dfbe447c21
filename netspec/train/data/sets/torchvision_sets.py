"""torchvision's data sets → decoded arrays; downloaded on first use, checked by torchvision."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from netspec.train.data.arrays import Arrays
from netspec.train.data.cache import Labels, cached_arrays, images_path, key_of, locked
from netspec.train.data.sets.class_names import class_names
from netspec.train.errors import TrainError
from netspec.train.say import Say

_MNIST = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@dataclass(frozen=True)
class _Layout:
    """Where a set's unpacked files lie below the root, and what a user would put there."""

    files: tuple[str, ...]
    offer: str
    splits: tuple[Mapping[str, Any], Mapping[str, Any]] = ({"train": True}, {"train": False})


def _mnist(name: str) -> _Layout:
    offered = ", ".join(f"`{file}.gz`" for file in _MNIST)
    return _Layout(
        tuple(f"{name}/raw/{file}" for file in _MNIST), f"{offered} into `{name}/raw` in"
    )


_BY_SPLIT = ({"split": "train"}, {"split": "test"})
_LAYOUTS = {
    "CIFAR10": _Layout(
        tuple(
            f"cifar-10-batches-py/{name}"
            for name in (*(f"data_batch_{n}" for n in range(1, 6)), "test_batch", "batches.meta")
        ),
        "`cifar-10-python.tar.gz`, or the folder `cifar-10-batches-py` that is in it, into",
    ),
    "CIFAR100": _Layout(
        tuple(f"cifar-100-python/{name}" for name in ("train", "test", "meta")),
        "`cifar-100-python.tar.gz`, or the folder `cifar-100-python` that is in it, into",
    ),
    "MNIST": _mnist("MNIST"),
    "FashionMNIST": _mnist("FashionMNIST"),
    "KMNIST": _mnist("KMNIST"),
    "SVHN": _Layout(
        ("train_32x32.mat", "test_32x32.mat"),
        "`train_32x32.mat` and `test_32x32.mat` into",
        _BY_SPLIT,
    ),
    "STL10": _Layout(
        tuple(
            f"stl10_binary/{name}"
            for name in ("train_X.bin", "train_y.bin", "test_X.bin", "test_y.bin")
        ),
        "`stl10_binary.tar.gz`, or the folder `stl10_binary` that is in it, into",
        _BY_SPLIT,
    ),
}


def present(name: str, root: Path) -> bool:
    """Whether the set's unpacked files are all below `root`."""
    return all((root / file).is_file() for file in _LAYOUTS[name].files)


def torchvision_arrays(name: str, root: Path, say: Say) -> Arrays:
    """The set `name` from below `root`, downloaded there where it is missing.

    Raises TrainError, saying which files to put where, when that fails.
    """
    # torchvision checks a download's checksum, and unpacks only what passed; not twice at a time.
    with locked(key_of("download", name, os.fspath(root.resolve()))):
        if not present(name, root):
            _fetch(name, root, say)
    state = hashlib.sha256()
    for file in _LAYOUTS[name].files:
        status = (root / file).stat()
        state.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    key = key_of("torchvision", name, os.fspath(root.resolve()), state.hexdigest())

    def make(target: Path) -> Mapping[str, Labels]:
        labels: dict[str, Labels] = {}
        for part, split in zip(("train", "test"), _LAYOUTS[name].splits, strict=True):
            opened = _open(name, root, split, download=False)
            np.save(images_path(target, part), _pixels(opened.data))
            given = opened.targets if hasattr(opened, "targets") else opened.labels
            labels[part] = np.asarray(given, dtype=np.int64)
        return labels

    return cached_arrays(name, class_names(name), key, make, root)


def _fetch(name: str, root: Path, say: Say) -> None:
    say(f"downloading `{name}` to `{root}`, once")
    for split in _LAYOUTS[name].splits:
        _open(name, root, split, download=True)


def _open(name: str, root: Path, split: Mapping[str, Any], *, download: bool) -> Any:
    from torchvision import datasets

    advice = f"put {_LAYOUTS[name].offer} `{root}`, or name another folder with `--data`"
    try:
        with _patience(60.0):
            return getattr(datasets, name)(os.fspath(root), download=download, **split)
    except ImportError as error:
        raise TrainError(
            f"`{name}` needs the package `{error.name}`", f"install it: `pip install {error.name}`"
        ) from error
    # torchvision tells a broken download with RuntimeError, the network with OSError, and a
    # file that is not what it should be with whatever its reader meets first.
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0].rstrip(".").strip("<>")
        what = "could not be downloaded" if download else "could not be read"
        raise TrainError(
            f"the files of `{name}` are not whole in `{root}` and {what}: {reason}"
            if download
            else f"the files of `{name}` in `{root}` {what}: {reason}",
            advice,
        ) from error


@contextmanager
def _patience(seconds: float) -> Iterator[None]:
    """A network that does not answer is given up."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _pixels(data: Any) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """torchvision's `data` → uint8 [count, channels, height, width]."""
    pixels = np.asarray(data)
    if pixels.ndim == 3:
        pixels = pixels[:, None]
    elif pixels.shape[3] == 3:
        pixels = pixels.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(pixels)
