"""Addresses as people write them: where to listen, where models stand, which networks are meant.

It decides what an address is; a `DueError` says what one looks like. It must not resolve or open anything.
"""

import re
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from gateway.config.units import DueError
from gateway.core.model import Endpoint

_LABEL = "[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z)({_LABEL}\.)*{_LABEL}\.?")
_LISTEN_DUE = "an address and a port such as 0.0.0.0:8080, [::]:8080 or localhost:9090 is due"
_ENDPOINT_DUE = "an address such as http://10.0.0.1:8000, https://models.internal or unix:/run/model.sock is due"
_PORTS = {"http": 80, "https": 443}


def listen_address(text: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`; an IPv6 address stands in brackets."""
    host, colon, port = text.rpartition(":")
    if not colon:
        raise DueError(_LISTEN_DUE)
    try:
        return _host(host), _port(port)
    except ValueError as error:
        raise DueError(f"{_LISTEN_DUE} ({error})") from None


def endpoint(text: str) -> Endpoint:
    """One `http://`, `https://` or `unix:` address of a model."""
    scheme, colon, rest = text.partition(":")
    if scheme == "unix" and colon:
        return Endpoint(text, "unix", path=_socket_path(rest))
    if scheme not in _PORTS or not rest.startswith("//"):
        raise DueError(_ENDPOINT_DUE)
    host, port = _authority(rest[2:].removesuffix("/"), _PORTS[scheme])
    return Endpoint(text, "http" if scheme == "http" else "https", host, port)


def network(text: str) -> str:
    """A network in CIDR form; a bare address is a network of one."""
    try:
        return str(ip_network(text))
    except ValueError:
        pass
    try:
        wider = ip_network(text, strict=False)
    except ValueError:
        raise DueError("a network such as 10.0.0.0/8 or fd00::/8, or an address, is due") from None
    raise DueError(f"a network without host bits is due: {wider}")


def address(text: str) -> str:
    """An IP address in its canonical form."""
    try:
        return str(ip_address(text))
    except ValueError:
        raise DueError("an IP address is due") from None


def web_url(text: str) -> str:
    """An `http://` or `https://` URL without credentials."""
    due = "a URL such as https://hooks.example.com/gateway is due"
    if not re.fullmatch(r"https?://[\x21-\x7e]+", text):
        raise DueError(due)
    try:
        parts = urlsplit(text)
        _authority(parts.netloc, _PORTS[parts.scheme])
    except DueError:
        raise
    except ValueError as error:
        raise DueError(f"{due} ({error})") from None
    return text


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _socket_path(path: str) -> str:
    path = path.removeprefix("//")
    if not path.startswith("/") or len(path.encode()) > 107 or "\0" in path:
        raise DueError("an absolute path of at most 107 bytes, such as unix:/run/model.sock, is due")
    return path


def _authority(text: str, default: int) -> tuple[str, int]:
    if "@" in text:
        raise ValueError("credentials may not stand in an address; set a header from a reference instead")
    if found := re.search(r"[/?#]", text):
        raise ValueError(f"nothing may follow the port: what begins with {found[0]} belongs in the variant's path")
    bare = text.endswith("]") or ":" not in text
    host, _, port = (text, "", "") if bare else text.rpartition(":")
    try:
        return _host(host), default if bare else _port(port)
    except ValueError as error:
        raise DueError(f"{_ENDPOINT_DUE} ({error})") from None


def _host(text: str) -> str:
    if text.startswith("[") and text.endswith("]"):
        return _ipv6(text[1:-1])
    if re.fullmatch(r"[0-9.]+", text):
        return _ipv4(text)
    if not _HOST.fullmatch(text):
        raise ValueError(
            "an IPv6 address stands in brackets" if ":" in text else "the host is not a name or an address"
        )
    return text.lower()


def _ipv4(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise ValueError("the host is not an IPv4 address") from None


def _ipv6(text: str) -> str:
    try:
        found = ip_address(text)
    except ValueError:
        found = None
    if found is None or found.version != 6 or "%" in text:
        raise ValueError("what stands in brackets is not an IPv6 address")
    return str(found)


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        raise ValueError("the port is not 1 to 65535")
    return int(text)
