"""A run's checkpoints: the last, the one before it, and the best epoch's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from netspec.train.errors import DamagedCheckpoint, TrainError
from netspec.train.storage.atomic_write import atomic_copy, atomic_write
from netspec.train.storage.checkpoint_file import Tree, pack, read_checkpoint


@dataclass(frozen=True)
class Loaded:
    """A whole checkpoint, and a sentence for each one that had to be passed over."""

    tree: Tree
    path: Path
    passed_over: tuple[str, ...]


class Checkpoints:
    """The files ``last``, ``previous`` and ``best`` in ``folder``.

    At every moment ``last`` is whole: the new one is written aside and renamed over it, after the
    old one got its second name, ``previous``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.last = folder / "last.checkpoint"
        self.previous = folder / "previous.checkpoint"
        self.best = folder / "best.checkpoint"

    def save(self, tree: Tree, *, best: bool) -> None:
        """Write ``tree`` as the last checkpoint, and as the best one where it is that.

        Raises:
            TrainError: it could not be written; the last checkpoint is the old one.
        """
        if self.last.exists():
            atomic_copy(self.last, self.previous)
        atomic_write(self.last, pack(tree))
        if best:
            atomic_copy(self.last, self.best)

    def mend_best(self) -> None:
        """Make the last checkpoint the best one, too, where a kill came between the two.

        Raises:
            TrainError: it could not be written.
        """
        if not (self.best.exists() and self.best.samefile(self.last)):
            atomic_copy(self.last, self.best)

    def any(self) -> bool:
        """Whether there is a checkpoint, whole or not."""
        return any(path.exists() for path in (self.last, self.previous, self.best))

    def load(self) -> Loaded:
        """The newest checkpoint that is whole.

        Raises:
            TrainError: there is none.
        """
        passed_over: list[str] = []
        for path in (self.last, self.previous, self.best):
            if not path.exists():
                continue
            try:
                return Loaded(read_checkpoint(path), path, tuple(passed_over))
            except DamagedCheckpoint as error:
                passed_over.append(f"`{path}` is damaged and was passed over: {error.message}")
        if passed_over:
            raise TrainError("; ".join(passed_over), "there is no whole checkpoint: start anew")
        raise TrainError(
            f"there is no checkpoint in `{self.folder}`",
            "the run ended before its first: start anew",
        )
