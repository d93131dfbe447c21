"""Images that don't fit in memory: decoded by DataLoader workers, just ahead of their batch."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from netspec.train.data.decoding.decode import OddSize, UnreadableImage, read_image
from netspec.train.data.decoding.decode_all import Storing
from netspec.train.data.sets.class_folders import Files
from netspec.train.errors import TrainError

PATIENCE = 60.0
"""Seconds after which workers that give no batch are taken for dead."""

_Fetched = tuple[Tensor, Tensor, str]


class _Decoded(Dataset[_Fetched]):
    """Whole batches by list of indices: images, labels, and what is wrong, empty if nothing.

    What is wrong is a value and no exception, as an exception would reach the other process as text
    with a traceback in it.
    """

    def __init__(self, root: Path, files: Files, chosen: Storing) -> None:
        self._root = os.fspath(root)
        # Bytes in one array and not a list of strings: a worker that counts references to strings
        # would copy the memory that it shares with its parent.
        encoded = [os.fsencode(path) for path in files.paths]
        self._names = np.array(encoded, dtype=np.bytes_)
        self.labels = torch.tensor(files.labels)
        self._chosen = chosen

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, index: int) -> _Fetched:
        fetched: _Fetched = self.__getitems__([index])
        return fetched

    def __getitems__(self, indices: list[int]) -> Any:
        chosen = self._chosen
        out = torch.empty((len(indices), chosen.channels, *chosen.size), dtype=torch.uint8)
        pixels = out.numpy()
        for place, index in enumerate(indices):
            path = Path(self._root, os.fsdecode(bytes(self._names[index])))
            try:
                pixels[place] = read_image(path, chosen.channels, chosen.size, resize=chosen.resize)
            except UnreadableImage as error:
                return out, self.labels[indices], f"`{path}` is no image that can be read: {error}"
            except OddSize as error:
                found, wanted = ("×".join(map(str, s)) for s in (error.found, chosen.size))
                wrong = f"`{path}` is {found} while other images are {wanted}"
                return out, self.labels[indices], wrong
        return out, self.labels[indices], ""


def _whole(batch: Any) -> Any:
    return batch


def _begin_worker(worker: int) -> None:
    """A worker says nothing where it is left alone, and leaves signals to the one that trains.

    A signal to all processes at once, as of Ctrl-C, would end it before the last step is done.
    """
    quiet_when_left(worker)
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # not every system has all of them
            signal.signal(getattr(signal, name), signal.SIG_IGN)


class Streaming:
    """A part whose files are decoded by `workers` processes; 0 decodes in this one."""

    def __init__(
        self, root: Path, files: Files, chosen: Storing, device: torch.device, workers: int
    ) -> None:
        self._dataset = _Decoded(root, files, chosen)
        self._device = device
        self._workers = workers

    @property
    def labels(self) -> Tensor:
        """See `ImageSource.labels`."""
        return self._dataset.labels

    def __len__(self) -> int:
        return len(self._dataset)

    def fetch(self, plan: Sequence[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
        """Decode ahead, in order; see `ImageSource.fetch`."""
        workers = min(self._workers, len(plan))
        loader: DataLoader[_Fetched] = DataLoader(
            self._dataset,
            batch_sampler=[index.tolist() for index in plan],
            num_workers=workers,
            collate_fn=_whole,
            pin_memory=self._device.type == "cuda",
            timeout=PATIENCE if workers else 0,
            prefetch_factor=4 if workers else None,
            worker_init_fn=_begin_worker,
            # One of its own: the loader draws a seed for its workers, and taken from the common
            # generator that draw would change the dropout of a run that was resumed.
            generator=torch.Generator(),
        )
        try:
            for images, labels, wrong in loader:
                if wrong:
                    raise TrainError(
                        wrong,
                        "mend it, or take it away, or give `data` a `resize`, or, for images that "
                        "cannot be read, `skip_broken: true`",
                    )
                yield (
                    images.to(self._device, non_blocking=True),
                    labels.to(self._device, non_blocking=True),
                )
        except (RuntimeError, ConnectionError, EOFError) as error:
            failure = worker_failure(error)
            if failure is None:
                raise
            raise failure from error

    def close(self) -> None:
        """Nothing is held between two calls of `fetch`."""


def quiet_when_left(worker: int) -> None:
    """Have a worker print no traceback where the main process is killed while it takes a batch."""
    show = sys.excepthook

    def unless_left(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if not issubclass(kind, EOFError | ConnectionError):
            show(kind, error, trace)

    sys.excepthook = unless_left


def worker_failure(error: Exception) -> TrainError | None:
    """What to tell the user where `error` says that a data worker died; else None.

    torch raises its own word for it wherever the main process is at that moment, also in the middle
    of a step; a worker that dies as it hands over a batch breaks the connection.
    """
    text = str(error)
    if "DataLoader worker" in text or isinstance(error, ConnectionError | EOFError):
        what = "a process that decodes images was killed"
    elif "DataLoader timed out" in text:
        what = f"the processes that decode images gave nothing for {PATIENCE:.0f} seconds"
    else:
        return None
    return TrainError(
        what,
        "often there is too little memory: take fewer `workers` in `data`, or a smaller batch; "
        "`--resume` continues the run",
    )
