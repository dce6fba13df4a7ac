"""`gateway demo`: real models, a gateway in front of them, and a little traffic."""

from gateway.demo.command import command

__all__ = ["command"]
