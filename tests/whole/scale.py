"""How large a proof is: short within `make test`, in full by `make proofs`. It is the same code with other numbers."""

import os
from typing import TypeVar

T = TypeVar("T")
FULL = os.environ.get("PROOFS") == "full"


def sized(short: T, full: T) -> T:
    """The one that this run is to use."""
    return full if FULL else short


def tell(what: str) -> None:
    """A figure that was measured; `make proofs` shows it."""
    print(f"  measured: {what}", flush=True)
