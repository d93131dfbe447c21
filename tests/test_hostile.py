"""`netspec check` on any bytes at all ends with exit code 0 or 1, in bounded time and memory.

Each file of `hostile_specs` is checked in a process of its own, whose memory and processor time
the system limits. Specs are drawn, too: `NETSPEC_FUZZ=20000` sets how many, `NETSPEC_FUZZ_SEED`
from which seed on.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from commands_on_specs import Bad, Ran, judged, lines_of
from forked_check import PROCESSOR_SECONDS, Ended, Forks
from hostile_specs import BYTES, TEXTS, everything

from netspec.diagnostics import Diagnostic, Span

ROOT = Path(__file__).parent.parent
FORMATS = ("text", "concise", "json", "github")
UNSAFE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\U000e0041]"
)


Check = Callable[..., Ended]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Check]:
    """`netspec check` with some arguments and, as `stdin`, bytes to read."""
    with Forks(tmp_path_factory.mktemp("streams")) as forks:
        yield forks.check


def ended_well(result: Ended) -> str:
    """The output, after checking that it is one a user may see."""
    shown = result.stdout.decode()
    assert result.returncode in (0, 1), (result.returncode, shown[:500], result.stderr[:500])
    assert result.stderr == b""
    assert "Traceback" not in shown
    assert not UNSAFE.search(shown), shown[:500]
    return shown


CASES = {name: data for name, data in everything() if name in TEXTS or name in BYTES}


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file_ends_with_findings(run: Check, name: str, tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_bytes(CASES[name])
    before = sorted(tmp_path.iterdir())
    ended_well(run(str(path)))
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("format", FORMATS)
def test_no_format_lets_a_name_act_on_its_reader(run: Check, format: str, tmp_path: Path) -> None:
    paths = []
    for number, (name, data) in enumerate(everything()):
        if " in " in name or "turns" in name or "escape" in name:
            path = tmp_path / f"{number}.yaml"
            path.write_bytes(data)
            paths.append(str(path))
    shown = ended_well(run(*paths, "--format", format))
    assert "pwned" in shown  # the names are shown, made harmless
    if format == "github":
        assert all(
            line.startswith(("::error file=", "::warning file=")) for line in shown.split("\n")[:-1]
        )
    if format == "concise":
        assert all(re.match(r"\S+\.yaml:\d+:\d+: ", line) for line in shown.split("\n")[:-1])


def test_a_hostile_name_of_a_file_is_shown_harmless(run: Check, tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[31m\n::error::\u202eb.yaml"
    path.write_text("netspec: 1\n", encoding="utf-8")
    for format in FORMATS:
        shown = ended_well(run(str(path), "--format", format))
        assert (
            "::error::" not in re.sub(r"(?m)^::error file=.*?::", "", shown) or format != "github"
        )


def test_standard_input_is_bounded(run: Check) -> None:
    shown = ended_well(run("-", stdin=b"a" * (2 << 20)))
    assert "NS106" in shown


def test_a_pipe_is_not_waited_for(run: Check, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    assert "NS101" in ended_well(run(str(tmp_path / "pipe.yaml")))


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/tty", "/proc/self/mem"])
def test_a_device_is_not_read(run: Check, device: str) -> None:
    if not os.path.exists(device):
        pytest.skip("there is no such device here")
    assert "NS10" in ended_well(run(device))


def test_extends_does_not_follow_a_link_out_of_the_folder(run: Check, tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text("netspec: 1\nsecret: 1\n", encoding="utf-8")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    (inside / "spec.yaml").write_text("netspec: 1\nextends: link.yaml\n", encoding="utf-8")
    shown = ended_well(run(str(inside / "spec.yaml")))
    assert "NS110" in shown
    assert "secret" not in shown


def test_extends_does_not_wait_for_a_pipe(run: Check, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "spec.yaml").write_text("netspec: 1\nextends: pipe.yaml\n", encoding="utf-8")
    assert "NS101" in ended_well(run(str(tmp_path / "spec.yaml")))


def test_extends_in_a_circle_of_files_is_refused(run: Check, tmp_path: Path) -> None:
    for one, other in (("a", "b"), ("b", "c"), ("c", "a")):
        text = f"netspec: 1\nextends: {other}.yaml\n"
        (tmp_path / f"{one}.yaml").write_text(text, encoding="utf-8")
    assert "NS110" in ended_well(run(str(tmp_path / "a.yaml")))


def test_a_long_chain_of_extends_is_refused(run: Check, tmp_path: Path) -> None:
    for i in range(50):
        text = f"netspec: 1\nextends: s{i + 1}.yaml\n"
        (tmp_path / f"s{i}.yaml").write_text(text, encoding="utf-8")
    assert "NS110" in ended_well(run(str(tmp_path / "s0.yaml")))


@pytest.mark.parametrize("setting", ["train.a.b.c=1", "params.a.b=1"])
def test_a_hostile_setting_of_nothing_that_is_there_is_a_finding(run: Check, setting: str) -> None:
    shown = ended_well(run(str(ROOT / "specs" / "resnet18.yaml"), "--set", setting))
    assert re.search(r"error\[NS(201|308)\]", shown)
    assert shown.endswith("1 spec, 1 error, 0 warnings\n")


def refused(run: Check, *arguments: str) -> str:
    """What is said of arguments that no spec is read for."""
    result = run(*arguments)
    said = result.stderr.decode()
    assert (result.returncode, result.stdout) == (2, b""), said
    assert said.startswith("error: `")
    assert not UNSAFE.search(said)
    assert "Traceback" not in said
    return said


@pytest.mark.parametrize(
    "setting",
    ["train.=1", "train..=1", "params.=1", "train.optimizer={SGD:", "a=&a [*a]",
     "a=" + "[" * 5_000, "=", "num_classes=1e400",
     "num_classes=" + "9" * 5_000, "num_classes=\x1b[31m", "train." + "a." * 3_000 + "b=1"],
)  # fmt: skip
def test_a_hostile_setting_that_cannot_be_read_is_wrong_usage(run: Check, setting: str) -> None:
    refused(run, str(ROOT / "specs" / "resnet18.yaml"), "--set", setting)


@pytest.mark.parametrize("shape", ["", "0,0,0", "a", "1" * 5_000, "3,-1,4", "1,2,3,4,5", "×,×"])
def test_a_hostile_input_shape_is_wrong_usage(run: Check, shape: str) -> None:
    said = refused(run, str(ROOT / "specs" / "resnet-digits.yaml"), "--input", shape)
    shown = shape if len(shape) < 100 else f"{shape[:60]}…"
    assert f"`{shown}` is not an input's shape" in said


def test_a_shape_in_digits_of_another_script_is_that_shape(run: Check) -> None:
    shown = ended_well(run(str(ROOT / "specs" / "resnet-digits.yaml"), "--input", "９,９"))
    assert "error[NS401]" in shown
    assert "the input is 9×9 (--input)" in shown


FUZZ = int(os.environ.get("NETSPEC_FUZZ", "1000"))
FIRST = int(os.environ.get("NETSPEC_FUZZ_SEED", "0"))
CAMPAIGN = Path(__file__).parent / "checked_often.py"


@pytest.mark.parametrize("half", [0, 1])
def test_nothing_but_findings_comes_of_drawn_specs(half: int, tmp_path: Path) -> None:
    """Mutations of every spec and wrong spec, and specs that aim at bounds, by several commands.

    Of each: exit code 0 or 1, no exception, nothing printed raw, every finding at a place in the
    file, nothing opened but what is to be read; 512 MB, and two seconds of the processor in a soak.
    """
    count, seconds = FUZZ // 2, 2 if FUZZ > 1_000 else PROCESSOR_SECONDS
    first = FIRST + half * count
    command = [sys.executable, str(CAMPAIGN), *map(str, (first, count, tmp_path, seconds))]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3_000:]
    *bad, end = map(json.loads, done.stdout.splitlines())
    print(json.dumps(end))  # how many of what, and the dearest
    assert not bad, "\n".join(f"{b['bad']}: {b['kept']}, {b['command']}\n{b['what']}" for b in bad)
    assert end["taken"] == count


def found_at(line: int, column: int, file: str = "spec.yaml") -> Diagnostic:
    return Diagnostic("NS201", "a", Span(file, line, column, line, column + 1))


@pytest.mark.parametrize(
    ("ran", "found", "what"),
    [
        (Ran(70, "", "error"), [], "exit code 70"),
        (Ran(0, "ok", "a warning"), [], "standard error"),
        (Ran(0, "a\x1b[31m", ""), [], "U[+]001B"),
        (Ran(0, "a\u202eb", ""), [], "U[+]202E"),
        (Ran(0, "a\ud800", ""), [], "U[+]D800"),
        (Ran(0, "a" * 3_000, ""), [], "3,000 characters"),
        (Ran(1, "error", ""), [], "without a finding"),
        (Ran(1, "error", ""), [found_at(4, 1)], "stands nowhere"),
        (Ran(1, "error", ""), [found_at(1, 5)], "stands nowhere"),
        (Ran(1, "error", ""), [found_at(0, 1)], "stands nowhere"),
        (Ran(1, "error", ""), [found_at(1, 1, "/etc/passwd")], "stands nowhere"),
    ],
)  # fmt: skip
def test_what_should_not_be_is_seen(ran: Ran, found: list[Diagnostic], what: str) -> None:
    def lines(name: str) -> list[str] | None:
        return lines_of(name, b"a: \nb: \n") if name == "spec.yaml" else None

    arguments = ["check", "spec.yaml", "--format", "text"]
    judged(Ran(1, "error", ""), "check", arguments, [found_at(2, 3)], lines)
    with pytest.raises(Bad, match=what):
        judged(ran, "check", arguments, found, lines)
