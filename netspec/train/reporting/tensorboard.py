"""A run's figures for TensorBoard, where it is installed.

Torch's ``SummaryWriter`` writes from a thread of its own. Data workers are forked from this
process, and a fork beside a running thread can leave a worker waiting for ever for a lock that the
thread held; so events are written here and at once.
"""

from __future__ import annotations

import itertools
import os
import time
from pathlib import Path
from typing import Any

from netspec.train.storage.atomic_write import write_failed


class TensorBoard:
    """An event file in ``folder``; raises ImportError where TensorBoard is not installed.

    Events of an earlier process at ``step`` and beyond, which a resumed run takes again, are
    marked as superseded.
    """

    def __init__(self, folder: Path, step: int) -> None:
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.record_writer import RecordWriter

        self._event: Any = Event
        self._summary: Any = Summary
        name = f"events.out.tfevents.{time.time_ns() // 10**9}.{os.getpid()}"
        self._path = folder / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for number in itertools.count(1):  # clocks are set back, and containers count anew
                if not os.path.lexists(self._path):
                    break
                self._path = folder / f"{name}.{number}"
            self._file = self._path.open("xb")
        except OSError as error:
            raise write_failed(self._path, error) from error
        self._writer: Any = RecordWriter(self._file)
        self._write(Event(wall_time=time.time(), file_version="brain.Event:2"))
        if step:
            start = SessionLog(status=SessionLog.START)
            self._write(Event(wall_time=time.time(), step=step, session_log=start))

    def note(self, step: int, values: dict[str, float]) -> None:
        """Write ``values`` by name."""
        value = [self._summary.Value(tag=tag, simple_value=one) for tag, one in values.items()]
        summary = self._summary(value=value)
        self._write(self._event(wall_time=time.time(), step=step, summary=summary))

    def flush(self) -> None:
        """Hand what was written to the system."""
        try:
            self._file.flush()
        except OSError as error:
            raise write_failed(self._path, error) from error

    def close(self) -> None:
        """Nothing more will come."""
        self._file.close()

    def _write(self, event: Any) -> None:
        try:
            self._writer.write(event.SerializeToString())
        except OSError as error:
            raise write_failed(self._path, error) from error
