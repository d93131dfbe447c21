"""Files → pixels, once for all epochs or ahead of the steps. No label is read here."""
