"""The input path: a data set on disk → normalised batches on the device.

`open_data` finds the files, decodes them once, checks them against the network and splits them;
`Data.batches` then augments and normalises whole batches where they are used. Every draw is a pure
function of (seed, epoch, index).
"""

from netspec.train.data.data import Batch, Data, DataInfo, Split, held_out_words
from netspec.train.data.data_checks import check_weights
from netspec.train.data.decoding.decode import UnreadableImage
from netspec.train.data.decoding.pictures import Pictures, load_images
from netspec.train.data.decoding.streaming import worker_failure
from netspec.train.data.open_data import open_data
from netspec.train.data.open_sources import Known
from netspec.train.data.sets.class_folders import class_folders
from netspec.train.data.sets.class_names import class_names
from netspec.train.data.sets.named_images import STDIN, Unread, named_images, why_absent

__all__ = [
    "STDIN",
    "Batch",
    "Data",
    "DataInfo",
    "Known",
    "Pictures",
    "Split",
    "Unread",
    "UnreadableImage",
    "check_weights",
    "class_folders",
    "class_names",
    "held_out_words",
    "load_images",
    "named_images",
    "open_data",
    "why_absent",
    "worker_failure",
]
