"""TLS contexts for both sides. HTTP/1.1 is the only protocol offered."""

import ssl


def server_context(cert: str, key: str) -> ssl.SSLContext:
    """For a listener; raises OSError or ssl.SSLError when the files cannot be used."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    context.set_alpn_protocols(["http/1.1"])
    return context


def client_context(ca: str | None, cert: str | None, key: str | None, *, verify: bool) -> ssl.SSLContext:
    """For endpoints: their own authority `ca` in place of the system's, and a client certificate where one is given."""
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=ca)
    context.set_alpn_protocols(["http/1.1"])
    if cert is not None:
        context.load_cert_chain(cert, key)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
