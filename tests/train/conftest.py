from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from small_sets import class_tree

from netspec.cli.main import main


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One thread, a cache of its own, and torch's switches put back."""
    monkeypatch.setenv("NETSPEC_CACHE", str(tmp_path / "cache"))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)
    torch.utils.deterministic.fill_uninitialized_memory = True


SMALL_RUN = """\
netspec: 1
name: small
input: [3, 8, 8]
layers: [Flatten, Linear: 2]
train:
  epochs: 2
  batch_size: 4
  optimizer: {SGD: {lr: 0.1, momentum: 0.9}}
  scheduler: CosineAnnealingLR
  ema: 0.9
  data: {dataset: folder, root: images, validation: 0.5}
"""


@pytest.fixture(scope="session")
def _small_run_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("small")
    class_tree(root / "images", count=6)
    (root / "spec.yaml").write_text(SMALL_RUN)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setenv("NETSPEC_CACHE", str(root / "cache"))
        patch.setattr("sys.argv", ["netspec", "train", "spec.yaml"])
        main()
    (run,) = (root / "runs").glob("*/*")
    run.rename(root / "run")
    return root


@pytest.fixture
def small_run(_small_run_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where one stands: `images`, `spec.yaml`, its finished run under the name `run`, `cache`."""
    here = tmp_path / "here"
    shutil.copytree(_small_run_once, here, symlinks=True)
    monkeypatch.chdir(here)
    monkeypatch.setenv("NETSPEC_CACHE", str(here / "cache"))
    return here
