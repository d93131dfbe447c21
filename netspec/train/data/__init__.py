"""The input path: a data set on disk → normalised batches on the device.

`open_data` finds the files, decodes them once, checks them against the network and splits them;
`Data.batches` then augments and normalises whole batches where they are used. Every draw is a pure
function of (seed, epoch, index).
"""

from netspec.train.data.data import Batch, Data, DataInfo, Split
from netspec.train.data.data_checks import check_weights
from netspec.train.data.decoding.pictures import load_images
from netspec.train.data.decoding.streaming import worker_failure
from netspec.train.data.open_data import open_data
from netspec.train.data.open_sources import Known

__all__ = [
    "Batch",
    "Data",
    "DataInfo",
    "Known",
    "Split",
    "check_weights",
    "load_images",
    "open_data",
    "worker_failure",
]
