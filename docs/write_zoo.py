"""Write `docs/zoo.md`, the list of all networks, from their specs: `make docs`.

Parameters, multiply-adds and the least input size are worked out from each spec, without torch.
`published_accuracy.csv` holds the accuracies that others published, each with who did.
"""

from __future__ import annotations

import csv
from pathlib import Path

import netspec
from netspec.compiler import Network

ROOT = Path(__file__).parent.parent
SPECS = ROOT / "specs"
PAGE = ROOT / "docs" / "zoo.md"

SOURCES = {
    "alexnet": ("alexnet.py", 119),
    "convnext_tiny": ("convnext.py", 415),
    "densenet121": ("densenet.py", 448),
    "efficientnet_b0": ("efficientnet.py", 1132),
    "googlenet": ("googlenet.py", 345),
    "inception_v3": ("inception.py", 478),
    "maxvit_t": ("maxvit.py", 834),
    "mnasnet1_0": ("mnasnet.py", 434),
    "mobilenet_v2": ("mobilenetv2.py", 260),
    "mobilenet_v3_large": ("mobilenetv3.py", 424),
    "regnet_x_400mf": ("regnet.py", 1571),
    "resnet18": ("resnet.py", 985),
    "resnet50": ("resnet.py", 985),
    "shufflenet_v2_x1_0": ("shufflenetv2.py", 408),
    "squeezenet1_0": ("squeezenet.py", 223),
    "swin_t": ("swin_transformer.py", 1033),
    "vgg11": ("vgg.py", 511),
    "vit_b_16": ("vision_transformer.py", 864),
}
"""Each family's spec, the file of torchvision 0.29.2 that it stands for, and that file's lines."""

HEAD = """\
# The networks

Every network below is a spec of this repository: `netspec summary specs/NAME.yaml` shows its
layers, `netspec train specs/NAME.yaml` trains it where it has a recipe. Parameters, multiply-adds
and the least input size come from the spec alone, without torch; an accuracy is what the source
beside it published for the same network and image size, and was not measured here.

This page is written by `make docs`.
"""

ZOO = """\
## torchvision's classification networks

All {count} that `torchvision.models` lists, with ImageNet's 1000 classes, the same names in
`state_dict` and, after the same seed, the same weights: torchvision's own weights load as they are.
The accuracy is top-1 on ImageNet, of the best weights that torchvision offers for this image size;
those called SWAG saw more images than ImageNet's.
"""

FAMILIES = """\
### What a family replaces

Each family is one file that can be read from top to bottom, and its other members are a few lines
of `extends`. The largest file of torchvision (0.29.2) that a spec stands for is
`{largest}` with {lines:,} lines, against {ours} here. torchvision's files also list the
weights to download and document each function.
"""

OTHERS = """\
## Others

The networks of tutorials and papers, each with the recipe that trains it, and three of other
kinds: a U-Net, whose output is an image; a network on sequences; and a DenseNet for small images.
The accuracy is on CIFAR-10's test set.
"""

Published = dict[str, list[tuple[int, str, str]]]


def published() -> Published:
    """By spec: image size, accuracy in percent, who published it."""
    found: Published = {}
    with (ROOT / "docs" / "published_accuracy.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            entry = (int(row["size"]), row["accuracy"], row["source"])
            found.setdefault(row["spec"], []).append(entry)
    return found


def accuracy(name: str, net: Network, known: Published) -> str:
    """The best that was published for the spec's own input, and by whom."""
    entries = [e for e in known.get(name, []) if e[0] == net.input_shape[-1]]
    if not entries:
        return "–"
    _, best, source = max(entries, key=lambda entry: float(entry[1]))
    return f"{float(best):.2f} % ({source.removeprefix('torchvision ')})"


def count(number: int) -> str:
    """`4.089 G`, `0.30 M`."""
    for unit, name in ((1e9, "G"), (1e6, "M")):
        if number >= unit:
            return f"{number / unit:.3f} {name}"
    return f"{number:,}"


def sizes(net: Network) -> tuple[str, str]:
    """The input, and the least one, as `3×224×224` and `63×63`."""
    least = net.min_input_size
    shape = "×".join(map(str, net.input_shape))
    return shape, "–" if least is None else "×".join([str(least)] * (len(net.input_shape) - 1))


def table(paths: list[Path], known: Published) -> str:
    """One row a spec."""
    rows = [
        "| spec | input | least | parameters | multiply-adds | accuracy |",
        "|---|---|---|--:|--:|---|",
    ]
    for path in paths:
        net = netspec.load(path)
        shape, least = sizes(net)
        spec = path.relative_to(ROOT).as_posix()
        name = path.relative_to(SPECS).with_suffix("").as_posix()
        rows.append(
            f"| [{path.stem}](../{spec}) | {shape} | {least} | {net.num_params:,} "
            f"| {count(net.macs)} | {accuracy(name, net, known)} |"
        )
    return "\n".join(rows) + "\n"


def families() -> str:
    """One row a family."""
    rows = ["| spec | lines | in torchvision | lines |", "|---|--:|---|--:|"]
    for name, (source, lines) in SOURCES.items():
        spec = f"specs/torchvision/{name}.yaml"
        rows.append(f"| [{name}](../{spec}) | {length(name)} | `{source}` | {lines:,} |")
    return "\n".join(rows) + "\n"


def length(name: str) -> int:
    """The lines of a family's file."""
    return len((SPECS / "torchvision" / f"{name}.yaml").read_text().splitlines())


def page() -> str:
    """The whole page."""
    known = published()
    zoo = sorted((SPECS / "torchvision").glob("*.yaml"))
    largest = max(SOURCES, key=lambda name: SOURCES[name][1])
    source, lines = SOURCES[largest]
    return "\n".join(
        [
            HEAD,
            ZOO.format(count=len(zoo)),
            table(zoo, known),
            FAMILIES.format(largest=source, lines=lines, ours=length(largest)),
            families(),
            OTHERS,
            table(sorted(SPECS.glob("*.yaml")), known),
        ]
    )


if __name__ == "__main__":
    PAGE.write_text(page())
