"""Vectors looked up by number: `Embedding`, and `EmbeddingBag`, which joins those of a sample."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from netspec.json_schema import BOOL, INTEGER, NUMBER, POSITIVE, POSITIVE_NUMBER, nullable
from netspec.ops.base import INDEX, Op, Refusal, Saved, Shape, arg, require_dims
from netspec.ops.dtype import FLOAT, Dtype, said

if TYPE_CHECKING:
    from torch import nn


class Table(Op, abstract=True):
    """A table of vectors, one for each integer below `num_embeddings`."""

    takes = "own"
    saves = "nothing"

    num_embeddings: int = arg(POSITIVE, "how many integers have a vector: 0 to one less")
    embedding_dim: int = arg(POSITIVE, "the features of each vector")
    padding_idx: int | None = arg(
        nullable(INTEGER), "an integer whose vector is zero, and is not trained", default=None
    )
    max_norm: float | None = arg(
        nullable(POSITIVE_NUMBER), "vectors that are longer are shortened to this", default=None
    )
    norm_type: float = arg(NUMBER, "the p of the norm that `max_norm` bounds", default=2.0)
    scale_grad_by_freq: bool = arg(
        BOOL, "divide gradients by how often an integer stands in the batch", default=False
    )

    def check(self) -> None:
        """The vector of the padding is one of the table's."""
        index, count = self.padding_idx, self.num_embeddings
        if index is not None and not -count <= index < count:
            raise Refusal(
                "NS410",
                f"`padding_idx: {index}` is none of the {count:,} vectors",
                argument="padding_idx",
            )

    def dtypes(self, *given: Dtype) -> Dtype:
        """Integers that stay below `num_embeddings`, where their bound is known."""
        for dtype in given:
            if dtype.name != "int64":
                hint = "declare the input as `{shape: […], dtype: int64}`"
                name = type(self).__name__
                raise Refusal("NS412", f"{name} takes integers, not {said(dtype)}", hint=hint)
            if dtype.below is not None and dtype.below > self.num_embeddings:
                raise Refusal(
                    "NS412",
                    f"the integers are below {dtype.below:,}, and only {self.num_embeddings:,} "
                    "have a vector",
                    argument="num_embeddings",
                    hint=f"write `num_embeddings: {dtype.below}`",
                )
        return FLOAT

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        """The table of vectors."""
        return {"weight": (self.num_embeddings, self.embedding_dim)}

    def extra_saved(self, *inputs: Shape) -> Saved:
        """The integers, for the rows that the gradient belongs to."""
        return Saved(0, INDEX * prod(inputs[0]))


class Embedding(Table):
    """A learned vector for each integer: `(…)` integers give `(…, embedding_dim)`."""

    def infer(self, *inputs: Shape) -> Shape:
        """Another dimension, of `embedding_dim`, after those of the input."""
        return (*inputs[0], self.embedding_dim)

    def make(self, *inputs: Shape) -> nn.Module:
        """`torch.nn.Embedding`."""
        from torch import nn

        return nn.Embedding(**self.values)


class EmbeddingBag(Table):
    """The mean, sum or maximum of the vectors of a sample's integers: a bag of words."""

    mode: str = arg({"enum": ["sum", "mean", "max"]}, "how vectors are joined", default="mean")

    def check(self) -> None:
        """Of the largest values, torch has no gradient by frequency."""
        super().check()
        if self.mode == "max" and self.scale_grad_by_freq:
            raise Refusal(
                "NS410",
                "`mode: max` and `scale_grad_by_freq: true` don't go together",
                argument="scale_grad_by_freq",
            )

    def infer(self, *inputs: Shape) -> Shape:
        """`(length,)` integers → `(embedding_dim,)`."""
        require_dims(self, inputs[0], 1, "the integers of one bag")
        return (self.embedding_dim,)

    def extra_saved(self, *inputs: Shape) -> Saved:
        """The integers, the bag of each, where a bag begins and its size; what was largest."""
        largest = self.embedding_dim if self.mode == "max" else 0
        return Saved(0, INDEX * (2 * prod(inputs[0]) + 2 + largest))

    def make(self, *inputs: Shape) -> nn.Module:
        """`torch.nn.EmbeddingBag`, each sample a bag."""
        from torch import nn

        return nn.EmbeddingBag(**self.values)
