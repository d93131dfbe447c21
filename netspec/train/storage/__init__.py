"""Files that are whole or not there: checkpoints, weights, the folder of a run."""
