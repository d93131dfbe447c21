"""The error of a recipe whose keys do not go together."""


class RecipeError(Exception):
    """A mistake in `train:` that no single key shows.

    `key` is the path below `train`, such as `("scheduler", "OneCycleLR")`; `message` and `hint` are
    written for the user; `code` is the finding's.
    """

    def __init__(
        self, key: tuple[str | int, ...], message: str, hint: str, code: str = "NS501"
    ) -> None:
        super().__init__(message)
        self.key = key
        self.message = message
        self.hint = hint
        self.code = code
