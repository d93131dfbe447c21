"""Where things are: seen from the spec that says it, from the command line, from a run's folder."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cases import image_tree
from typer.testing import CliRunner

import netspec
from netspec.cli.commands import app

SPEC = """
netspec: 1
name: small
input: [1, 8, 8]
layers: [Flatten, Linear: 10]
train:
  epochs: 1
  batch_size: 16
  data: {dataset: folder, root: ../images, channels: 1, validation: 0.2}
"""


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, arguments)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def folder_of(out: str) -> Path:
    found = re.search(r"files in (\S+)", out)
    assert found is not None, out
    return Path(found[1]).absolute()


def figures(folder: Path) -> list[list[str]]:
    """Epoch, step, rate and the figures of each row, without times."""
    return [row.split(",")[:7] for row in (folder / "metrics.csv").read_text().splitlines()]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """A project with images beside its folder of specs, and a run that was started elsewhere."""
    root = tmp_path_factory.mktemp("project")
    image_tree(root / "images")
    (root / "specs").mkdir()
    (root / "specs" / "small.yaml").write_text(SPEC)
    (root / "elsewhere").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NETSPEC_CACHE", str(root / "cache"))
        patch.chdir(root / "elsewhere")
        code, out, err = run("train", "../specs/small.yaml", "--run-dir", "../runs")
        assert code == 0, err
        yield root, folder_of(out)


def test_a_root_is_seen_from_the_spec_that_says_it(
    project: tuple[Path, Path], tmp_path: Path
) -> None:
    root, folder = project
    assert netspec.load(root / "specs/small.yaml").recipe.data.place == root / "specs/../images"
    assert netspec.load(folder / "resolved.yaml").recipe.data.root == str(root / "images")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "base.yaml").write_text(SPEC)
    (tmp_path / "child.yaml").write_text(
        "netspec: 1\nextends: more/base.yaml\ntrain: {data: {channels: 3}, epochs: 2}\n"
    )
    child = netspec.load(tmp_path / "child.yaml").recipe.data
    assert child.place == tmp_path / "more/../images"
    outside = netspec.load(tmp_path / "child.yaml", train={"data.root": "given"}).recipe.data
    assert outside.place == Path("given")
    assert netspec.loads(SPEC).recipe.data.place == Path("../images")


def test_a_run_is_evaluated_used_and_resumed_from_anywhere(
    project: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, first = project
    folder = tmp_path / "runs" / "small" / first.name
    shutil.copytree(first, folder)  # a run's folder may be moved, too
    monkeypatch.chdir(tmp_path)
    assert run("eval", str(folder))[0] == 0
    assert run("predict", str(folder), str(root / "images/class1/001.png"))[0] == 0
    code, _, err = run("train", "--resume", str(folder), "--epochs", "2")
    assert code == 0, err
    assert len(figures(folder)) == 3


@pytest.mark.parametrize("inside", [False, True])
def test_a_run_repeats_from_its_resolved_spec(
    project: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: bool
) -> None:
    _, folder = project
    monkeypatch.chdir(folder if inside else tmp_path)
    spec = "resolved.yaml" if inside else str(folder / "resolved.yaml")
    code, out, err = run("train", spec, "--run-dir", str(tmp_path / "again"))
    assert code == 0, err
    assert figures(folder_of(out)) == figures(folder)


def test_a_resolved_spec_holds_what_the_command_line_said(
    project: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, folder = project
    monkeypatch.chdir(root)
    bare = SPEC.replace("dataset: folder, root: ../images, ", "")
    (tmp_path / "bare.yaml").write_text(bare)
    there = ("--run-dir", str(tmp_path))
    code, out, err = run("train", str(tmp_path / "bare.yaml"), "--data", "images", *there)
    assert code == 0, err
    resolved = folder_of(out) / "resolved.yaml"
    data = netspec.load(resolved).recipe.data
    assert (data.dataset, data.root) == ("folder", str(root / "images"))
    assert figures(folder_of(out)) == figures(folder)
    assert run("train", "--resume", str(resolved.parent), "--epochs", "2")[0] == 0
    assert netspec.load(resolved).recipe.data.root == str(root / "images")


def test_a_run_that_started_from_weights_repeats_from_them(
    project: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, first = project
    monkeypatch.chdir(tmp_path)
    (tmp_path / "specs").mkdir()
    shutil.copy(first / "model.safetensors", tmp_path / "specs" / "start.safetensors")
    child = f"netspec: 1\nextends: base.yaml\ntrain: {{data: {{root: {root}/images}}}}\n"
    (tmp_path / "specs" / "base.yaml").write_text(SPEC + "  weights: start.safetensors\n")
    (tmp_path / "specs" / "child.yaml").write_text(child)
    (tmp_path / "specs" / "plain.yaml").write_text(SPEC)
    images = ("--data", str(root / "images"), "--run-dir", str(tmp_path))
    weights = ("--weights", "specs/start.safetensors")
    folders = []
    for command in (
        ("specs/child.yaml", "--run-dir", str(tmp_path)),
        ("specs/plain.yaml", *images, *weights),
    ):
        code, out, err = run("train", *command)
        assert code == 0, err
        assert "starting from the weights in" in err
        folders.append(folder_of(out))
        monkeypatch.chdir(tmp_path / folders[-1])
        code, out, err = run("train", "resolved.yaml", "--run-dir", str(tmp_path))
        assert code == 0, err
        folders.append(folder_of(out))
        monkeypatch.chdir(tmp_path)
    assert all(figures(folder) == figures(folders[0]) for folder in folders)
    assert figures(folders[0]) != figures(first)


def test_data_that_moved_are_named_on_the_command_line(
    project: tuple[Path, Path], tmp_path: Path
) -> None:
    root, first = project
    folder = shutil.copytree(first, tmp_path / first.name)
    images = shutil.copytree(root / "images", tmp_path / "moved")
    spec = folder / "resolved.yaml"
    spec.write_text(spec.read_text().replace(str(root / "images"), str(tmp_path / "gone")))
    code, _, err = run("eval", str(folder))
    assert (code, "there is no folder" in err) == (1, True)
    assert run("eval", str(folder), "--data", str(images))[0] == 0
    assert run("train", "--resume", str(folder), "--data", str(images), "--epochs", "2")[0] == 0
    assert netspec.load(spec).recipe.data.root == str(images)


def test_a_root_from_where_one_stands_is_told_and_not_taken(
    project: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, _ = project
    monkeypatch.chdir(root)
    spec = tmp_path / "old.yaml"
    spec.write_text(SPEC.replace("../images", "images"))
    for command in (
        ("train", str(spec)),
        ("train", str(spec), "--set", "train.data.dataset=MNIST"),
    ):
        code, _, err = run(*command)
        assert code == 1
        assert "`root: images` is relative to the spec that says it" in err
        assert "name it with `--data images`" in err


def test_a_run_from_before_runs_said_where_their_data_are_keeps_working(
    project: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, first = project
    monkeypatch.chdir(root)
    folder = shutil.copytree(first, tmp_path / first.name)
    spec = folder / "resolved.yaml"
    spec.write_text(spec.read_text().replace(str(root / "images"), "images"))
    assert run("eval", str(folder))[0] == 0
    assert run("train", str(spec), "--run-dir", str(tmp_path / "again"))[0] == 0
    assert run("train", "--resume", str(folder), "--epochs", "2")[0] == 0
    assert netspec.load(spec).recipe.data.root == str(root / "images")


def test_a_tilde_is_the_home_wherever_a_path_is_taken(
    project: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, folder = project
    monkeypatch.setenv("HOME", str(root))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home.yaml").write_text(SPEC.replace("../images", "~/images"))
    weights = "~" + str(folder / "model.safetensors").removeprefix(str(root))
    there = ("--run-dir", "~/home-runs", "--weights", weights)
    code, out, err = run("train", "home.yaml", *there)
    assert code == 0, err
    assert folder_of(out).parent.parent == root / "home-runs"
    resolved = "~/" + str(folder_of(out).relative_to(root)) + "/resolved.yaml"
    assert netspec.load(resolved).recipe.data.root == str(root / "images")
    assert run("check", resolved)[0] == 0
    arguments = ("--weights", weights, "--data", "~/images", "--out", "~/figures")
    assert run("eval", "~/specs/small.yaml", *arguments)[0] == 0
    assert (root / "figures" / "figures.json").exists()
    assert not list(tmp_path.glob("~*"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "spec", "--data", "file"], "file` is a file"),
        (["train", "spec", "--data", "gone"], "gone` is a link to `nowhere`, which is not there"),
        (["train", "spec", "--data", "file/x"], "file` is a file"),
        (["train", "spec", "--data", "images", "--run-dir", "file"], "cannot write `file/small/"),
        (["train", "spec", "--data", "images", "--weights", "images"], "is a folder and no file"),
        (["train", "spec", "--data", "images", "--weights", "gone"], "is a link to `nowhere`"),
        (["train", "--resume", "file"], "`file` is a file and no run's folder"),
        (["train", "--resume", "gone"], "`gone` is a link to `nowhere`, which is not there"),
        (["train", "gone.yaml"], "`gone.yaml` is a link to `nowhere`, which is not there"),
        (["train", "images"], "`images` is a folder"),
        (["train", "images"], "`netspec init NAME --data FOLDER` writes one"),
        (["eval", "images"], "`images` is not a run's folder"),
        (["eval", "run", "--data", "images", "--out", "file"], "cannot write `file`"),
    ],
)
def test_another_thing_than_what_is_wanted_is_a_sentence(
    project: tuple[Path, Path],
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root, folder = project
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "images").symlink_to(root / "images")
    for name in ("gone", "gone.yaml"):
        (tmp_path / name).symlink_to("nowhere")
    words = {"spec": str(root / "specs/small.yaml"), "run": str(folder)}
    code, _, err = run(*(words.get(argument, argument) for argument in arguments))
    assert code == 1
    assert said in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", "small.yaml", "--data", ""),
        ("train", "small.yaml", "--run-dir", ""),
        ("train", "small.yaml", "--weights", ""),
        ("init", "new", "--data", ""),
        ("data", ""),
        ("data", "small.yaml", "--show", ""),
        ("check", ""),
        ("summary", ""),
    ],
)
def test_an_empty_path_is_not_the_folder_where_one_stands(arguments: tuple[str, ...]) -> None:
    code, _, err = run(*arguments)
    assert (code, err.splitlines()[0]) == (2, "error: a path is empty")


def test_a_home_folder_is_found_where_no_shell_expands_it(
    project: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(project[0]))
    monkeypatch.chdir(tmp_path)
    assert run("data", "~/images")[0] == 0
    assert run("init", "new", "--data", "~/images")[0] == 0


def test_a_folder_is_whole_for_evaluation_and_divided_for_training(
    project: tuple[Path, Path], tmp_path: Path
) -> None:
    root, folder = project
    images = shutil.copytree(root / "images", tmp_path / "images")
    spec = str(root / "specs/small.yaml")
    for _ in range(2):  # in the one order and in the other, with what is kept decoded
        code, out, err = run("eval", str(folder), "--data", str(images))
        assert (code, "· 60 samples" in out) == (0, True), err
        code, out, err = run("train", spec, "--data", str(images), "--run-dir", str(tmp_path))
        assert code == 0, err
        assert re.search(r"test, epoch 1's weights .* 10$", out, re.M)


def test_no_evaluation_is_written_over_another(
    project: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, first = project
    monkeypatch.chdir(tmp_path)
    others = shutil.ignore_patterns("evaluation*")
    folder = shutil.copytree(first, tmp_path / first.name, ignore=others)
    weights = shutil.copy(folder / "model.safetensors", tmp_path / "other.safetensors")
    for above in ("one", "two"):
        shutil.copytree(root / "images", tmp_path / above / "new images")
    commands: list[tuple[str, ...]] = [
        (),
        ("--split", "validation"),
        ("--data", "one/new images"),
        ("--data", "two/new images"),
        ("--weights", weights),
    ]
    for command in commands * 2:
        code, _, err = run("eval", str(folder), *command)
        assert code == 0, err
    assert {path.name for path in folder.glob("evaluation*")} == {
        "evaluation-test",
        "evaluation-validation",
        "evaluation-new-images",
        "evaluation-new-images-2",
        "evaluation-test-other",
    }
    spec = str(root / "specs/small.yaml")
    for path in (weights, str(folder / "model.safetensors"), weights):
        assert run("eval", spec, "--weights", path)[0] == 0
    assert run("eval", spec, "--weights", weights, "--split", "train")[0] == 0
    assert {path.name for path in tmp_path.glob("evaluation*")} == {
        "evaluation-small",
        "evaluation-small-2",
        "evaluation-small-train",
    }


def test_a_link_among_the_images_that_leads_nowhere_is_named(
    project: tuple[Path, Path], tmp_path: Path
) -> None:
    root, _ = project
    images = shutil.copytree(root / "images", tmp_path / "images")
    (images / "class1" / "999.png").symlink_to("nowhere.png")
    code, _, err = run("train", str(root / "specs/small.yaml"), "--data", str(images))
    assert code == 1
    assert "999.png` is a link to `nowhere.png`, which is not there" in err
