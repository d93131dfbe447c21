"""Write `docs/recipe.md`, every key and choice of `train:`, from netspec's tables: `make docs`."""

from __future__ import annotations

from pathlib import Path

from netspec.json_schema import Schema
from netspec.recipe import DATA_SETS
from netspec.recipe.samples import sample
from netspec.report.argument_words import without
from netspec.report.recipe_page import CHOICES, DATA_KEYS, KEYS, takes

PAGE = Path(__file__).parent / "recipe.md"

HEAD = """\
# The recipe

`train:` says what a network is trained on and how. It may be left out: a spec is a network first.
Every key has a default, and no key has to be given but `data` for training. `netspec recipe` lists
what follows here, and `netspec recipe NAME` tells of one name; editors offer the same
(`netspec schema`). The samples are parts of specs, and each of them checks.

This page is written by `make docs`.

```yaml
input: [3, 32, 32]
layers: [Flatten, Linear: 10]
train:
  data: {dataset: CIFAR10, validation: 0.1}
  epochs: 30
  batch_size: 128
  augment: [RandomCrop: {size: 32, padding: 4}, RandomHorizontalFlip]
  optimizer: {SGD: {lr: 0.1, momentum: 0.9, weight_decay: 5e-4}}
  scheduler: CosineAnnealingLR
  warmup: 1
  metric: accuracy
```

Whatever is chosen by name – an optimizer, a scheduler, a loss, an augmentation – is written in one
of three ways: with its arguments, `{SGD: {lr: 0.1}}`; with the value of its first argument, where
the text below says so, `{SGD: 0.1}`; or by its name alone, where no argument is required, `SGD`.
`null` means none: `augment: null`, `scheduler: null`, `warmup: null`, `ema: null`.

Any of it can be set from outside, as in `--set train.epochs=3 --set train.optimizer.SGD.lr=0.05`.
"""

DATA = """\
## What it is trained on

`data` has these keys; [data.md](data.md) tells how folders of images are read.
"""

DATA_SET_TABLE = """\
### Data sets

`dataset` names one of these. torchvision's are downloaded on first use into `root`; `folder` reads
your own images, and `netspec train SPEC --data FOLDER` is the same as `root` with `folder`.
"""

TOGETHER = """\
## What goes together

A network that ends in `LogSoftmax` goes with `NLLLoss`, one that ends in `Linear` with
`CrossEntropyLoss`, which applies log-softmax itself. `BCEWithLogitsLoss`, `MSELoss`, `L1Loss` and
`SmoothL1Loss` compare the outputs with the one-hot class, or a single output with 0 or 1.

`scheduler_interval` says what a schedule counts. By itself that is epochs, but steps for
`OneCycleLR` and for a schedule whose length is left out, which then lasts the whole run.

A recipe whose keys do not go together is a finding of `netspec check`:

```yaml
train:
  epochs: 10
  scheduler: {OneCycleLR: 0.1}
  warmup: 2                                     # error[NS501]
  optimizer: {SGD: {lr: 0.1, momentum: 0.9}}
```
```yaml
train:
  optimizer: {SGD: {lr: 0.1, nesterov: true}}   # error[NS501]
```
```yaml
train:
  epochs: 10
  scheduler: {StepLR: 30}                       # warning[NS505]
```
```yaml
train:
  scheduler: {ReduceLROnPlateau: {patience: 3}}
  scheduler_interval: step                      # error[NS501]
```
"""


def escaped(text: str) -> str:
    """A text within a cell of a table."""
    return text.replace("|", "\\|")


def row(name: str, piece: Schema, required: bool) -> str:
    """An argument: its name, meaning, what it takes and its default."""
    default = without(piece, required).removeprefix("default ")
    default = f"`{default}`" if default not in ("", "required") else default
    cells = (f"`{name}`", escaped(piece["description"]), escaped(takes(name, piece)), default)
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")


def table(schema: Schema, head: str = "argument") -> list[str]:
    """The arguments of a choice or the keys of a mapping."""
    rows = [f"| {head} | meaning | takes | default |", "|---|---|---|---|"]
    required = schema.get("required", ())
    return [*rows, *(row(n, piece, n in required) for n, piece in schema["properties"].items())]


def shown(name: str) -> list[str]:
    """The sample of a name."""
    return ["```yaml", *sample(name).splitlines(), "```"]


def choice(name: str, entry: Schema) -> list[str]:
    """The part of the page about one optimizer, scheduler, loss or augmentation."""
    lines = [f"### {name}", "", entry["description"]]
    if entry["properties"]:
        if {"number", "integer", "array"} & set(entry["type"]):
            lines[-1] += f" `{name}: …` alone gives `{next(iter(entry['properties']))}`."
        lines += ["", *table(entry)]
    else:
        lines[-1] += " It takes no arguments."
    return [*lines, "", *shown(name), ""]


def key(name: str, schema: Schema) -> list[str]:
    """The part of the page about a key, beyond its row in the table: its own keys and a sample."""
    lines = [f"### {name}", "", schema["description"]]
    if "properties" in schema:
        if {"number", "integer", "array"} & set(schema["type"]):
            lines[-1] += f" `{name}: …` alone gives `{next(iter(schema['properties']))}`."
        lines += ["", *table(schema)]
    return [*lines, "", *shown(name), ""]


def data_sets() -> list[str]:
    """The table of data sets, and a sample of each kind."""
    lines = [
        "| data set | what it holds | images | classes | train | test |",
        "|---|---|---|---|---|---|",
    ]
    for name, known in DATA_SETS.items():
        held = known.contents
        figures = (
            ("×".join(map(str, held.shape)), f"{held.classes}", f"{held.train:,}", f"{held.test:,}")
            if held
            else ("", "", "", "")
        )
        lines.append(f"| `{name}` | {known.doc} | {' | '.join(figures)} |".replace("|  ", "| "))
    for name in (n for n, known in DATA_SETS.items() if not known.torchvision or n == "MNIST"):
        lines += ["", *shown(name)]
    return [*lines, ""]


def page() -> str:
    """The whole page."""
    lines = [HEAD, "## The keys of train", ""]
    own = {name: piece for name, piece in KEYS.items() if name != "data"}
    lines += [*table({"properties": KEYS}, "key"), ""]
    lines += [
        part for name, piece in own.items() if name not in CHOICES for part in key(name, piece)
    ]
    lines += [DATA, *table({"properties": DATA_KEYS}, "key of `data`"), ""]
    lines += [
        part for name, piece in DATA_KEYS.items() if name != "dataset" for part in key(name, piece)
    ]
    lines += [DATA_SET_TABLE, *data_sets()]
    for name, (title, entries) in CHOICES.items():
        lines += [f"## {title.capitalize()}", "", f"`{name}`: {KEYS[name]['description']}", ""]
        lines += [*shown(name), ""]
        lines += [part for entry, piece in entries.items() for part in choice(entry, piece)]
    return "\n".join([*lines, TOGETHER])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
