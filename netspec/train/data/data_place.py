"""Where the files of a recipe's data set are."""

from __future__ import annotations

import os
from pathlib import Path

from netspec.recipe import DataRecipe
from netspec.train.errors import TrainError


def data_place(data: DataRecipe, given: Path | None) -> Path:
    """The folder or archive: `given`, or what the spec says, relative to the file that says it.

    Raises TrainError where nothing is there and the same words lead to something from where one
    stands: which of the two is meant is not guessed.
    """
    if given is not None:
        return given
    place, here = data.place, Path(os.path.expanduser(data.root))
    if data.root_folder and not place.exists() and not here.is_absolute() and here.exists():
        raise TrainError(
            f"there is no `{place}`: `root: {data.root}` is relative to the spec that says it",
            f"`{here}` is here, where you stand: name it with `--data {here}`, "
            "or write the way from the spec",
        )
    return place


def names_data(data: DataRecipe, given: Path | None) -> bool:
    """Whether anything says what is trained on: a name, a root, or the default folder itself."""
    if data.dataset is not None or given is not None or data.root != DataRecipe.root:
        return True
    return bool(data.root_folder) or data.place.exists()
