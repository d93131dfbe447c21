"""The one error that ends a run with a sentence instead of a traceback."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.escape import safe


class TrainError(Exception):
    """Something that the user can mend: what happened, and how to go on.

    ``message`` is lower case and has no final stop; ``hint`` says what to do about it; ``details``
    are lines that belong to the message. What would move a terminal's cursor is written as codes.
    The command line prints all of it and ends with exit code 1.
    """

    def __init__(self, message: str, hint: str | None = None, details: Sequence[str] = ()) -> None:
        self.message = safe(message)
        self.hint = None if hint is None else safe(hint)
        self.details = tuple(map(safe, details))
        super().__init__(self.message)

    def __str__(self) -> str:
        lines = [self.message, *(f"  {line}" for line in self.details)]
        return "\n".join(lines if self.hint is None else [*lines, f"hint: {self.hint}"])


class LossNotFinite(TrainError):
    """The loss became infinite or not a number; nothing was saved after it."""


class DamagedCheckpoint(TrainError):
    """A checkpoint whose bytes are not the ones that were written."""


def first_line(error: Exception) -> str:
    """The first line of what an error says, or its kind where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
