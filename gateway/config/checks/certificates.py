"""Certificate files: each exists, can be read, and fits its key. The only check that opens files of its own."""

import ssl
from collections.abc import Iterator
from pathlib import Path as FilePath

from gateway.config.checks.review import Review
from gateway.config.faults import Fault
from gateway.config.nodes import Path
from gateway.config.variants import UpstreamTls


def check(review: Review) -> Iterator[Fault]:
    """Every fault of a tls mapping. Files that several name are opened once."""
    files = _Files()
    for index, listen in enumerate(review.document.listen):
        if listen.tls is not None:
            yield from _pair(review, files, (listen.tls.cert, listen.tls.key), ("listen", index, "tls"))
    for name, variant in review.document.variants.items():
        if "tls" in variant.model_fields_set:
            yield from _upstream(review, files, variant.tls, ("variants", name, "tls"))


def _upstream(review: Review, files: "_Files", tls: UpstreamTls, path: Path) -> Iterator[Fault]:
    if tls.ca is not None and (message := files.authority(tls.ca)):
        yield review.at_value(message, *path, "ca")
    if tls.cert is not None and tls.key is not None:
        yield from _pair(review, files, (tls.cert, tls.key), path)
    elif tls.cert is not None or tls.key is not None:
        given, lacking = ("cert", "key") if tls.cert is not None else ("key", "cert")
        if review.clean(*path):
            yield review.at_value(f"{given} needs {lacking} beside it", *path, given)


def _pair(review: Review, files: "_Files", pair: tuple[str, str], path: Path) -> Iterator[Fault]:
    for name, file in zip(("cert", "key"), pair, strict=True):
        if message := files.readable(file):
            yield review.at_value(message, *path, name)
    if not any(files.readable(file) for file in pair) and (message := files.pair(*pair)):
        yield review.at_value(message, *path, "key" if "key" in message.split() else "cert")


class _Files:
    """What is wrong with files, each looked at once; empty where nothing is."""

    def __init__(self) -> None:
        self._readable: dict[str, str] = {}
        self._pairs: dict[tuple[str, str], str] = {}
        self._authorities: dict[str, str] = {}

    def readable(self, file: str) -> str:
        if file not in self._readable:
            self._readable[file] = _unreadable(FilePath(file))
        return self._readable[file]

    def pair(self, cert: str, key: str) -> str:
        if (cert, key) not in self._pairs:
            self._pairs[cert, key] = _unfit(cert, key)
        return self._pairs[cert, key]

    def authority(self, file: str) -> str:
        if file not in self._authorities:
            self._authorities[file] = self.readable(file) or _untrusted(file)
        return self._authorities[file]


def _unreadable(file: FilePath) -> str:
    try:
        # Not opened unless it is a file: a pipe would keep the check waiting for ever.
        if not file.is_file():
            return f"{file} {'is not a file' if file.exists() else 'does not exist'}"
        with file.open("rb") as opened:
            opened.read(1)
    except OSError as error:
        return f"{file} cannot be read: {error.strerror or error}"
    return ""


def _unfit(cert: str, key: str) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # The empty passphrase keeps OpenSSL from asking for one on the terminal.
        context.load_cert_chain(cert, key, password=lambda: "")
    except ssl.SSLError as error:
        return _reason(error, cert, key)
    except (OSError, ValueError) as error:
        return f"{cert} and the key {key} cannot be loaded: {error}"
    return ""


def _reason(error: ssl.SSLError, cert: str, key: str) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"the private key {key} does not belong to the certificate {cert}"
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cert)
    except (ssl.SSLError, OSError):
        return f"{cert} holds no certificate in PEM form"
    return f"{key} holds no private key in PEM form without a passphrase"


def _untrusted(file: str) -> str:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except (ssl.SSLError, OSError):
        return f"{file} holds no certificates in PEM form"
    return ""
