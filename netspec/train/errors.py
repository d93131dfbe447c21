"""The one error that ends a run with a sentence instead of a traceback."""

from __future__ import annotations


class TrainError(Exception):
    """Something that the user can mend: what happened, and how to go on.

    ``message`` is lower case and has no final stop; ``hint`` says what to do about it.
    The command line prints both and ends with exit code 1.
    """

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\nhint: {self.hint}"


class LossNotFinite(TrainError):
    """The loss became infinite or not a number; nothing was saved after it."""


class DamagedCheckpoint(TrainError):
    """A checkpoint whose bytes are not the ones that were written."""


def first_line(error: Exception) -> str:
    """The first line of what an error says, or its kind where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
