"""Trained weights with the network that they belong to, ready to be evaluated or to predict."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path
from typing import Any

from torch import nn

from netspec.recipe import Normalization, Recipe
from netspec.train.data import Known, Split
from netspec.train.errors import TrainError
from netspec.train.evaluation import written_of
from netspec.train.machine.distributed import Processes
from netspec.train.machine.plan import Plan, apply_plan, choose_device, make_plan
from netspec.train.reporting.progress import Progress
from netspec.train.run import recipe_of
from netspec.train.storage.folder import RunFolder, open_folder
from netspec.train.storage.weights import load_weights
from netspec.train.trainable import Trainable, num_classes, shows_images


@dataclass(frozen=True)
class Trained:
    """A network with the weights that are to be used, and the run that they come from, if any."""

    network: Trainable
    weights: Path
    run: RunFolder | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """What the run noted of the data that it was trained on; nothing without a run.

        Raises:
            TrainError: it does not belong to the network.
        """
        if self.run is None:
            return {}
        found: dict[str, Any] = self.run.notes().get("data", {})
        if found and not self._belong(found):
            raise TrainError(
                f"`{self.run.env}` tells of other data than the network is for",
                "put the run's own file back; `--weights` uses its weights without it",
            )
        return found

    def _belong(self, facts: dict[str, Any]) -> bool:
        inputs, outputs = self.network.input_shape, num_classes(self.network)
        if not facts.keys() >= {"classes", "mean", "std"}:
            return False
        channels = not shows_images(self.network) or len(facts["mean"]) == inputs[0]
        return channels and len(facts["classes"]) in (outputs, max(outputs, 2))

    def vocabulary(self) -> tuple[str, ...] | None:
        """The words that the run's network knows, in the order of their ids; None without a run.

        Raises:
            TrainError: the file of them cannot be read, or is another network's.
        """
        return None if self.run is None else self.run.read_vocabulary()

    def data_root(self, given: Path | None) -> Path | None:
        """Where the data are: where the command line says, or where it did when the run started."""
        if given is not None or self.run is None:
            return given
        kept = self.run.notes().get("overrides", {}).get("data")
        return None if kept is None else Path(kept)

    def known(self, data: Path | None, split: Split) -> Known | None:
        """What the weights know of data that are not the run's own; None for the run's own."""
        own = self.data_root(None) or self.network.recipe.data.place
        if data is None or not self.facts or os.path.realpath(data) == os.path.realpath(own):
            return None
        return Known(tuple(self.facts["classes"]), split)

    @property
    def other_weights(self) -> Path | None:
        """The file of weights, where it is not the run's own."""
        own = self.run is not None and self.weights == self.run.weights
        return None if own else self.weights.absolute()

    def evaluation_folder(self, split: str, data: Path | None = None) -> Path:
        """Where figures are written: called after what was evaluated, never over other figures."""
        words = [] if self.run is not None else [self.network.name]
        if data is not None:
            words.append(data.absolute().name)
        if split != "test" or not words:
            words.append(split)
        if self.run is not None and self.other_weights is not None:
            words.append(self.weights.stem)
        above = Path() if self.run is None else self.run.path
        first = "-".join(["evaluation", *(re.sub(r"[^\w.-]+", "-", w) or "data" for w in words)])
        mine = (split, *(None if p is None else str(p.absolute())
                         for p in (data, self.other_weights)))  # fmt: skip
        names = chain([first], (f"{first}-{number}" for number in count(2)))
        return next(f for f in map(above.joinpath, names)
                    if not f.exists() or written_of(f) == mine)  # fmt: skip

    def prepared(
        self, device: str | None, data: Path | None = None, batch_size: int | None = None
    ) -> tuple[Recipe, Plan]:
        """The recipe under which the weights are used, and the plan, which is applied."""
        recipe = recipe_of(self.network, {"data": self.data_root(data)})
        if batch_size is not None:
            recipe = replace(recipe, eval_batch_size=batch_size)
        facts = self.facts
        if facts:  # other data, too, is seen through the figures of what was trained on
            seen = Normalization(tuple(facts["mean"]), tuple(facts["std"]))
            recipe = replace(recipe, data=replace(recipe.data, normalize=seen))
        alone = Processes()
        images = shows_images(self.network)
        plan = make_plan(recipe, choose_device(device, alone), alone, images=images)
        apply_plan(plan)
        return recipe, plan

    def module(self, plan: Plan) -> nn.Module:
        """The network with its weights, on the plan's device, for inference.

        Raises:
            TrainError: the weights cannot be read, or are another network's.
        """
        weights = load_weights(self.weights, self.network, Progress().say)
        module = self.network.build()
        module.load_state_dict(weights)
        module = module.to(plan.device).to(memory_format=plan.memory_format)
        return module.eval()


def trained_run(folder: Path, network: Trainable, weights: Path | None = None) -> Trained:
    """The run in ``folder`` with its best weights, or others.

    Raises:
        TrainError: it is no run, or has no weights yet.
    """
    run = open_folder(folder)
    chosen = weights or run.weights
    if not chosen.exists():
        raise TrainError(
            f"`{folder}` has no `{run.weights.name}` yet",
            "its first epoch is not finished: go on with `netspec train --resume`",
        )
    return Trained(network, chosen, run)
