"""Listening sockets: from a host and a port to sockets that listen, or one line that says why not.

It decides which of a name's addresses are bound. It must not know who will accept.
"""

import errno
import socket

from gateway.errors import StartError

BACKLOG = 4096
"""Connections that may wait to be accepted; the kernel's own bound (net.core.somaxconn) holds as well."""

UNSENT = 128 << 10
"""Bytes the kernel takes for a client that does not read, beyond those on their way (tcp(7): TCP_NOTSENT_LOWAT). It
would take megabytes for each, and a thousand such clients would have them all fetched and copied. Connections inherit
it from their listener."""

Address = tuple[int, tuple[str, int]]
"""A family, and a host and port in it."""

_ABSENT = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}


def listen(host: str, port: int) -> list[socket.socket]:
    """A socket for each address of the host. StartError when none can be bound, or one is taken."""
    try:
        return bind(resolve(host, port))
    except OSError as error:
        raise StartError(_reason(host, port, error)) from None


def bind(addresses: list[Address]) -> list[socket.socket]:
    """A socket for each; those this machine does not have are left out when there are others. OSError otherwise, and
    nothing stays bound."""
    sockets: list[socket.socket] = []
    absent: OSError | None = None
    for family, address in addresses:
        try:
            sockets.append(_bound(family, address))
        except OSError as error:
            if error.errno not in _ABSENT:
                _close(sockets)
                raise
            absent = error
    if not sockets and absent is not None:
        raise absent
    return sockets


def resolve(host: str, port: int) -> list[Address]:
    """The addresses of a host, each once; an empty host stands for all IPv4 addresses."""
    try:
        found = socket.getaddrinfo(host or "0.0.0.0", port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise StartError(f"cannot listen on {_authority(host, port)}: unknown host {host!r}") from None
    return list(dict.fromkeys((family, (str(address[0]), port)) for family, _, _, _, address in found))


def shown(listener: socket.socket, scheme: str) -> str:
    """The URL of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"{scheme}://{_authority(host, port)}"


def _bound(family: int, address: tuple[str, int]) -> socket.socket:
    """Without SO_REUSEPORT, so that a second gateway on the same address is refused; an IPv6 address takes no IPv4."""
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def _reason(host: str, port: int, error: OSError) -> str:
    address = _authority(host, port)
    match error.errno:
        case errno.EADDRINUSE:
            return f"another gateway or program already listens on {address}"
        case errno.EACCES | errno.EPERM:
            return f"no permission to listen on {address}: a port below 1024 needs more rights, or choose a higher one"
        case errno.EADDRNOTAVAIL:
            return f"cannot listen on {address}: this machine has no such address"
        case _:
            return f"cannot listen on {address}: {error.strerror}"


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _close(sockets: list[socket.socket]) -> None:
    for one in sockets:
        one.close()
