"""Pure decisions. Data in, data out: no clock, no randomness, no input or output of its own."""
