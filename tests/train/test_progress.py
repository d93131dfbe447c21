"""What is shown while a run runs: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import io
import math

import pytest

from netspec.train.metrics import Metrics
from netspec.train.reporting.figures import WIDTH, loss_text, share_text
from netspec.train.reporting.progress import Pace, Progress, duration
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
        "\repoch 2/9 ████████████░░░░░░░░░░░░  50/100 · loss 0.1234 · accuracy 98.76% · "
        "12,346 images/s · 3:05 left · waiting for data 4%"
    )
    progress.epoch(2, 9, FIGURES, FIGURES, True, 8.0, PACE)
    after = screen.getvalue()[len(shown) :]
    assert after.startswith("\r" + " " * (len(shown) - 1) + "\repoch 2/9 · train loss 0.1234")
    assert "validation loss 0.1234 accuracy 98.76% *" in after


@pytest.mark.parametrize(
    ("width", "end"),
    [(20, "50/100"), (40, "0.1234"), (60, "0.1234"), (80, "98.76%"), (120, "left")],
)
def test_a_bar_ends_with_a_whole_word_before_the_terminal_does(
    monkeypatch: pytest.MonkeyPatch, width: int, end: str
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    screen = Terminal()
    Progress(stream=screen).step(2, 9, 50, 100, FIGURES, PACE)
    shown = screen.getvalue().strip("\r")
    assert shown.endswith(end)
    assert len(shown) < width


LOSSES = [2.3026, 1e29, 1e-9, 1e-300, 12345.6, 999999.7, 0.0, math.nan, math.inf, -math.inf, -0.5]


@pytest.mark.parametrize("epochs", [1, 24, 10_000])
@pytest.mark.parametrize("width", [60, 80, 120, 200, None])
def test_the_columns_of_epochs_hold_whatever_the_losses_are(
    monkeypatch: pytest.MonkeyPatch, width: int | None, epochs: int
) -> None:
    screen = io.StringIO() if width is None else Terminal()
    monkeypatch.setenv("COLUMNS", str(width or 10))
    progress = Progress(stream=screen)
    for number, loss in enumerate(LOSSES):
        share = number / (len(LOSSES) - 1)
        figures = Metrics(loss, share, 10)
        pace = Pace(10.0 ** (number / 2), share, 10.0 ** (number / 2))
        epoch = 1 + number * (epochs - 1) // (len(LOSSES) - 1)
        progress.epoch(epoch, epochs, figures, figures, number % 2 == 0, 12.0, pace)
    lines = screen.getvalue().splitlines()
    assert len(lines) == len(LOSSES)
    told = [line.split("validation")[1].split("·")[0].rstrip(" *") for line in lines]
    assert len({line.index("validation") for line in lines}) == 1
    assert len({*map(len, told)}) == 1
    assert len({line.count("·") for line in lines}) == 1
    assert all("1.0e29" in line for line in lines if "e29" in line)
    if width is not None:
        assert max(map(len, lines)) <= width
    else:
        assert all("waiting for data" in line for line in lines)


@pytest.mark.parametrize(
    ("loss", "text"),
    [
        (0.0, "0.0000"), (0.12345, "0.1235"), (9.99999, "10.000"), (12.34567, "12.346"),
        (1234.5678, "1234.6"), (123456.7, "123457"), (1234567.0, "1.23e6"), (1e29, "1.0e29"),
        (9.996e28, "1.0e29"), (1e-9, "1.0e-9"), (1e-12, "1e-12"), (0.00012, "1.2e-4"),
        (-0.5, "-0.500"), (-1e29, "-1e29"),
        (math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf"),
    ],
)  # fmt: skip
def test_a_loss_is_told_in_six_characters(loss: float, text: str) -> None:
    assert loss_text(loss) == text
    assert len(text) <= WIDTH


def test_a_share_is_told_in_six_characters() -> None:
    assert [share_text(share) for share in (0.0, 0.0987, 0.98765, 0.99996, 1.0, math.nan)] == [
        "0.00%", "9.87%", "98.77%", "100.0%", "100.0%", "nan",
    ]  # fmt: skip


def test_a_time_that_is_not_known_is_a_dash() -> None:
    assert [duration(seconds) for seconds in (math.inf, math.nan)] == ["–", "–"]


def test_elsewhere_there_are_plain_lines() -> None:
    out = io.StringIO()
    progress = Progress(stream=out)
    assert not progress.wants_update
    progress.step(2, 9, 50, 100, None, PACE)
    assert out.getvalue() == (
        "epoch 2/9 · step  50/100 · 12,346 images/s · 3:05 left · waiting for data 4%\n"
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
