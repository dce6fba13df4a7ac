"""Load, misbehaving models and soaks: everything that presses on a gateway from outside.

It knows the gateway as any user does: its command, its file, its HTTP, its metrics. It imports none of its parts.
"""
