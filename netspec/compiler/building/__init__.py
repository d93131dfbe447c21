"""A checked network → torch modules. Only here does the compiler import torch."""
