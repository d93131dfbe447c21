"""A user's own layers come from Python, by `--plugin` or an entry point, never from the spec."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = '''
from netspec.ops import register
from netspec.ops.base import Op, Shape, arg


@register
class Brighten(Op):
    """The input times a number."""

    by: float = arg({"type": "number"}, "the number", default=2.0, bare=True)

    def infer(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def make(self, *inputs: Shape):
        import torch

        class Times(torch.nn.Module):
            def forward(self, x):
                return x * 2

        return Times()
'''

SPEC = "netspec: 1\ninput: [3]\nlayers: [{Brighten: 0.5}, {Linear: 3}]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bright.py").write_text(PLUGIN)
    (tmp_path / "spec.yaml").write_text(SPEC)
    return tmp_path


def netspec(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    root = str(Path(__file__).parent.parent)
    path = os.pathsep.join([root, str(folder / "site")])
    return subprocess.run(
        [sys.executable, "-m", "netspec", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("name", ["bright", "bright.py"])
def test_a_plugin_is_a_module_or_a_file(folder: Path, name: str) -> None:
    done = netspec(folder, "check", "spec.yaml", "--plugin", name)
    assert (done.returncode, done.stderr) == (0, "")
    assert "12 parameters" in done.stdout


def test_without_the_plugin_the_layer_is_unknown(folder: Path) -> None:
    done = netspec(folder, "check", "spec.yaml")
    assert done.returncode == 1
    assert "there is no layer `Brighten`" in done.stdout


def test_the_layers_of_a_plugin_have_schema_and_documentation(folder: Path) -> None:
    assert "Brighten" in netspec(folder, "--plugin", "bright", "schema").stdout
    assert (
        "The input times a number" in netspec(folder, "ops", "Brighten", "--plugin=bright").stdout
    )


def test_an_installed_plugin_needs_no_option(folder: Path) -> None:
    installed = folder / "site" / "bright-1.0.dist-info"
    installed.mkdir(parents=True)
    (folder / "bright.py").rename(folder / "site" / "bright.py")
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: bright\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("[netspec.plugins]\nbright = bright\n")
    done = netspec(folder, "check", "spec.yaml")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "the plugin `broken` was not found"),
        ("1/0", "the plugin `broken` failed: ZeroDivisionError"),
        (
            "from netspec.ops import register\nregister(int)",
            "the plugin `broken` failed: TypeError",
        ),
    ],
)
def test_a_broken_plugin_is_one_sentence(folder: Path, text: str | None, says: str) -> None:
    if text is not None:
        (folder / "broken.py").write_text(text)
    done = netspec(folder, "--plugin", "broken", "check", "spec.yaml")
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_so_is_one_that_is_installed(folder: Path) -> None:
    info = folder / "site" / "bright-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bright\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[netspec.plugins]\nbright = broken\n")
    (folder / "site" / "broken.py").write_text("1 / 0")
    result = netspec(folder, "check", "spec.yaml")
    assert result.returncode == 2
    assert result.stderr == (
        "error: the plugin `broken` failed: ZeroDivisionError: division by zero\n"
        "hint: `python -c 'import broken'` shows where\n"
    )


def test_a_layer_registered_late_is_in_the_schema() -> None:
    from netspec.compiler.language.schema import spec_schema
    from netspec.ops import register
    from netspec.ops.base import Op

    assert "Late" not in spec_schema()["$defs"]
    register(type("Late", (Op,), {"__doc__": "A layer."}))
    assert "Late" in spec_schema()["$defs"]


def test_a_rule_that_fails_when_the_module_is_built_is_told_at_its_layer(folder: Path) -> None:
    broken = PLUGIN.replace("        class Times", "        1 / 0\n\n        class Times")
    (folder / "bright.py").write_text(broken)
    done = netspec(folder, "summary", "--torchinfo", "spec.yaml", "--plugin", "bright.py")
    assert done.returncode == 1
    assert "spec.yaml:3:11: error[NS411]: `Brighten.make` failed at bright.py:18: " in done.stderr
    assert "ZeroDivisionError: division by zero" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_rule_may_refuse(folder: Path) -> None:
    refusal = 'raise Refusal("NS409", "no more than 2 features", argument="by")'
    text = PLUGIN.replace("import Op,", "import Op, Refusal,").replace("return inputs[0]", refusal)
    (folder / "bright.py").write_text(text)
    done = netspec(folder, "check", "spec.yaml", "--plugin", "bright.py")
    assert "spec.yaml:3:21: error[NS409]: no more than 2 features" in done.stdout


def test_a_plugin_that_is_named_twice_is_loaded_once(folder: Path) -> None:
    done = netspec(folder, "--plugin", "bright.py", "--plugin", "./bright.py", "check", "spec.yaml")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["none", "none.of.these", "none.py", "bright.none", "", ".bright"])
def test_a_plugin_that_is_not_there_is_not_found(folder: Path, name: str) -> None:
    done = netspec(folder, "--plugin", name, "check", "spec.yaml")
    assert done.returncode == 2
    assert done.stderr == (
        f"error: the plugin `{name}` was not found\n"
        "hint: name a module that can be imported, or the path of a `.py` file\n"
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import nowhere", "ModuleNotFoundError: No module named 'nowhere'"),
        ("open('nowhere.txt')", "FileNotFoundError"),
    ],
)
@pytest.mark.parametrize("name", ["broken", "broken.py"])
def test_what_a_plugin_itself_misses_is_no_missing_plugin(
    folder: Path, name: str, text: str, says: str
) -> None:
    (folder / "broken.py").write_text(text)
    done = netspec(folder, "--plugin", name, "check", "spec.yaml")
    assert done.returncode == 2
    assert f"the plugin `{name}` failed: {says}" in done.stderr


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ('raise Refusal("XX999", "no")', "`Brighten.infer` at bright.py:13 refuses with `'XX999'`"),
        ('raise Refusal("NS601", "no")', "`Brighten.infer` at bright.py:13 refuses with `'NS601'`"),
        ('raise Refusal("NS409", None)', "`Brighten.infer` at bright.py:13 refuses with `'NS409'`"),
        ("raise SystemExit(3)", "`Brighten.infer` failed at bright.py:13: SystemExit: 3"),
        ("return super().infer()", "`Brighten.infer` failed at bright.py:13: IndexError: "),
    ],
)
def test_a_rule_that_refuses_without_sense_or_ends_the_program_is_told_at_its_layer(
    folder: Path, rule: str, says: str
) -> None:
    text = PLUGIN.replace("import Op,", "import Op, Refusal,").replace("return inputs[0]", rule)
    (folder / "bright.py").write_text(text)
    done = netspec(folder, "check", "spec.yaml", "--plugin", "bright")
    assert done.returncode == 1
    assert f"spec.yaml:3:11: error[NS411]: {says}" in done.stdout
