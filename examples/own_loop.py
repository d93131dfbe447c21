"""A spec used as a plain torch module, in a training loop of one's own.

python examples/own_loop.py
"""

from pathlib import Path

import torch
from sklearn.datasets import load_digits
from torch import nn

import netspec

SPECS = Path(__file__).parent.parent / "specs"


def main() -> None:
    """Train the small residual network for five epochs; print the test accuracy."""
    torch.manual_seed(0)
    module = netspec.build(SPECS / "resnet-digits.yaml", width=8)
    optimizer = torch.optim.AdamW(module.parameters(), lr=3e-3)
    digits = load_digits()
    images = torch.tensor(digits.images, dtype=torch.float32)[:, None] / 16
    labels = torch.tensor(digits.target)
    for _ in range(5):
        module.train()
        for batch in torch.randperm(1500).split(50):
            loss = nn.functional.cross_entropy(module(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    module.eval()
    with torch.no_grad():
        right = (module(images[1500:]).argmax(1) == labels[1500:]).sum().item()
    print(f"{right} of {len(images) - 1500} test images right")


if __name__ == "__main__":
    main()
