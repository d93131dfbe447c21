"""The `init` rules applied to a fresh module. Imports torch."""

from __future__ import annotations

from torch import Tensor, nn

from netspec.compiler.language.env import Env, extended
from netspec.compiler.language.expression import evaluate
from netspec.compiler.language.init_rule import INITIALIZERS, Rule, fans, matches
from netspec.json_schema import as_declared


def initialize(module: nn.Module, rules: tuple[Rule, ...], params: Env) -> None:
    """Run each rule on the parameters that it selects, in the order of `module.modules()`.

    An argument may be an expression over the spec's parameters and the tensor's `fan_in` and
    `fan_out`, as `torch.nn.init` defines them.
    """
    if not rules:
        return
    for path, found in module.named_modules():
        kinds = tuple(c.__name__ for c in type(found).__mro__)
        mine = [r for r in rules if matches(r.selector, path, kinds)]
        for name, tensor in found.named_parameters(recurse=False):
            applied = [r for r in mine if r.parameter == name]
            if applied:
                _apply(applied[-1], tensor, params)


def _apply(rule: Rule, tensor: Tensor, params: Env) -> None:
    args = rule.args
    if any(isinstance(v, str) and "$" in v for v in args.values()):
        env = extended(params, fans(tuple(tensor.shape)))
        args = {
            k: evaluate(v, env) if isinstance(v, str) and "$" in v else v for k, v in args.items()
        }
        args = as_declared(args, {"properties": INITIALIZERS[rule.function]})
    getattr(nn.init, rule.function)(tensor, **args)  # one of `INITIALIZERS`, checked
