"""Configuration text to a snapshot, or every fault in it with its line and column."""
