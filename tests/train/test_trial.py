"""Trial steps use as much memory as a run's, and labels that its loss takes."""

from __future__ import annotations

import pytest
import torch
from stand_in import SegmentingCnn, StandIn, plain_cnn
from torch import Tensor

from netspec.train.engine import trial
from netspec.train.engine.cuda_graph import WARM_UP
from netspec.train.engine.step import TrainingStep
from netspec.train.engine.trial import take_trial_steps
from netspec.train.machine.distributed import Processes
from netspec.train.machine.plan import make_plan

NETWORKS = {
    "a label an image": StandIn(plain_cnn, input_shape=(1, 9, 9)),
    "a label a pixel": StandIn(SegmentingCnn, input_shape=(1, 6, 5), output_shape=(3, 6, 5)),
}


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("batch", [1, 4])
def test_it_takes_whole_batches_and_one_that_is_smaller(
    network: StandIn, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[tuple[Tensor, Tensor]] = []

    class Seen(TrainingStep):
        def __call__(self, images: Tensor, labels: Tensor, scale: float = 1.0) -> None:
            taken.append((images, labels))
            super().__call__(images, labels, scale)

    monkeypatch.setattr(trial, "TrainingStep", Seen)
    torch.manual_seed(0)
    plan = make_plan(network.recipe, torch.device("cpu"), Processes(), images=True)
    take_trial_steps(network, network.recipe, plan, batch)
    sizes = [batch] * (WARM_UP + 2) + ([batch - 1] if batch > 1 else [])
    assert [len(images) for images, _ in taken] == [len(labels) for _, labels in taken] == sizes
    for images, labels in taken:
        assert images.shape[1:] == network.input_shape
        assert labels.shape[1:] == network.output_shape[1:]
        assert labels.max() < network.output_shape[0]
