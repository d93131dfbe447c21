"""The machine that a run is on: device, precision, processes, signals, memory."""
