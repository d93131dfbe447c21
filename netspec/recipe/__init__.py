"""The recipe: what a spec's `train:` section may say, and what it means. Needs no torch."""

from netspec.recipe.cross_checks import notes
from netspec.recipe.data_sets import DATA_SETS, MADE_SETS, TORCHVISION_SETS
from netspec.recipe.errors import RecipeError
from netspec.recipe.optimizers import states
from netspec.recipe.reading import recipe_from
from netspec.recipe.recipe import (
    IMAGENET,
    UNCHANGED,
    Choice,
    DataRecipe,
    Normalization,
    Recipe,
    Warmup,
)
from netspec.recipe.train_schema import TRAIN_SCHEMA

__all__ = [
    "DATA_SETS",
    "IMAGENET",
    "MADE_SETS",
    "TORCHVISION_SETS",
    "TRAIN_SCHEMA",
    "UNCHANGED",
    "Choice",
    "DataRecipe",
    "Normalization",
    "Recipe",
    "RecipeError",
    "Warmup",
    "notes",
    "recipe_from",
    "states",
]
