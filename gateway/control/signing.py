"""Signatures of webhooks, as the Standard Webhooks specification has them.

It decides what is signed, and by which key. It must not know what is sent, or where to.
"""

import base64
import binascii
import hmac

_PREFIX = "whsec_"


def sign(secret: str, identity: str, *, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`; `timestamp` in seconds since 1970."""
    signed = b".".join((identity.encode(), str(timestamp).encode(), body))
    digest = hmac.digest(key(secret), signed, "sha256")
    return f"v1,{base64.b64encode(digest).decode()}"


def key(secret: str) -> bytes:
    """What a secret stands for: `whsec_` and Base64 for those bytes, anything else for itself."""
    text = secret.removeprefix(_PREFIX)
    if text in {"", secret}:
        return secret.encode()
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return secret.encode()
