"""The training loop."""

from __future__ import annotations

from netspec.train.engine.training import Training


def train_epochs(run: Training) -> None:
    """Train from where ``run`` stands to the end of its last epoch.

    A step is forward, loss, backward, optimizer and moving average (:class:`TrainingStep`);
    nothing in it waits for the device. An epoch's figures are exact means over its samples.
    """
    while run.position.epoch < run.recipe.epochs:
        run.module.train()
        run.throughput.start_epoch()
        for batch in run.throughput.waiting(run.batches()):
            run.step(batch.images, batch.labels, run.share(batch))
            run.after_step(batch)
        run.end_epoch(run.evaluate("validation"))
