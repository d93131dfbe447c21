"""What is done to batches at random: a pure function of seed, epoch and index."""
