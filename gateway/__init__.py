"""A model-serving gateway: one stable URL in front, model variants behind, changed without risk."""

__version__ = "0.1.0"
