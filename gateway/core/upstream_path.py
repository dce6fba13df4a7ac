"""A request's path on its way to one variant: what the variant's own `path` and `model` make of the client's.

Knows no query, which always stays, and no endpoint.
"""

from gateway.core.bodies import write_model_path
from gateway.core.model import Route, Variant


def upstream_path(path: bytes, route: Route, variant: Variant) -> bytes:
    """The path that the variant is asked for, where the client asked that route for `path`."""
    if variant.path is not None:
        path = variant.path.encode().replace(b"{rest}", _rest(path, route.match.path))
    if variant.model is not None and route.protocol == "oip":
        path = write_model_path(path, variant.model)
    return path


def _rest(path: bytes, pattern: str) -> bytes:
    """What `*` stood for in the path of a prefix route; empty for an exact one."""
    return path[len(pattern.encode()) - 1 :] if pattern.endswith("/*") else b""
