"""The commands as someone new uses them: what they print, where, and how they end."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from netspec import __version__
from netspec.cli.main import main
from netspec.diagnostics import CODES
from netspec.ops import OPS
from netspec.recipe import Recipe
from netspec.tested_with import version_lines

ROOT = Path(__file__).parent.parent
ALEXNET = str(ROOT / "specs" / "alexnet.yaml")
RESNET = str(ROOT / "specs" / "resnet18.yaml")

GOOD = "netspec: 1\ninput: [3, 8, 8]\nparams: {classes: 4}\nlayers: [Flatten, {Linear: $classes}]\n"
BAD = "netspec: 1\ninput: [3, 8, 8]\nlayers:\n  - Conv2D: {out_channels: 4, kernel_size: 3}\n"
WARNED = """\
netspec: 1
input: [3, 8, 8]
params: {unused: 1}
layers: [Flatten, {Linear: 4}]
"""


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


Netspec = Callable[..., Done]


@pytest.fixture
def netspec(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Netspec:
    """Run a command in an empty folder; `stdin` is what it reads."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments: str, stdin: bytes = b"") -> Done:
        monkeypatch.setattr(sys, "argv", ["netspec", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(bool(end.code))
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Done(code, out, err)

    return run


def write(name: str, text: str) -> str:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")
    return name


# check


def test_a_good_spec_gives_one_line_and_exit_code_0(netspec: Netspec) -> None:
    done = netspec("check", write("good.yaml", GOOD))
    assert done == (0, "good.yaml: ok: 3×8×8 → 4, 772 parameters, 768 multiply-adds, "
                       "least input 1×1\n", "")  # fmt: skip


def test_a_wrong_spec_shows_its_line_and_gives_exit_code_1(netspec: Netspec) -> None:
    done = netspec("check", write("bad.yaml", BAD))
    assert done.code == 1
    assert done.out == (
        "bad.yaml:4:5: error[NS205]: there is no layer `Conv2D`\n"
        "  4 |   - Conv2D: {out_channels: 4, kernel_size: 3}\n"
        "    |     ^^^^^^\n"
        "    = hint: did you mean `Conv2d`?\n"
        "\n"
        "1 spec, 1 error, 0 warnings\n"
    )


def test_warnings_fail_only_where_strict(netspec: Netspec) -> None:
    write("warned.yaml", WARNED)
    assert netspec("check", "warned.yaml").code == 0
    assert "warning[NS606]" in netspec("check", "warned.yaml").out
    assert netspec("check", "--strict", "warned.yaml").code == 1
    assert netspec("check", "--strict", write("good.yaml", GOOD)).code == 0


def test_folders_are_searched_and_summed_up(netspec: Netspec) -> None:
    write("specs/a.yaml", GOOD)
    write("specs/deep/b.yml", BAD)
    write("specs/notes.txt", "no spec")
    done = netspec("check", "specs")
    assert done.code == 1
    assert "specs/a.yaml: ok" in done.out
    assert "specs/deep/b.yml:4:5: error" in done.out
    assert done.out.endswith("2 specs, 1 error, 0 warnings\n")


def test_several_paths_keep_their_order(netspec: Netspec) -> None:
    out = netspec("check", write("z.yaml", GOOD), write("a.yaml", GOOD)).out
    assert [line.split(":")[0] for line in out.splitlines()[:2]] == ["z.yaml", "a.yaml"]


def test_a_folder_without_specs_is_wrong_usage(netspec: Netspec) -> None:
    Path("empty").mkdir()
    assert netspec("check", "empty") == (2, "", "error: the folder `empty` holds no `*.yaml`\n")


def test_a_missing_file_is_a_finding_with_the_nearest_name(netspec: Netspec) -> None:
    write("alexnet.yaml", GOOD)
    done = netspec("check", "alexnte.yaml")
    assert done.code == 1
    assert "error[NS101]: there is no file `alexnte.yaml`" in done.out
    assert "did you mean `alexnet.yaml`?" in done.out


def test_a_dangling_link_is_not_its_own_suggestion(netspec: Netspec) -> None:
    Path("gone.yaml").symlink_to("nowhere")
    assert "did you mean" not in netspec("check", "gone.yaml").out


def test_standard_input_is_read_for_a_dash(netspec: Netspec) -> None:
    done = netspec("check", "-", stdin=GOOD.encode())
    assert (done.code, done.out.split(":")[0]) == (0, "<stdin>")
    done = netspec("check", "-", stdin=BAD.encode())
    assert done.code == 1
    assert done.out.startswith("<stdin>:4:5: error[NS205]")
    assert "  4 |   - Conv2D" in done.out


@pytest.mark.parametrize(("mark", "end"), [(b"", b"\r\n"), (b"", b"\r"), (b"\xef\xbb\xbf", b"\n")])
def test_a_line_of_standard_input_is_shown_whatever_ends_it(
    netspec: Netspec, mark: bytes, end: bytes
) -> None:
    bad = mark + BAD.encode().replace(b"\n", end)
    assert "  4 |   - Conv2D" in netspec("check", "-", stdin=bad).out
    text = mark + b"netspec: 2" + end
    assert "  1 | netspec: 2\n" in netspec("check", "-", stdin=text).out


def test_set_and_input_change_what_is_checked(netspec: Netspec) -> None:
    write("good.yaml", GOOD)
    assert "3×8×8 → 10," in netspec("check", "good.yaml", "--set", "classes=10").out
    assert "3×4×6 → 4," in netspec("check", "--input", "3,4,6", "good.yaml").out


@pytest.mark.parametrize(
    ("setting", "code", "said"),
    [
        ("classs=10", 1, "did you mean `classes`?"),
        ("classes=many", 1, "`classes` is a whole number, not `many`"),
        ("unlike=1", 1, "its parameters are `classes`"),
        ("classes", 2, "`classes` is not `NAME=VALUE`"),
        ("=3", 2, "is not `NAME=VALUE`"),
    ],
)
def test_a_setting_that_does_not_fit_is_told(
    netspec: Netspec, setting: str, code: int, said: str
) -> None:
    done = netspec("check", write("good.yaml", GOOD), "--set", setting)
    assert done.code == code
    assert said in done.out + done.err


@pytest.mark.parametrize(
    "shape",
    [
        "big",
        "3,,8",
        "3,0,8",
        "3,-1,8",
        "1,2,3,4,5",
        "3.5,8,8",
        "²,8,8",
        "1_0,8,8",
        "9" * 5_000,
    ],
)
def test_an_input_that_is_no_shape_is_wrong_usage(netspec: Netspec, shape: str) -> None:
    done = netspec("check", write("good.yaml", GOOD), "--input", shape)
    assert done.code == 2
    shown = shape if len(shape) < 100 else f"{shape[:60]}…"
    assert f"`{shown}` is not an input's shape" in done.err
    assert "hint: for example `--input 3,227,227`" in done.err


# formats


def test_concise_is_a_line_a_finding_and_silent_when_clean(netspec: Netspec) -> None:
    write("good.yaml", GOOD)
    assert netspec("check", "--format", "concise", "good.yaml") == (0, "", "")
    done = netspec("check", "--format", "concise", write("bad.yaml", BAD))
    assert done == (1, "bad.yaml:4:5: error[NS205]: there is no layer `Conv2D`\n", "")


def test_json_is_a_list_of_findings(netspec: Netspec) -> None:
    write("good.yaml", GOOD)
    assert json.loads(netspec("check", "--format", "json", "good.yaml").out) == []
    done = netspec("check", "--format", "json", write("bad.yaml", BAD), "good.yaml")
    assert done.code == 1
    assert json.loads(done.out) == [
        {
            "code": "NS205",
            "severity": "error",
            "message": "there is no layer `Conv2D`",
            "file": "bad.yaml",
            "line": 4,
            "column": 5,
            "end_line": 4,
            "end_column": 11,
            "notes": [],
            "hint": "did you mean `Conv2d`?",
        }
    ]


def test_github_is_workflow_commands(netspec: Netspec) -> None:
    done = netspec("check", "--format", "github", write("bad.yaml", BAD))
    assert done == (
        1,
        "::error file=bad.yaml,line=4,col=5,endLine=4,endColumn=11,title=NS205::"
        "there is no layer `Conv2D`%0Ahint: did you mean `Conv2d`?\n",
        "",
    )


def test_an_unknown_format_is_wrong_usage(netspec: Netspec) -> None:
    done = netspec("check", "--format", "xml", write("good.yaml", GOOD))
    assert done == (
        2,
        "",
        "error: there is no format `xml`\nhint: one of text, concise, json, github\n",
    )


# summary


def test_summary_shows_every_layer_and_the_totals(netspec: Netspec) -> None:
    done = netspec("summary", ALEXNET)
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[2].split() == [
        "layer", "kind", "output", "parameters", "multiply-adds", "activations",
    ]  # fmt: skip
    assert sum(" Conv2d " in line for line in lines) == 5
    assert "parameters         61,100,840 (244.40 MB in float32)" in lines
    assert "input              3×224×224, at least 63×63" in lines


def test_summary_folds_what_lies_deeper_and_loses_nothing(netspec: Netspec) -> None:
    whole = json.loads(netspec("summary", RESNET, "--format", "json").out)
    folded = json.loads(netspec("summary", RESNET, "--format", "json", "--depth", "1").out)
    assert {len(row["path"].split(".")) for row in folded["layers"]} == {1}
    for key in ("num_params", "macs", "activation_bytes"):
        assert sum(row[key] for row in folded["layers"]) == whole[key]
    assert whole["num_params"] == 11_689_512
    assert len(whole["layers"]) > len(folded["layers"])


def test_summary_takes_settings_an_input_and_a_batch(netspec: Netspec) -> None:
    done = netspec("summary", RESNET, "--set", "num_classes=10", "--input", "3,32,32",
                   "--batch-size", "7", "--format", "json")  # fmt: skip
    data = json.loads(done.out)
    assert data["output_shape"] == [10]
    assert data["input_shape"] == [3, 32, 32]
    assert data["training_memory"]["batch_size"] == 7


@pytest.mark.parametrize(
    ("recipe", "batch"),
    [
        ("", Recipe.batch_size),
        ("train: {epochs: 3}\n", Recipe.batch_size),
        ("train: {batch_size: 9}\n", 9),
    ],
)
def test_summary_reckons_with_the_batch_that_training_takes(
    netspec: Netspec, recipe: str, batch: int
) -> None:
    spec = write("batch.yaml", GOOD + recipe)
    data = json.loads(netspec("summary", spec, "--format", "json").out)
    assert data["training_memory"]["batch_size"] == batch
    assert f" at a batch of {batch}: " in netspec("summary", spec).out


def test_summary_reads_standard_input(netspec: Netspec) -> None:
    assert "Linear" in netspec("summary", "-", stdin=GOOD.encode()).out


def test_summary_of_a_wrong_spec_shows_its_findings(netspec: Netspec) -> None:
    done = netspec("summary", write("bad.yaml", BAD))
    assert (done.code, done.out) == (1, "")
    assert "bad.yaml:4:5: error[NS205]: there is no layer `Conv2D`" in done.err


def test_summary_can_print_torchinfos_own_table(netspec: Netspec) -> None:
    done = netspec("summary", write("good.yaml", GOOD), "--torchinfo", "--batch-size", "3")
    assert done.code == 0
    assert "Total params: 772" in done.out
    assert "[3, 4]" in done.out


# explain, schema, ops, init


def test_explain_lists_every_code(netspec: Netspec) -> None:
    done = netspec("explain")
    assert done.code == 0
    assert [code for code in CODES if code not in done.out] == []


@pytest.mark.parametrize("code", ["NS402", "ns402"])
def test_explain_shows_a_page(netspec: Netspec, code: str) -> None:
    done = netspec("explain", code)
    assert done.code == 0
    assert "NS402" in done.out
    assert "window" in done.out


def test_explain_of_an_unknown_code_is_wrong_usage(netspec: Netspec) -> None:
    done = netspec("explain", "NS4022")
    assert done == (2, "", "error: there is no code `NS4022`\nhint: did you mean `NS402`?\n")
    assert "`netspec explain` lists the codes" in netspec("explain", "window").err


def test_schema_is_json(netspec: Netspec) -> None:
    schema = json.loads(netspec("schema").out)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_schema_of_a_spec_has_the_blocks_of_the_spec_that_it_extends(
    netspec: Netspec, tmp_path: Path
) -> None:
    base = "netspec: 1\nblocks: {First: {layers: [ReLU]}}\nlayers: [First]\n"
    (tmp_path / "base.yaml").write_text(base)
    spec = tmp_path / "spec.yaml"
    spec.write_text("netspec: 1\nextends: base.yaml\n")
    assert "First" in json.loads(netspec("schema", str(spec)).out)["$defs"]
    missing = netspec("schema", str(tmp_path / "none.yaml"))
    assert (missing.code, missing.out) == (1, "")
    assert "error[NS101]: there is no file" in missing.err


def test_ops_lists_every_layer(netspec: Netspec) -> None:
    done = netspec("ops")
    assert done.code == 0
    assert [name for name in OPS if name not in done.out] == []


def test_ops_tells_a_layers_arguments_with_defaults(netspec: Netspec) -> None:
    out = netspec("ops", "Conv2d").out
    assert [a for a in OPS["Conv2d"].args if a not in out] == []
    assert "in_channels" not in out.replace("`in_channels`", "")


def test_ops_of_an_unknown_layer_is_wrong_usage(netspec: Netspec) -> None:
    done = netspec("ops", "conv2d")
    assert done == (2, "", "error: there is no layer `conv2d`\nhint: did you mean `Conv2d`?\n")


def test_ops_of_a_layer_like_none_says_where_they_are_listed(netspec: Netspec) -> None:
    done = netspec("ops", "Fooo")
    assert done.err == "error: there is no layer `Fooo`\nhint: `netspec ops` lists the layers\n"


@pytest.mark.parametrize("setting", ["=3", "n", ".=3", "train.=3", "train..epochs=3", " =1"])
def test_a_setting_without_a_name_or_a_value_is_wrong_usage(netspec: Netspec, setting: str) -> None:
    done = netspec("check", write("good.yaml", GOOD), "--set", setting)
    assert (done.code, done.out) == (2, "")
    assert f"error: `{setting}` is not `NAME=VALUE`" in done.err


def test_blanks_around_the_name_of_a_setting_mean_nothing(netspec: Netspec) -> None:
    spec = write("good.yaml", GOOD)
    done = netspec("check", spec, "--set", " train.epochs = 0")
    assert "`epochs` is at least 1, not 0" in done.out


def test_init_writes_a_spec_that_checks_clean_even_when_strict(netspec: Netspec) -> None:
    done = netspec("init", "mine")
    assert done == (0, "wrote mine.yaml: next, `netspec check mine.yaml`\n", "")
    assert netspec("check", "--strict", "mine.yaml").code == 0
    assert netspec("summary", "mine.yaml").code == 0


def test_init_never_writes_over_a_file_unless_forced(netspec: Netspec) -> None:
    write("mine.yaml", "precious")
    done = netspec("init", "mine")
    assert done == (2, "", "error: `mine.yaml` exists\nhint: give another name, or `--force`\n")
    assert Path("mine.yaml").read_text() == "precious"
    assert netspec("init", "mine.yaml", "--force").code == 0
    assert "netspec: 1" in Path("mine.yaml").read_text()


def test_init_in_a_missing_folder_is_told(netspec: Netspec) -> None:
    done = netspec("init", "no/such/mine")
    assert (done.code, done.out) == (2, "")
    assert done.err == "error: there is no folder `no/such`\nhint: make it first\n"


@pytest.mark.parametrize("name", ["", ".", "..", ".yaml", " ", "a/", "a\nb", "\x1b[31m"])
def test_init_refuses_what_names_no_file(netspec: Netspec, name: str) -> None:
    done = netspec("init", name)
    assert (done.code, done.out) == (2, "")
    assert "is no name of a file" in done.err
    assert not list(Path().glob("*.yaml"))


@pytest.mark.parametrize("name", ["my net", "1st", "ä-net", "true", "12", "_"])
def test_init_takes_any_name(netspec: Netspec, name: str) -> None:
    assert netspec("init", name).code == 0
    assert netspec("check", f"{name}.yaml").code == 0


# usage


def test_help_names_every_command(netspec: Netspec) -> None:
    for arguments in (["--help"], ["-h"]):
        done = netspec(*arguments)
        assert done.code == 0
        for command in ("check", "summary", "explain", "schema", "ops", "init",
                        "train", "eval", "predict", "runs", "max-batch"):  # fmt: skip
            assert f"\n  {command} " in done.out


def test_without_a_command_the_help_is_shown(netspec: Netspec) -> None:
    done = netspec()
    assert "\nSpecs:\n  check " in done.out + done.err


def test_version(netspec: Netspec) -> None:
    done = netspec("--version")
    assert done.out.splitlines() == version_lines()
    assert (done.code, done.out.splitlines()[0], done.err) == (0, f"netspec {__version__}", "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        ["chekc"],
        ["check", "--nonsense", "x.yaml"],
        ["summary", "a.yaml", "--depth", "0"],
        ["summary", "a.yaml", "--depth", "two"],
        ["summary", "a.yaml", "--batch-size", "0"],
        ["summary", "a.yaml", "--format", "xml"],
        ["summary"],
        ["init"],
        ["train"],
        ["--plugin", "no_such_module", "ops"],
    ],
    ids=" ".join,
)
def test_wrong_usage_gives_exit_code_2_on_standard_error(
    netspec: Netspec, arguments: list[str]
) -> None:
    done = netspec(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err


def test_a_plugin_adds_layers(netspec: Netspec) -> None:
    write("mine_layers.py", """\
from netspec.ops import register
from netspec.ops.base import Op, arg


@register
class CliTestScale(Op):
    \"\"\"The input times a number.\"\"\"

    by = arg({"type": "number"}, "the number", default=2.0, bare=True)
""")  # fmt: skip
    write("mine.yaml", "netspec: 1\ninput: [3]\nlayers: [{CliTestScale: 0.5}]\n")
    try:
        assert netspec("check", "mine.yaml").code == 1
        assert netspec("check", "mine.yaml", "--plugin", "mine_layers.py").code == 0
        assert "the number" in netspec("ops", "CliTestScale").out
    finally:
        OPS.pop("CliTestScale", None)


# in a process of its own


def process(*arguments: str, **options: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "0", "LC_ALL": "C"}
    return subprocess.Popen(
        [sys.executable, "-m", "netspec", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        **options,  # type: ignore[call-overload]
    )


def test_a_reader_that_stops_early_gets_no_traceback() -> None:
    running = process("schema")
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.read(10)
    running.stdout.close()
    assert running.stderr.read() == ""
    assert running.wait() in (0, 1)
    running.stderr.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_one_sentence() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "netspec", "schema"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    assert done.returncode == 1
    assert done.stderr == "error: cannot read or write: no space left on device\n"


def test_output_is_plain_where_no_terminal_reads_it() -> None:
    out, err = process("check", ALEXNET).communicate()
    assert "\x1b" not in out + err
    assert "61,100,840 parameters" in out


def test_output_that_the_locale_cannot_write_is_no_traceback() -> None:
    out, err = process("summary", ALEXNET).communicate()
    assert "Traceback" not in out + err
    assert "61,100,840" in out


def test_the_module_and_the_installed_command_are_one() -> None:
    out, _ = process("--version").communicate()
    assert out.splitlines() == version_lines()


@pytest.mark.parametrize("command", [["eval", "nowhere"], ["predict", "nowhere", "x.png"]])
def test_a_run_that_does_not_exist_is_said_so(netspec: Netspec, command: list[str]) -> None:
    done = netspec(*command)
    assert done.code == 1
    assert "there is no run `nowhere`" in done.err
