"""The `init` rules applied to a fresh module. Imports torch."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import ParametrizationList

from netspec.compiler.language.env import Env, extended
from netspec.compiler.language.expression import evaluate
from netspec.compiler.language.init_rule import INITIALIZERS, Rule, fans, matches
from netspec.json_schema import as_declared

POWER_ITERATIONS = 15
"""How often a parametrization that learns from its runs is run on a new weight, as torch does."""


def initialize(module: nn.Module, rules: tuple[Rule, ...], params: Env) -> None:
    """Run each rule on the parameters that it selects, in the order of `module.modules()`.

    An argument may be an expression over the spec's parameters and the tensor's `fan_in` and
    `fan_out`, as `torch.nn.init` defines them. A tensor that is parametrized is started whole, and
    what its parametrization keeps is worked out of that.
    """
    if not rules:
        return
    for path, found in module.named_modules():
        kinds = tuple(c.__name__ for c in type(found).__mro__)
        mine = [r for r in rules if matches(r.selector, path, kinds)]
        for name, listed in _parametrized(found).items():
            applied = [r for r in mine if r.parameter == name]
            if applied:
                tensor = _whole(listed)
                _apply(applied[-1], tensor, params)
                _assign(found, name, tensor, listed)
        for name, parameter in found.named_parameters(recurse=False):
            applied = [r for r in mine if r.parameter == name]
            if applied:
                _apply(applied[-1], parameter, params)


def _parametrized(module: nn.Module) -> dict[str, ParametrizationList]:
    by_name = module._modules.get("parametrizations")
    if not isinstance(by_name, nn.ModuleDict):
        return {}
    return {n: listed for n, listed in by_name.items() if isinstance(listed, ParametrizationList)}


def _whole(listed: ParametrizationList) -> Tensor:
    """A tensor as its parametrization gives it, without a step of power iteration."""
    with torch.no_grad():
        listed.eval()
        tensor: Tensor = listed().clone()
        listed.train()
    return tensor


def _assign(module: nn.Module, name: str, tensor: Tensor, listed: ParametrizationList) -> None:
    """Set a tensor, as torch does for `module.weight = tensor`."""
    setattr(module, name, tensor)
    if next(listed.buffers(), None) is not None:
        with torch.no_grad():
            for _ in range(POWER_ITERATIONS):
                listed()


def _apply(rule: Rule, tensor: Tensor, params: Env) -> None:
    args = rule.args
    if any(isinstance(v, str) and "$" in v for v in args.values()):
        env = extended(params, fans(tuple(tensor.shape)))
        args = {
            k: evaluate(v, env) if isinstance(v, str) and "$" in v else v for k, v in args.items()
        }
        args = as_declared(args, {"properties": INITIALIZERS[rule.function]})
    getattr(nn.init, rule.function)(tensor, **args)  # one of `INITIALIZERS`, checked
