"""`did you mean`: a slip finds its name, a word of its own finds none, and nothing finds itself."""

from __future__ import annotations

import random

import pytest

from netspec.compiler.language.document import MODIFIERS, SECTIONS
from netspec.compiler.language.init_rule import INITIALIZERS
from netspec.diagnostics import nearest
from netspec.ops import OPS
from netspec.recipe import TRAIN_SCHEMA

RECIPE = TRAIN_SCHEMA["properties"]
VOCABULARIES = {
    "layers": list(OPS),
    "sections": list(SECTIONS),
    "modifiers": list(MODIFIERS),
    "initializers": list(INITIALIZERS),
    "recipe": list(RECIPE),
    "data": list(RECIPE["data"]["properties"]),
    "optimizers": list(RECIPE["optimizer"]["properties"]),
    "schedulers": list(RECIPE["scheduler"]["properties"]),
    "arguments": list(OPS["Conv2d"].args),
}


def slips(word: str, draw: random.Random) -> list[str]:
    """The word with a letter left out, put in, replaced, and swapped with the one before."""
    at = draw.randrange(1, len(word))
    letter = draw.choice("abcdefgh")
    return [
        word[:at] + word[at + 1 :],
        word[:at] + letter + word[at:],
        word[:at] + letter + word[at + 1 :],
        word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :],
    ]


@pytest.mark.parametrize("kind", VOCABULARIES)
def test_a_slip_of_one_letter_finds_a_name_that_is_as_near(kind: str) -> None:
    known = VOCABULARIES[kind]
    draw = random.Random(kind)
    for name in known:
        for wrong in slips(name, draw):
            if len(wrong) < 3 or wrong in known:
                continue
            found = nearest(wrong, known)
            assert found is not None, (wrong, name)
            if not name[-2:].endswith(("1d", "2d", "3d")) and len(name) > 6:
                assert found == name, wrong


@pytest.mark.parametrize(
    ("word", "kind", "meant"),
    [
        ("sgd", "optimizers", "SGD"),
        ("Adm", "optimizers", "Adam"),
        ("conv2D", "layers", "Conv2d"),
        ("conv_2d", "layers", "Conv2d"),
        ("BatchNorm", "layers", "BatchNorm1d"),
        ("layer", "sections", "layers"),
        ("parameters", "sections", "params"),
        ("form", "modifiers", "from"),
        ("kernel", "arguments", "kernel_size"),
        ("channels", "arguments", "out_channels"),
        ("batch", "recipe", "batch_size"),
        ("num_epochs", "recipe", "epochs"),
        ("xavier", "initializers", "xavier_normal_"),
    ],
)
def test_a_shortened_or_recased_name_finds_the_whole(word: str, kind: str, meant: str) -> None:
    assert nearest(word, VOCABULARIES[kind]) == meant


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("Fooo", "optimizers"),
        ("X", "optimizers"),
        ("Lion", "optimizers"),
        ("Transformer", "layers"),
        ("lecun", "layers"),
        ("Residual", "layers"),
        ("float", "layers"),
        ("units", "sections"),
        ("classes", "sections"),
        ("filters", "modifiers"),
        ("path", "modifiers"),
        ("precision_mode", "optimizers"),
        ("amp", "recipe"),
        ("Embedding", "arguments"),
        ("neurons", "initializers"),
        ("", "layers"),
    ],
)
def test_a_word_of_its_own_finds_none(word: str, kind: str) -> None:
    assert nearest(word, VOCABULARIES[kind]) is None


def test_nothing_finds_itself() -> None:
    assert nearest("basicblock", ["basicblock"]) is None
    assert nearest("basicblock", ["basicblock", "BasicBlock"]) == "BasicBlock"


def test_of_names_as_near_the_first_is_taken() -> None:
    assert nearest("conv4", ["conv1", "conv2", "conv3"]) == "conv1"
