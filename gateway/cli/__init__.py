"""The `gateway` command: what an operator types. Nothing imports it; each command lives in the module of its name."""

from gateway.cli.app import main

__all__ = ["main"]
