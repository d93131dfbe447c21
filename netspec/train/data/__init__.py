"""The input path: a data set on disk → normalised batches on the device.

`open_data` finds the files, decodes them once, checks them against the network and splits them;
`Data.batches` then augments and normalises whole batches where they are used. Every draw is a pure
function of (seed, epoch, index).
"""

from netspec.train.data.arrays import Inputs
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
from netspec.train.data.tables.table_file import is_table
from netspec.train.data.tables.texts import named_texts, text_reader

__all__ = [
    "STDIN",
    "Batch",
    "Data",
    "DataInfo",
    "Inputs",
    "Known",
    "Pictures",
    "Split",
    "Unread",
    "UnreadableImage",
    "check_weights",
    "class_folders",
    "class_names",
    "held_out_words",
    "is_table",
    "load_images",
    "named_images",
    "named_texts",
    "open_data",
    "text_reader",
    "why_absent",
    "worker_failure",
]
