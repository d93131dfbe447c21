"""Why netspec refuses what torch takes: every reason there is, each with a sentence.

A layer or a network that netspec refuses and torch runs must fall under one of these, or a test
fails. Those of the first table are of one layer and its inputs; those of the second are of the
language, for which torch has no counterpart.
"""

from __future__ import annotations

from typing import Final

OF_LAYERS: Final = {
    "single sample": "the batch is always there, so no input is read as a single sample",
    "batch meets another dimension": "inputs of several numbers of dimensions align from the right",
    "batch is named": "no layer touches the batch's dimension",
    "empty": "an output is not empty",
    "no features": "what maps or norms features takes no scalar",
    "not squeezed": "a dimension that is left out has the size 1",
    "spread": "a product of other sizes would be repeated",
    "keys without values": "attention has as many values as keys",
    "bounds": "of two bounds the lower one is not above",
    "not one tensor": "an output is one tensor, with the batch first",
    "one value": "a norm needs two values of a sample alone, a variance more than its correction",
    "circular crop": "circular padding that crops on its other side leaves memory unset",
}
"""Of one layer: what torch would take, and a spec does not say."""

OF_THE_LANGUAGE: Final = {
    "no such name": "`from`, `call` and `outputs` take names that are there",
    "name twice": "two layers of one sequence have two names",
    "number of inputs": "a layer is given as many inputs as it takes",
    "call on other sizes": "a call runs on sizes for which its module would be made the same",
    "call of what reads around": "a call is fed its input alone, not what is around its target",
    "only in training": "what always runs reads nothing that runs only in training",
    "no value": "an expression has a value, for every size that it asks for",
    "`init` selects nothing": "a rule of `init` selects a module and names a parameter",
}
"""Of the language: what there is no torch module for."""
