"""What `netspec data` does: a data set looked at before training, as a spec sees it or alone."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from netspec.counted import counted
from netspec.escape import safe
from netspec.ops.base import text as shape_text
from netspec.ops.dtype import said
from netspec.recipe import Recipe
from netspec.train.data import Data, Split, held_out_words, is_table, open_data
from netspec.train.data.decoding.skip_broken import without_broken
from netspec.train.data.open_sources import tree_of
from netspec.train.data.sets.class_folders import ClassFolders, class_folders
from netspec.train.data.sets.unpack import is_archive, unpacked
from netspec.train.data.survey.as_json import survey_json
from netspec.train.data.survey.pictures import decoded_sheet, network_sheet
from netspec.train.data.survey.sheet import sheet_png
from netspec.train.data.survey.survey import Survey, survey
from netspec.train.data.survey.text import survey_text
from netspec.train.errors import TrainError
from netspec.train.reporting.progress import Progress
from netspec.train.run import recipe_of
from netspec.train.storage.atomic_write import atomic_write
from netspec.train.trainable import Trainable, num_classes, shows_images

PARTS: tuple[Split, ...] = ("train", "validation", "test")
MANY = 5_000
"""Looking at more files than this takes seconds."""
SKIP_BROKEN = "mend them, take them away, or add `skip_broken: true` to `train.data`"


@dataclass(frozen=True)
class Inspection:
    """What was found, and what keeps it from being trained on, if anything does.

    `sheet` are its images as a picture, a PNG, where that was asked for.
    """

    survey: Survey | None
    problem: TrainError | None = None
    sheet: bytes | None = None

    def text(self) -> str:
        """The account with its warnings; the problem is told apart."""
        if self.survey is None:
            return ""
        lines = [survey_text(self.survey)]
        lines += [safe(f"warning: {warning}") for warning in self.survey.warnings()]
        return "\n".join(lines)

    def as_json(self) -> str:
        """All of it as a JSON object; `error` is null where it can be trained on."""
        found = {} if self.survey is None else survey_json(self.survey)
        problem = self.problem
        error = None if problem is None else {"message": problem.message, "hint": problem.hint}
        return json.dumps({**found, "error": error}, indent=2)

    def write_sheet(self, path: Path) -> bool:
        """Write the picture, if there is one. Raises TrainError where it cannot be written."""
        if self.sheet is not None:
            try:
                atomic_write(path, [self.sheet])
            except TrainError as error:
                raise TrainError(error.message, "name another file with `--show`") from error
        return self.sheet is not None


def _surveyed(tree: ClassFolders) -> Survey:
    """The survey of a tree; one that takes long is told."""
    count = sum(len(files.paths) for files in tree.parts.values())
    if count > MANY:
        Progress().say(f"looking at {counted(count, 'file')} of `{tree.name}`")
    return survey(tree)


def inspect_folder(path: Path, *, draw: bool = False) -> Inspection:
    """Look at a folder or an archive of class folders, without any network."""
    if is_table(path) and path.is_file():
        hint = f"`netspec data SPEC --data {path}` looks at it as the spec's network would see it"
        return Inspection(None, TrainError(f"`{path}` is a table, and no folder of images", hint))
    try:
        archive = path if is_archive(path) else None
        tree = class_folders(unpacked(path, Progress().say) if archive else path)
    except TrainError as problem:
        return Inspection(None, problem)
    found = _surveyed(replace(tree, archive=archive))
    return Inspection(
        found, _broken(found), sheet_png(decoded_sheet(tree, found.name)) if draw else None
    )


def inspect_spec(network: Trainable, data: Path | None, *, draw: bool = False) -> Inspection:
    """Look at the data that a spec's `train:` names, or `data`, as training would see it."""
    found: Survey | None = None
    recipe = recipe_of(network, {"data": data})
    try:
        tree = tree_of(recipe, data, Progress().say)
        if tree is not None:
            found = _surveyed(tree)
            if recipe.data.skip_broken:
                tree = without_broken(tree, Progress().say)
        opened = _opened(network, recipe, data)
    except TrainError as problem:
        return Inspection(found, problem)
    try:
        found = found or Survey(opened.info.dataset, {}, split=("the data set's own",))
        skipped = dict(opened.info.skipped)
        seen = replace(
            found,
            counts=_counts(opened),
            broken=skipped or found.broken,
            skipped=bool(skipped),
            split=_split(found, opened, recipe),
            seen=tuple(_seen(network, opened, recipe)),
            sample=opened.info.sample,
        )
        broken = None if skipped else _broken(seen)
        if not draw or broken is not None:
            return Inspection(seen, broken)
        _require_images(network)
        return Inspection(seen, None, sheet_png(network_sheet(opened, tree, seen.name, seen.seen)))
    finally:
        opened.close()


def _require_images(network: Trainable) -> None:
    if not shows_images(network):
        raise TrainError(
            f"`--show` draws images, and the network takes {shape_text(network.input_shape)}",
            "leave it out",
        )


def _opened(network: Trainable, recipe: Recipe, data: Path | None) -> Data:
    """The data as training opens them."""
    say = Progress().say
    return open_data(
        recipe,
        network.input_shape,
        root=data,
        num_classes=num_classes(network),
        output_shape=network.output_shape,
        inputs=network.inputs,
        # Of what `open_data` tells, the account is told here, and better.
        say=lambda line: None if line.startswith(("data:", "note:", "warning:")) else say(line),
    )


def _broken(found: Survey) -> TrainError | None:
    if not found.broken:
        return None
    first, reason = next(iter(found.broken.items()))
    more = (
        f", nor can {counted(len(found.broken) - 1, 'other')} be" if len(found.broken) > 1 else ""
    )
    where = Path(found.name, first)
    return TrainError(f"`{where}` is no image that can be read: {reason}{more}", SKIP_BROKEN)


def broken_words(found: Survey) -> list[str]:
    """That images cannot be read, and which, where a spec is to leave them out."""
    paths = [f"`{path}`" for path in found.broken]
    if not paths:
        return []
    many = counted(len(paths), "image")
    shown = ", ".join(paths[:3]) + (", …" if len(paths) > 3 else "")
    return [f"{many} cannot be read, and `skip_broken` in the spec leaves out: {shown}"]


def _counts(data: Data) -> dict[str, dict[str, int]]:
    """Images by part and class, as the splits are; of masks, images alone."""
    counts: dict[str, dict[str, int]] = {}
    for part in PARTS:
        if not data.size(part):
            continue
        name, places = data.places[part]
        labels = data.sources[name].labels
        if labels.ndim > 1:
            images = data.info.sample == "image"
            what = "images with masks" if images else "rows with a class for each token"
            counts[part] = {what: len(places)}
            continue
        classes = data.info.classes or tuple(map(str, range(int(labels.max()) + 1)))
        numbers = torch.bincount(labels[places.to(labels.device)], minlength=len(classes))
        counts[part] = dict(zip(classes, numbers.tolist(), strict=True))
    return counts


def _split(found: Survey, data: Data, recipe: Recipe) -> tuple[str, ...]:
    held = data.size("validation") if recipe.data.validation else 0
    if not held:
        return found.split
    return (*found.split, held_out_words(data.info, recipe.data.validation))


def _seen(network: Trainable, data: Data, recipe: Recipe) -> list[str]:
    """How the network sees the images."""
    if data.info.sample != "image":
        takes = " and ".join(
            f"{shape_text(one.shape)} of {said(one.dtype)}" for one in network.inputs
        )
        return [f"takes {takes}", *data.info.told]
    steps = []
    if recipe.data.resize is not None:
        steps.append(f"resized to {shape_text(recipe.data.resize)}")
    if recipe.augment:
        steps.append(f"in training {', '.join(entry.name for entry in recipe.augment)}")
    mean, std = (", ".join(f"{v:.3g}" for v in vs) for vs in (data.info.mean, data.info.std))
    whose = "the training set's own" if recipe.data.normalize is None else "as given"
    steps.append(f"normalised by mean {mean} and standard deviation {std}, {whose}")
    return [f"takes {shape_text(network.input_shape)}", *steps]


__all__ = ["Inspection", "inspect_folder", "inspect_spec"]
