"""Names that records of changes bear: who did something, to what, and what a text is known by."""

import hashlib

from gateway.core.records import Override

GATEWAY = "gateway"
"""Who does what nobody asked for."""
FILE = "file"
"""The author of what comes from the configuration file."""


def digest(text: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(text).hexdigest()


def subject(override: Override) -> str:
    """What it is about."""
    return f"{'route' if override.kind == 'split_set' else 'variant'} {override.subject}"
