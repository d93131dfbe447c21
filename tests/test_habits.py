"""What people write out of habit with another tool gives one finding, whose hint is the mend.

Each file of `tests/habits` holds two documents: a spec in another tool's words, with
`# error[NS205]` on the line of its one finding, and the same spec mended.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from apply_hint import applied

from netspec.compiler import compile_text
from netspec.compiler.sources.override import parse_overrides
from netspec.diagnostics import Diagnostic, SpecError
from netspec.source import START, parse, plain

HABITS = sorted((Path(__file__).parent / "habits").glob("*.yaml"))
MARK = re.compile(r"# error\[(NS\d+)\]")


def documents(path: Path) -> tuple[str, str]:
    wrong, mended = path.read_text(encoding="utf-8").split("---\n")
    return wrong, mended


def findings(text: str) -> tuple[Diagnostic, ...]:
    try:
        return compile_text(text, "spec").warnings
    except SpecError as problem:
        return problem.diagnostics


def data(text: str) -> Any:
    return plain(parse(text, "spec").root)


@pytest.mark.parametrize("path", HABITS, ids=lambda path: path.stem)
def test_a_habit_of_another_tool_gives_one_finding_whose_hint_is_the_mend(path: Path) -> None:
    wrong, mended = documents(path)
    (finding,) = findings(wrong)
    ((line, code),) = [
        (number, mark[1])
        for number, text in enumerate(wrong.split("\n"), 1)
        if (mark := MARK.search(text))
    ]
    assert (finding.code, finding.span.line) == (code, line), finding
    assert finding.hint is not None
    assert data(applied(wrong, finding)) == data(mended), applied(wrong, finding)
    assert findings(mended) == ()


def test_there_are_a_hundred_habits() -> None:
    assert len(HABITS) >= 100


@pytest.mark.parametrize(
    ("layers", "code", "hint"),
    [
        ("a: ReLU\n  b: {route: {layers: [-1, -2]}}", "NS205", "`{from: […], Concat: 1}`"),
        ("a: ReLU\n  b: {shortcut: {from: -3}}", "NS205", "`{from: […], Add: {}}`"),
        ("- ReLU\n  - Conv2d:{out_channels: 8, kernel_size: 3}", "NS103", "after `Conv2d:`"),
    ],
)
def test_a_habit_that_the_reader_must_finish_gives_one_finding(
    layers: str, code: str, hint: str
) -> None:
    (finding,) = findings(f"netspec: 1\ninput: [3, 32, 32]\nlayers:\n  {layers}\n")
    assert (finding.code, finding.span.line) == (code, 5)
    assert hint in (finding.hint or "")


@pytest.mark.parametrize(
    ("setting", "train"),
    [
        ("optimizer.lr=0.1", ""),
        ("train.optimizer.lr=0.1", ""),
        ("lr=0.1", ""),
        ("lr=0.1", "{optimizer: Adam}"),
        ("train.lr=0.1", "{optimizer: {AdamW: {lr: 0.2}}}"),
        ("train.scheduler.step_size=3", ""),
        ("scheduler.gamma=0.5", "{scheduler: {StepLR: 3}}"),
        ("label_smoothing=0.1", ""),
        ("epochs=3", ""),
    ],
)
def test_a_setting_that_names_no_choice_gives_the_one_that_takes_it(
    setting: str, train: str
) -> None:
    text = "netspec: 1\ninput: [3, 32, 32]\nlayers: [Flatten, Linear: 10]\n"
    text += f"train: {train}\n" if train else ""
    with pytest.raises(SpecError) as refused:
        compile_text(text, "spec", parse_overrides([setting], None))
    (finding,) = refused.value.diagnostics
    assert finding.span.file == f"--set {setting}"
    meant = re.match("did you mean `([^`]+)`", finding.hint or "")
    assert meant is not None
    value = setting.partition("=")[2]
    assert not compile_text(text, "spec", parse_overrides([f"{meant[1]}={value}"], None)).warnings


WHOLE_FILES = {
    "Darknet": "[net]\nbatch=64\nwidth=416\n\n[convolutional]\nfilters=32\nsize=3\n",
    "Darknet, with a comment": "[net]\n# Testing\nbatch = 64\n",
    "Caffe": 'name: "LeNet"\nlayer {\n  name: "data"\n  type: "Input"\n}\n',
    "Python": "import torch\nfrom torch import nn\nclass Net(nn.Module):\n    pass\n",
    "mm*": 'model = dict(\n  type="ImageClassifier",\n  backbone=dict(type="ResNet"))\n',
    "ultralytics": "nc: 80\ndepth_multiple: 0.33\nbackbone:\n  - [-1, 1, Conv, [64]]\nhead: []\n",
    "Hydra": "defaults:\n  - model: resnet\nmodel:\n  _target_: torch.nn.Linear\n",
    "Keras": '{"class_name": "Sequential", "config": {"layers": []}}\n',
}


@pytest.mark.parametrize("text", WHOLE_FILES.values(), ids=WHOLE_FILES)
def test_a_whole_file_of_another_tool_gives_one_finding(text: str) -> None:
    (finding,) = findings(text)
    assert finding.code in ("NS103", "NS109", "NS201")
    assert finding.hint == START


@pytest.mark.parametrize(
    "text",
    [
        "netspec: 1\ninput: [3, 8, 8]\nlayers:\n  - {ReLU\n",
        "netspec: 1\ninput: [3, 8, 8]\nlayers: [ReLU\n",
        "- netspec: 1\n",
        "description: |\n  import torch\n\tinput: 3\n",
    ],
)
def test_a_broken_spec_is_not_taken_for_another_tool_s(text: str) -> None:
    (finding,) = findings(text)
    assert "reads as" not in finding.message
