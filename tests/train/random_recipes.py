"""Recipes drawn from the schema of `train:`, with boundary and absurd values, taken two steps."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from typing import Any

import torch
import yaml

import netspec
from netspec.json_schema import Schema
from netspec.recipe import TRAIN_SCHEMA
from netspec.train.data import open_data
from netspec.train.data.data_checks import check_weights
from netspec.train.engine.last_batch import require_norms_to_work
from netspec.train.engine.learner import make_learner
from netspec.train.engine.schedule import Schedule
from netspec.train.engine.step import TrainingStep
from netspec.train.errors import TrainError
from netspec.train.machine.distributed import Processes
from netspec.train.machine.error_advice import explain
from netspec.train.machine.plan import apply_plan, make_plan

Draw = random.Random
LAYERS = ["Flatten", {"Linear": 2}]
USUAL = (0, 0.1, 0.5, 0.9, 1, 2, 3, 5, 8)
ABSURD = (
    *(-1, -0.5, -0.0, 1e-8, 1e-45, 1e-300, 5e-324, 255, 256, 1e4, 65_536, 2**31 - 1, 2**31),
    *(2**53, 2**63 - 1, 2**64, 10**40, 1e30, 1e38, 3.5e38, 1e155, 1e308, 0.999999999, 1.0000001),
    *(float("inf"), float("-inf"), float("nan"), True, None, "auto", "1", []),
)
EXTREME = (5e-324, 1e-300, 1e-45, 1e-8, 1e-3, 100, 1e4, 2**20, 1e8, 1e12, 1e15)
"""What most bounds let through."""
CHEAP: Mapping[str, tuple[Any, ...]] = {
    "samples": (4, 5, 8, 16),
    "compile": (False,),
    "dataset": ("synthetic",),
    "epochs": (1, 1, 1, 2, 3, 1_000_000),
    "weights": (None,),
    "cuda_graph": ("auto", False),
    "precision": ("auto", "float32", "bf16"),
    "channels": (3, None),
    "batch_size": (1, 2, 3, 4, 8, 16),
    "warmup": (0.5, None, {"epochs": 0.1}),
    "size": (8, 8, 8, [8, 8], 8.0),
    "resize": (8, 8.0, [8, 8], [8.0, 12], 9, None),
}
"""What is drawn more often than not, so that much is trained at all, and none of it for long."""
ALWAYS = ("compile", "dataset", "weights", "samples")


def number(draw: Draw, schema: Schema) -> Any:
    """A bound, one beside it, a usual number, or an absurd one."""
    bounds = [
        schema[key] for key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
        if key in schema
    ]  # fmt: skip
    near = [value for bound in bounds for value in (bound, bound + 1, bound - 1)]
    if "default" in schema and isinstance(schema["default"], int | float):
        near.append(schema["default"])
    kind = draw.random()
    if kind < 0.04:
        return draw.choice(ABSURD)
    allowed = [one for one in (*near, *USUAL) if _allows(schema, one)] or [*near, *USUAL]
    if kind < 0.08:
        return draw.choice(near or USUAL)
    extreme = [one for one in EXTREME if _allows(schema, one)]
    return draw.choice(extreme if extreme and kind < 0.2 else allowed)


def _allows(schema: Schema, value: float) -> bool:
    """Whether the schema's bounds let a number through."""
    return (
        schema.get("minimum", value) <= value <= schema.get("maximum", value)
        and schema.get("exclusiveMinimum", -math.inf) < value
        and value < schema.get("exclusiveMaximum", math.inf)
        and (schema["type"] != "integer" or value == int(value))
    )


def value(draw: Draw, schema: Schema, key: str = "") -> Any:
    """A value that the schema often takes."""
    if key in ALWAYS or (key in CHEAP and draw.random() < 0.9):
        return draw.choice(CHEAP[key])
    if draw.random() < 0.003:
        return draw.choice(ABSURD)
    if "enum" in schema:
        return draw.choice(schema["enum"])
    kinds = schema["type"]
    kind = kinds if isinstance(kinds, str) else draw.choice(kinds)
    if kind == "array":
        return items(draw, schema)
    if kind == "object":
        return mapping(draw, schema)
    if kind == "string":
        if schema.get("maxProperties") == 1:
            known = schema["properties"]
            bare = [name for name, entry in known.items() if not entry.get("required")]
            return draw.choice(bare if draw.random() < 0.98 else list(known))
        return draw.choice(["auto", "none", "imagenet"])
    if kind == "boolean":
        return draw.random() < 0.5
    return None if kind == "null" else number(draw, schema)


def items(draw: Draw, schema: Schema) -> list[Any]:
    """A list of a length that is mostly allowed, mostly in rising order where it is of numbers."""
    least = schema.get("minItems", 0)
    count = draw.randint(least, min(schema.get("maxItems", least + 2), least + 2))
    found = [value(draw, schema["items"]) for _ in range(count + (draw.random() < 0.02))]
    if draw.random() < 0.8 and all(isinstance(one, int | float) for one in found):
        found.sort()
    return found


def mapping(draw: Draw, schema: Schema) -> dict[str, Any]:
    """Some of the keys; of what is a choice, one."""
    known = schema["properties"]
    if schema.get("maxProperties") == 1:
        chosen = [draw.choice(list(known))]
    else:
        share = draw.choice((0.1, 0.3, 0.6, 1.0))
        required = schema.get("required", ())
        chosen = [key for key in known if key in required or draw.random() < share]
    return {key: value(draw, known[key], key) for key in chosen}


def random_recipe(draw: Draw) -> dict[str, Any]:
    """A `train:` section of the set `synthetic`."""
    found = mapping(draw, TRAIN_SCHEMA)
    data = found.get("data")
    data = data if isinstance(data, dict) else {}
    if not found.get("augment") and draw.random() < 0.6:
        found["augment"] = items(draw, TRAIN_SCHEMA["properties"]["augment"])
    found["data"] = {"samples": draw.choice(CHEAP["samples"]), **data, "dataset": "synthetic"}
    return found


def outcome(train: Mapping[str, Any]) -> str:
    """`finding`, `sentence` or `trained`; whatever else is raised is a mistake of netspec's own."""
    spec = {"netspec": 1, "input": [3, 8, 8], "layers": LAYERS, "train": train}
    try:
        network = netspec.loads(yaml.safe_dump(spec))
    except netspec.SpecError as error:
        for finding in error.diagnostics:
            assert len(finding.message) < 1_000, finding.message
        return "finding"
    try:
        two_steps(network)
    except TrainError:
        return "sentence"
    except Exception as error:
        if explain(error, batch_size=network.recipe.batch_size) is None:
            raise
        return "sentence"
    return "trained"


def two_steps(network: netspec.Network) -> None:
    """The first two steps of a run and the epoch's end, without its files."""
    recipe, alone = network.recipe, Processes()
    plan = make_plan(recipe, torch.device("cpu"), alone, images=True)
    apply_plan(plan)
    check_weights(recipe, 2)
    data = open_data(recipe, network.input_shape, num_classes=2, output_shape=network.output_shape)
    try:
        images = data.size("train")
        require_norms_to_work(network, images, recipe.batch_size, 1)
        learner = make_learner(network.build(), network.output_names, recipe, plan)
        step = TrainingStep(learner, recipe, plan, alone)
        schedule = Schedule(recipe, learner.optimizer, -(-images // recipe.batch_size))
        batches = iter(data.batches("train", epoch=0, batch_size=recipe.batch_size, augment=True))
        for _ in range(2):
            batch = next(batches, None)
            if batch is None:
                break
            step(batch.images, batch.labels)
            schedule.after_step()
        schedule.after_epoch(1.0)
    finally:
        data.close()
