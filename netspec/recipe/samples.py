"""A small sample for each name of a recipe: parts of specs, each of which checks without a word.

A sample is what stands in a spec beside `netspec: 1` and, where it does not say them itself, an
input of `[3, 32, 32]` and the layers `[Flatten, Linear: 10]`.
"""

from __future__ import annotations

from typing import Final

_TRAIN: Final = {
    # keys of `train`
    "seed": "seed: 7",
    "epochs": "epochs: 30",
    "batch_size": "batch_size: 64",
    "eval_batch_size": "{batch_size: 64, eval_batch_size: 512}",
    "data": "data: {dataset: CIFAR10, validation: 0.1}",
    "augment": "augment: [RandomCrop: {size: 32, padding: 4}, RandomHorizontalFlip, Cutout: 8]",
    "loss": "loss: {CrossEntropyLoss: {label_smoothing: 0.1}}",
    "optimizer": "optimizer: {AdamW: {lr: 1e-3, weight_decay: 0.05}}",
    "scheduler": "scheduler: CosineAnnealingLR",
    "scheduler_interval": "{scheduler: {StepLR: 3000}, scheduler_interval: step}",
    "warmup": "{scheduler: CosineAnnealingLR, warmup: {epochs: 2, start_factor: 0.1}}",
    "ema": "ema: {decay: 0.999}",
    "clip_grad_norm": "clip_grad_norm: 1.0",
    "metric": "{data: {validation: 0.1}, metric: loss}",
    "precision": "precision: float32",
    "channels_last": "channels_last: false",
    "compile": "compile: true",
    "cuda_graph": "cuda_graph: false",
    "deterministic": "deterministic: true",
    "log_interval": "log_interval: 10",
    "checkpoint_interval": "checkpoint_interval: 500",
    "weights": "weights: pretrained.safetensors",
    # keys of `data`
    "dataset": "data: {dataset: CIFAR10}",
    "root": "data: {dataset: folder, root: my-images}",
    "validation": "data: {dataset: CIFAR10, validation: 0.1}",
    "resize": "data: {dataset: folder, root: my-images, resize: [32, 32]}",
    "channels": "data: {dataset: MNIST, channels: 3, resize: 32}",
    "normalize": "data: {dataset: CIFAR10, normalize: {mean: [0.49, 0.48, 0.45], std: 0.25}}",
    "in_memory": "data: {dataset: CIFAR10, in_memory: false}",
    "workers": "data: {dataset: folder, root: my-images, resize: 32, workers: 4}",
    "skip_broken": "data: {dataset: folder, root: my-images, resize: 32, skip_broken: true}",
    "samples": "data: {dataset: synthetic, samples: 4096}",
    # optimizers
    "SGD": "optimizer: {SGD: {lr: 0.1, momentum: 0.9, weight_decay: 5e-4, nesterov: true}}",
    "Adam": "optimizer: {Adam: {lr: 1e-3}}",
    "AdamW": "optimizer: {AdamW: {lr: 1e-3, weight_decay: 0.05}}",
    "NAdam": "optimizer: {NAdam: {lr: 2e-3}}",
    "RAdam": "optimizer: {RAdam: {lr: 1e-3, weight_decay: 0.01, decoupled_weight_decay: true}}",
    "RMSprop": "optimizer: {RMSprop: {lr: 0.01, momentum: 0.9, alpha: 0.9}}",
    "Adagrad": "optimizer: {Adagrad: {lr: 0.01}}",
    "Adadelta": "optimizer: {Adadelta: {lr: 1.0}}",
    "Adamax": "optimizer: {Adamax: {lr: 2e-3}}",
    # schedulers
    "StepLR": "{epochs: 90, scheduler: {StepLR: {step_size: 30, gamma: 0.1}}}",
    "MultiStepLR": "{epochs: 90, scheduler: {MultiStepLR: {milestones: [45, 70]}}}",
    "ExponentialLR": "scheduler: {ExponentialLR: {gamma: 0.9}}",
    "CosineAnnealingLR": "scheduler: {CosineAnnealingLR: {eta_min: 1e-5}}",
    "CosineAnnealingWarmRestarts":
        "{epochs: 70, scheduler: {CosineAnnealingWarmRestarts: {T_0: 10, T_mult: 2}}}",
    "OneCycleLR": "{optimizer: {SGD: {lr: 0.2, momentum: 0.9}}, scheduler: {OneCycleLR: 0.2}}",
    "LinearLR": "scheduler: {LinearLR: {start_factor: 1.0, end_factor: 0.01}}",
    "PolynomialLR": "scheduler: {PolynomialLR: {power: 2.0}}",
    "ReduceLROnPlateau": "{data: {validation: 0.1}, epochs: 60, scheduler: {ReduceLROnPlateau: "
                         "{factor: 0.2, patience: 5}}}",
    # losses
    "CrossEntropyLoss": "loss: {CrossEntropyLoss: {label_smoothing: 0.1}}",
    "BCEWithLogitsLoss": "loss: BCEWithLogitsLoss",
    "MSELoss": "loss: MSELoss",
    "L1Loss": "loss: L1Loss",
    "SmoothL1Loss": "loss: {SmoothL1Loss: {beta: 0.5}}",
    # augmentations
    "RandomCrop": "augment: [RandomCrop: {size: 32, padding: 4, padding_mode: reflect}]",
    "RandomHorizontalFlip": "augment: [RandomHorizontalFlip]",
    "RandomVerticalFlip": "augment: [RandomVerticalFlip: 0.2]",
    "Cutout": "augment: [Cutout: 12]",
    "RandomErasing": "augment: [RandomErasing: {p: 0.25}]",
    "RandomResizedCrop": "augment: [RandomResizedCrop: {size: 32, scale: [0.35, 1.0]}]",
    "RandomRotation": "augment: [RandomRotation: 10]",
    "RandomAffine": "augment: [RandomAffine: {degrees: 10, translate: [0.1, 0.1]}]",
    "ColorJitter": "augment: [ColorJitter: {brightness: 0.2, contrast: 0.2, saturation: 0.2}]",
    # data sets
    "CIFAR10": "data: {dataset: CIFAR10, validation: 0.1}",
    "SVHN": "data: {dataset: SVHN, validation: 0.1}",
    "folder": "data: {dataset: folder, root: my-images, resize: 32}",
    "synthetic": "data: {dataset: synthetic, samples: 4096}",
}  # fmt: skip

_WHOLE: Final = {
    "aux_weight": """\
layers:
  stem: {Conv2d: {out_channels: 8, kernel_size: 3}}
  helper: {from: stem, when: training, Sequential: [Flatten, Linear: 10]}
  head: {from: stem, Sequential: [Flatten, Linear: 10]}
outputs: {logits: head, aux: helper}
train:
  aux_weight: 0.4
""",
    "NLLLoss": """\
layers: [Flatten, Linear: 10, LogSoftmax]
train:
  loss: NLLLoss
""",
    "CIFAR100": """\
layers: [Flatten, Linear: 100]
train:
  data: {dataset: CIFAR100, validation: 0.1}
""",
    "STL10": """\
input: [3, 96, 96]
train:
  data: {dataset: STL10, validation: 0.1}
""",
    **{
        name: f"""\
input: {{shape: [64], dtype: int64, below: {below}}}
layers: [Embedding: {{num_embeddings: {below}, embedding_dim: 32}}, Mean: 1, Linear: 4]
train:
  data: {{{said}}}
"""
        for name, below, said in (
            ("table", 5000, "dataset: table, root: reviews.csv, validation: 0.1"),
            ("text", 5000, "dataset: table, root: reviews.csv, text: review"),
            ("label", 5000, "dataset: table, root: reviews.csv, label: stars"),
            ("tokenizer", 257, "dataset: table, root: reviews.csv, tokenizer: bytes"),
        )
    },
    "digits": """\
input: [1, 8, 8]
train:
  data: {dataset: digits, validation: 0.1}
""",
    **{
        name: f"""\
input: [1, 28, 28]
train:
  data: {{dataset: {name}, validation: 0.1}}
"""
        for name in ("MNIST", "FashionMNIST", "KMNIST")
    },
}


def sample(name: str) -> str:
    """The sample of a key, a choice or a data set, as lines of YAML."""
    if name in _WHOLE:
        return _WHOLE[name]
    text = _TRAIN[name]
    return f"train: {text}\n" if text.startswith("{") else f"train:\n  {text}\n"
