"""GPT-2 and BERT beside `transformers`: the same keys, parameters, and outputs to the bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import netspec
from netspec.compiler import Network

transformers = pytest.importorskip("transformers", reason="the package transformers is not here")

FOLDER = Path(__file__).parent.parent / "specs" / "language"
SMALL = {"vocabulary": 101, "length": 24, "width": 32, "depth": 2, "num_heads": 4}


def gpt2(**given: Any) -> nn.Module:
    from transformers import GPT2Config, GPT2LMHeadModel

    return GPT2LMHeadModel(GPT2Config(bos_token_id=1, eos_token_id=1, **given))


def bert(**given: Any) -> nn.Module:
    from transformers import BertConfig, BertForSequenceClassification

    return BertForSequenceClassification(BertConfig(**given))


def state(module: nn.Module) -> list[tuple[str, tuple[int, ...]]]:
    return [(key, tuple(value.shape)) for key, value in module.state_dict().items()]


def same_state(net: Network, theirs: nn.Module) -> nn.Module:
    """Our module with their weights."""
    assert list(net.state.items()) == state(theirs)
    assert net.num_params == sum(p.numel() for p in theirs.parameters())
    ours = net.build()
    assert state(ours) == state(theirs)
    ours.load_state_dict(theirs.state_dict())
    return ours


@pytest.mark.parametrize(("name", "theirs"), [("gpt2", gpt2), ("bert_base", bert)])
def test_the_whole_network_has_the_keys_and_parameters_of_transformers(
    name: str, theirs: Any
) -> None:
    net = netspec.load(FOLDER / f"{name}.yaml")
    with torch.device("meta"):
        other = theirs()
    assert list(net.state.items()) == state(other)
    assert net.num_params == sum(p.numel() for p in other.parameters())
    assert net.warnings == ()


def test_gpt_2_has_124_million_parameters_and_60_lines() -> None:
    path = FOLDER / "gpt2.yaml"
    assert netspec.load(path).num_params == 124_439_808
    assert len(path.read_text().splitlines()) <= 60


@pytest.mark.parametrize("train", [False, True], ids=["eval", "train"])
def test_gpt_2_gives_the_logits_of_transformers_to_the_bit(train: bool) -> None:
    torch.manual_seed(0)
    theirs = gpt2(vocab_size=101, n_positions=24, n_embd=32, n_layer=2, n_head=4)
    ours = same_state(netspec.load(FOLDER / "gpt2.yaml", **SMALL), theirs)
    assert ours.lm_head.weight is ours.transformer.wte.weight
    ids = torch.randint(101, (3, 24))
    torch.manual_seed(5)
    a: Tensor = ours.train(train)(ids)
    torch.manual_seed(5)
    assert torch.equal(a, theirs.train(train)(ids).logits)


@pytest.mark.parametrize("train", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize("padded", [False, True], ids=["whole", "padded"])
def test_bert_gives_the_logits_of_transformers_to_the_bit(train: bool, padded: bool) -> None:
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    theirs = bert(vocab_size=101, max_position_embeddings=24, intermediate_size=128, **sizes)
    ours = same_state(netspec.load(FOLDER / "bert_base.yaml", **SMALL), theirs)
    ids, kinds = torch.randint(101, (3, 24)), torch.randint(2, (3, 24))
    mask = torch.ones(3, 24, dtype=torch.bool)
    mask[1, 15:] = not padded
    torch.manual_seed(5)
    a: Tensor = ours.train(train)(ids, token_type_ids=kinds, attention_mask=mask)
    torch.manual_seed(5)
    b = theirs.train(train)(input_ids=ids, attention_mask=mask.long(), token_type_ids=kinds)
    assert torch.equal(a, b.logits)
