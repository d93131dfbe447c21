"""The step, the loop, and all that a run changes. It chooses no data and no device."""
