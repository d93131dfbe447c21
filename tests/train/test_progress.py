"""What is shown while a run runs: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import io

import pytest

from netspec.train.metrics import Metrics
from netspec.train.reporting.progress import Pace, Progress
from netspec.train.reporting.throughput import Throughput

FIGURES = Metrics(loss=0.1234, accuracy=0.9876, count=100)
PACE = Pace(images_per_second=12345.6, waiting=0.04, seconds_left=185)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar_that_gives_way_to_each_epochs_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    screen = Terminal()
    progress = Progress(stream=screen)
    progress.step(2, 9, 50, 100, FIGURES, PACE)
    shown = screen.getvalue()
    assert shown == (
        "\repoch 2/9 ████████████░░░░░░░░░░░░ 50/100 · loss 0.1234 · accuracy 98.76% · "
        "12,346 images/s · 3:05 left · waiting for data 4%"
    )
    progress.epoch(2, 9, FIGURES, FIGURES, True, 8.0, PACE)
    after = screen.getvalue()[len(shown) :]
    assert after.startswith("\r" + " " * (len(shown) - 1) + "\repoch 2/9 · train loss 0.1234")
    assert "validation loss 0.1234 accuracy 98.76% *" in after


def test_a_bar_is_never_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    screen = Terminal()
    Progress(stream=screen).step(2, 9, 50, 100, FIGURES, PACE)
    assert len(screen.getvalue().strip("\r")) == 39


def test_elsewhere_there_are_plain_lines() -> None:
    out = io.StringIO()
    progress = Progress(stream=out)
    assert not progress.wants_update
    progress.step(2, 9, 50, 100, None, PACE)
    assert out.getvalue() == (
        "epoch 2/9 · step 50/100 · 12,346 images/s · 3:05 left · waiting for data 4%\n"
    )


def test_a_silent_one_shows_nothing() -> None:
    out = Terminal()
    progress = Progress(stream=out, silent=True)
    progress.say("hello")
    assert not progress.wants_update
    assert out.getvalue() == ""


def test_waiting_is_the_time_spent_in_the_data_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: clock[0])

    def batches() -> object:
        for _ in range(4):
            clock[0] += 1.0
            yield object()

    settled = []
    throughput = Throughput(lambda: settled.append(clock[0]))
    throughput.start_epoch()
    for _ in throughput.waiting(iter(batches())):  # type: ignore[call-overload]
        clock[0] += 3.0
        throughput.step(10)
    clock[0] += 100.0  # evaluation and saving are not the epoch's own
    pace = throughput.epoch(steps_left=2)
    assert pace.images_per_second == 40 / 16
    assert pace.waiting == 0.25
    assert pace.seconds_left == pytest.approx(2 * 116 / 4)
    assert settled == [16.0]
