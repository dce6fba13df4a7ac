"""TLS contexts, made away from the loop: to read a machine's authorities takes some 30 ms. Those who speak alike share
one."""

import ssl
from collections.abc import Iterable
from dataclasses import replace

from gateway.core import model
from gateway.errors import StartError
from gateway.proxy.pieces import Pieces
from gateway.wire.tls import client_context, server_context

Contexts = dict[model.UpstreamTls, ssl.SSLContext]


def key(variant: model.Variant) -> model.UpstreamTls:
    """What the variant's context is filed under: the name it expects makes no difference to it."""
    return replace(variant.tls, server_name=None) if variant.tls.server_name is not None else variant.tls


async def contexts(variants: Iterable[model.Variant], known: Contexts, pieces: Pieces) -> Contexts:
    """A context for each way that `https` endpoints are spoken to; StartError when one cannot be made."""
    made: Contexts = {}
    for variant in variants:
        if any(endpoint.scheme == "https" for endpoint in variant.endpoints):
            settings = key(variant)
            if settings not in made:
                made[settings] = known.get(settings) or await _client(variant, pieces)
        await pieces.breathe()
    return made


async def for_listener(listener: model.Listener, pieces: Pieces) -> ssl.SSLContext | None:
    """A listener's context, if it has one; StartError when it cannot be made."""
    cert, key = listener.cert, listener.key
    if cert is None or key is None:
        return None
    try:
        return await pieces.aside(lambda: server_context(cert, key))
    except (OSError, ssl.SSLError) as error:
        raise StartError(f"cannot use the TLS files {cert} and {key}: {error}") from None


async def _client(variant: model.Variant, pieces: Pieces) -> ssl.SSLContext:
    tls = variant.tls
    try:
        return await pieces.aside(lambda: client_context(tls.ca, tls.cert, tls.key, verify=tls.verify))
    except (OSError, ssl.SSLError) as error:
        files = " and ".join(file for file in (tls.ca, tls.cert, tls.key) if file is not None)
        raise StartError(f"variant {variant.name}: cannot use the TLS files {files}: {error}") from None
