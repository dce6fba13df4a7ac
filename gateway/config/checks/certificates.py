"""Certificate files: each exists, can be read, and fits its key. The only check that opens files of its own."""

import ssl
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path as FilePath
from typing import Literal

from gateway.config.checks.review import Review
from gateway.config.faults import Fault
from gateway.config.nodes import Path, Scalar, find
from gateway.config.references import holds_reference
from gateway.config.variants import UpstreamTls

_Pair = tuple[Literal["cert", "key"], str]


def check(review: Review) -> Iterator[Fault]:
    """Every fault of a tls mapping."""
    files = _Files()
    for index, listen in enumerate(review.document.listen):
        if listen.tls is not None:
            yield from _pair(review, files, (listen.tls.cert, listen.tls.key), path=("listen", index, "tls"))
    for name, variant in review.document.variants.items():
        if "tls" in variant.model_fields_set:
            yield from _upstream(review, files, variant.tls, path=("variants", name, "tls"))


def _upstream(review: Review, files: "_Files", tls: UpstreamTls, *, path: Path) -> Iterator[Fault]:
    if tls.ca is not None and (reason := files.unreadable(tls.ca) or files.untrusted(tls.ca)):
        yield _fault(review, tls.ca, reason, path=(*path, "ca"))
    if tls.cert is not None and tls.key is not None:
        yield from _pair(review, files, (tls.cert, tls.key), path=path)
    elif (tls.cert is not None or tls.key is not None) and review.clean(*path):
        given, lacking = ("cert", "key") if tls.cert is not None else ("key", "cert")
        yield review.at_value(f"{given} needs {lacking} beside it", *path, given)


def _pair(review: Review, files: "_Files", pair: tuple[str, str], *, path: Path) -> Iterator[Fault]:
    unreadable = False
    for name, file in zip(("cert", "key"), pair, strict=True):
        if reason := files.unreadable(file):
            unreadable = True
            yield _fault(review, file, reason, path=(*path, name))
    if not unreadable and (unfit := files.unfit(pair)):
        name, reason = unfit
        yield _fault(review, pair[0] if name == "cert" else pair[1], reason, path=(*path, name))


def _fault(review: Review, file: str, reason: str, *, path: Path) -> Fault:
    node, _ = find(review.root, path)
    written = isinstance(node, Scalar) and holds_reference(node.text)
    return review.at_value(f"{node.text if isinstance(node, Scalar) and written else file} {reason}", *path)


class _Files:
    """What is wrong with files, each looked at once however many name it; nothing where all is well."""

    def __init__(self) -> None:
        self.unreadable: Callable[[str], str] = cache(_unreadable)
        self.untrusted: Callable[[str], str] = cache(_untrusted)
        self.unfit: Callable[[tuple[str, str]], _Pair | None] = cache(_unfit)


def _unreadable(file: str) -> str:
    path = FilePath(file)
    try:
        # Not opened unless it is a file: a pipe would keep the check waiting for ever.
        if not path.is_file():
            return "is not a file" if path.exists() else "does not exist"
        with path.open("rb") as opened:
            opened.read(1)
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    return ""


def _untrusted(file: str) -> str:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except (ssl.SSLError, OSError):
        return "holds no certificate in PEM form"
    return ""


def _unfit(pair: tuple[str, str]) -> _Pair | None:
    cert, key = pair
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # The empty passphrase keeps OpenSSL from asking for one on the terminal.
        context.load_cert_chain(cert, key, password=lambda: "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            return "key", "does not belong to the certificate beside it"
        if reason := _untrusted(cert):
            return "cert", reason
        return "key", "holds no private key in PEM form without a passphrase"
    except (OSError, ValueError) as error:
        return "cert", f"cannot be loaded with its key: {error}"
    return None
