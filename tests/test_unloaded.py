"""What the commands up to `report` never load: torch above all, which takes seconds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ALEXNET = str(ROOT / "specs" / "alexnet.yaml")
RESNET = str(ROOT / "specs" / "resnet18.yaml")

UNWANTED = ("torch", "torchvision", "numpy", "jsonschema", "rich", "sklearn", "torchinfo")

PROBE = """
import runpy, sys
sys.argv = ["netspec", *sys.argv[1:]]
try:
    runpy.run_module("netspec", run_name="__main__")
except SystemExit as end:
    code = end.code or 0
else:
    code = 0
unwanted = [name for name in {unwanted!r} if name in sys.modules]
sys.exit(f"loaded {{', '.join(unwanted)}}" if unwanted else code)
"""


def run(
    *arguments: str,
    before: str = "",
    cwd: Path | None = None,
    unwanted: tuple[str, ...] = UNWANTED,
) -> tuple[int, str]:
    """Run a command in a process of its own, then ask what it has loaded."""
    program = before + PROBE.format(unwanted=unwanted)
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        cwd=cwd or ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", ALEXNET],
        ["check", ALEXNET, "--format", "json"],
        ["summary", RESNET, "--depth", "1"],
        ["summary", RESNET, "--format", "json"],
        ["schema"],
        ["explain"],
        ["explain", "NS402"],
        ["ops"],
        ["ops", "Conv2d"],
        ["cache"],
        ["recipe"],
        ["recipe", "SGD"],
        ["--help"],
        ["train", "--help"],
        ["--version"],
    ],
    ids=" ".join,
)
def test_a_command_leaves_torch_and_numpy_unloaded(arguments: list[str]) -> None:
    assert run(*arguments) == (0, "")


def test_init_leaves_torch_and_numpy_unloaded(tmp_path: Path) -> None:
    assert run("init", "mine", cwd=tmp_path) == (0, "")


def test_a_wrong_spec_leaves_torch_and_numpy_unloaded(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("netspec: 1\ninput: [3, 8, 8]\nlayers: [Conv2D: 3]\n")
    assert run("check", "bad.yaml", cwd=tmp_path) == (1, "")


def test_loading_a_spec_from_python_leaves_torch_and_numpy_unloaded() -> None:
    program = (
        f"import sys, netspec\nnet = netspec.load({RESNET!r})\n"
        "net.num_params, net.macs, net.min_input_size, net.output_shape, net.resolved()\n"
        f"sys.exit(bool(set({UNWANTED!r}) & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0


@pytest.mark.parametrize("name", ["numpy", "jsonschema"])
def test_this_test_sees_what_is_loaded(name: str) -> None:
    code, said = run("check", ALEXNET, before=f"import {name}\n")
    assert code == 1
    assert f"loaded {name}" in said


def test_this_test_sees_a_command_that_loads_torch() -> None:
    code, said = run("summary", RESNET, "--torchinfo")
    assert code == 1
    assert "loaded torch" in said


def test_checking_loads_nothing_of_the_summary() -> None:
    code = (
        "import sys; from netspec.report import check; "
        "sys.exit(', '.join(m for m in sys.modules if 'step_memory' in m or 'summary' in m) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr


FOREIGN = (
    "netspec.compiler.language.foreign_names",
    "netspec.compiler.language.foreign_choices",
    "netspec.compiler.language.translation",
    "netspec.compiler.language.python_code",
    "netspec.ops.foreign_rules",
)
"""What only the finding of another tool's words, or a plugin, needs."""


@pytest.mark.parametrize("spec", [ALEXNET, RESNET])
def test_a_right_spec_loads_no_table_of_other_tools(spec: str) -> None:
    assert run("check", spec, unwanted=FOREIGN) == (0, "")


def test_a_layer_in_another_tools_words_loads_them(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("netspec: 1\ninput: [3, 8, 8]\nlayers: [Dense: 3]\n")
    code, said = run("check", "bad.yaml", cwd=tmp_path, unwanted=FOREIGN)
    assert code == 1
    assert "loaded netspec.compiler.language.foreign_names" in said
