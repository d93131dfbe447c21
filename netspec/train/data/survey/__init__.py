"""What a data set holds, told before any training: its files looked at, and seen as a picture."""
