"""The JSON Schema of a spec's `train:` section, which is also what editors offer there.

Its defaults are those of `Recipe`.
"""

from netspec.json_schema import Schema
from netspec.recipe.augmentations import AUGMENTATIONS
from netspec.recipe.data_sets import DATA_SETS
from netspec.recipe.losses import LOSSES
from netspec.recipe.optimizers import OPTIMIZERS
from netspec.recipe.recipe import EMA_DECAY, DataRecipe, Recipe, Warmup
from netspec.recipe.schedulers import SCHEDULERS
from netspec.recipe.schema import (
    boolean,
    choice,
    integer,
    mapping,
    number,
    numbers,
    one_of,
    string,
)

_AUTO = ["auto", True, False]

_NORMALIZE = mapping(
    "What is taken from pixels of 0 to 1, and what they are divided by; `auto`: the training set's "
    "own mean and standard deviation; `imagenet`: ImageNet's; `none`: neither; or both given.",
    {
        "mean": numbers("Mean of each channel, or one for all.", single=True),
        "std": numbers(
            "Standard deviation of each channel, or one for all.", single=True, exclusiveMinimum=0
        ),
    },
    required=["mean", "std"],
    default="auto",
)
# A word or a mapping: the words are told apart from misspelt ones by the recipe, in one sentence.
_NORMALIZE["type"] = ["string", "object", "null"]

DATA_SCHEMA: Schema = mapping(
    "What the network is trained on.",
    {
        "dataset": one_of(
            "A data set's name: one of torchvision's, `folder` (images in one folder a class), "
            "`table` (texts or token ids in a CSV, TSV or JSON Lines file), `digits` "
            "(scikit-learn's) or `synthetic` (made on the spot). Left out: `folder` where a root "
            "is given.",
            [*DATA_SETS, None],
            DataRecipe.dataset,
        ),
        "root": string(
            "Where the data set's files are, or an archive of a class-folder tree: relative to the "
            "file that says it. Left out: `data` where you stand. Also `--data`.",
            DataRecipe.root,
        ),
        "validation": number(
            "Share of the training set held out for validation, that share of each class; with 0 "
            "the test set is looked at only at the end.",
            DataRecipe.validation,
            null=True,
            minimum=0,
            exclusiveMaximum=1,
        ),
        "resize": numbers(
            "Height and width that images are resized to, or one number for both.",
            None,
            least=2,
            most=2,
            single=True,
            null=True,
            whole=True,
            minimum=1,
            maximum=65_536,
        ),
        "channels": one_of(
            "Turn images into grey (1) or red, green and blue (3); left out: as they are.",
            [1, 3, None],
            DataRecipe.channels,
        ),
        "normalize": _NORMALIZE,
        "in_memory": one_of(
            "Keep the decoded images on the device; `auto`: where they fit.",
            _AUTO,
            DataRecipe.in_memory,
        ),
        "workers": integer(
            "Processes that decode images which don't stay in memory; left out: one a core, at "
            "most 8.",
            DataRecipe.workers,
            null=True,
            minimum=0,
            maximum=256,
        ),
        "samples": integer(
            "Training samples of the `synthetic` data set; its test set has a quarter as many.",
            DataRecipe.samples,
            minimum=4,
            maximum=10_000_000,
        ),
        "skip_broken": boolean(
            "Leave out images that cannot be read, each told, instead of ending at the first.",
            DataRecipe.skip_broken,
        ),
        "text": string("The column of a `table` that holds texts or token ids.", DataRecipe.text),
        "label": string("The column of a `table` that names each row's class.", DataRecipe.label),
        "tokenizer": one_of(
            "How a text becomes the network's integers, 0 for padding: `whitespace`, the most "
            "frequent words, 1 for any other; `bytes`, each byte of UTF-8 and 1; `ids`, the "
            "column holds whole numbers.",
            ["whitespace", "bytes", "ids"],
            DataRecipe.tokenizer,
        ),
    },
    default={},
)

TRAIN_SCHEMA: Schema = mapping(
    "How the network is trained.",
    {
        "seed": integer(
            "Seed of weights, split, order and augmentation.",
            Recipe.seed,
            minimum=0,
            maximum=2**63 - 1,
        ),
        "epochs": integer(
            "Passes over the training set.", Recipe.epochs, minimum=1, maximum=1_000_000
        ),
        "batch_size": integer(
            "Images a step, over all processes together.",
            Recipe.batch_size,
            minimum=1,
            maximum=10_000_000,
        ),
        "eval_batch_size": integer(
            "Images a step in evaluation; left out: `batch_size`.",
            None,
            null=True,
            minimum=1,
            maximum=10_000_000,
        ),
        "data": DATA_SCHEMA,
        "augment": {
            "type": ["array", "null"],
            "description": "Random changes of the training images, in this order.",
            "items": choice("One random change.", AUGMENTATIONS),
            "default": [],
        },
        "loss": choice("What is minimised.", LOSSES, default=Recipe.loss.name),
        "aux_weight": number("Weight of each auxiliary head's loss.", Recipe.aux_weight, minimum=0),
        "optimizer": choice(
            "How weights follow gradients.",
            OPTIMIZERS,
            default={Recipe.optimizer.name: dict(Recipe.optimizer.args)},
        ),
        "scheduler": choice(
            "How the learning rate changes; left out: it stays.",
            SCHEDULERS,
            null=True,
            default=None,
        ),
        "scheduler_interval": one_of(
            "What the scheduler counts; `auto`: steps for OneCycleLR and for a schedule whose "
            "length is left out, else epochs.",
            ["auto", "epoch", "step"],
            "auto",
        ),
        "warmup": mapping(
            "A straight line up to the learning rate at the start of the run, step by step.",
            {
                "epochs": number("Length in epochs.", Warmup.epochs, exclusiveMinimum=0),
                "start_factor": number(
                    "Factor of the first step.",
                    Warmup.start_factor,
                    exclusiveMinimum=0,
                    maximum=1,
                ),
            },
            bare=True,
            null=True,
            default=None,
        ),
        "ema": mapping(
            "Keep a running average of the weights, which is what is evaluated and saved.",
            {
                "decay": number(
                    "Share of the average kept at each step.",
                    EMA_DECAY,
                    minimum=0,
                    exclusiveMaximum=1,
                )
            },
            bare=True,
            null=True,
            default=None,
        ),
        "clip_grad_norm": number(
            "Greatest norm of all gradients together; left out: no clipping.",
            Recipe.clip_grad_norm,
            null=True,
            exclusiveMinimum=0,
        ),
        "metric": one_of(
            "What decides which epoch's weights are the best, on the validation set.",
            ["accuracy", "loss"],
            Recipe.metric,
        ),
        "precision": one_of(
            "What the network computes in; `auto`: bf16 on a GPU that has it, else float32; fp16 "
            "goes with a loss scaler.",
            ["auto", "float32", "bf16", "fp16"],
            Recipe.precision,
        ),
        "channels_last": one_of(
            "Memory layout of images and convolutions; `auto`: where it is faster.",
            _AUTO,
            Recipe.channels_last,
        ),
        "compile": boolean("Run the network through `torch.compile`.", Recipe.compile),
        "cuda_graph": one_of(
            "Capture the whole step in a CUDA graph; `auto`: on one GPU, where it is possible.",
            _AUTO,
            Recipe.cuda_graph,
        ),
        "deterministic": boolean(
            "Only algorithms that give the same bytes each time; the CPU's always do.",
            Recipe.deterministic,
        ),
        "log_interval": integer(
            "Steps between two rows of the log.", Recipe.log_interval, minimum=1
        ),
        "checkpoint_interval": integer(
            "Steps between two checkpoints; left out: one at the end of each epoch.",
            Recipe.checkpoint_interval,
            null=True,
            minimum=1,
        ),
        "weights": string(
            "A file of weights to start from, relative to the file that says it; its head may "
            "differ. Also `--weights`.",
            Recipe.weights,
            null=True,
        ),
    },
    default={},
)
