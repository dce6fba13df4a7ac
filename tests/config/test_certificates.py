"""TLS files: found, read, fitting, and never asked a passphrase for."""

import os
from pathlib import Path

import pytest

from gateway.config.digests import digest
from gateway.config.faults import ConfigError, Fault
from gateway.config.load import load
from gateway.core.model import Listener, UpstreamTls
from tests.config import certificates
from tests.config.fault_cases import completed


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of all kinds."""
    folder = tmp_path_factory.mktemp("tls")
    certificates.write(folder)
    os.mkfifo(folder / "pipe.pem")
    return folder


def faults(text: str, folder: Path) -> list[Fault]:
    """What the file is refused for."""
    with pytest.raises(ConfigError) as refused:
        load(completed(text).encode(), name="x", folder=folder)
    return list(refused.value.faults)


def test_relative_paths_begin_at_the_files_folder(folder: Path) -> None:
    text = (
        "listen: [{address: '0.0.0.0:443', tls: {cert: cert.pem, key: key.pem}}]\n"
        "variants:\n"
        "  a: {endpoints: [https://x], tls: {ca: ca.pem, cert: cert.pem, key: key.pem}}\n"
        "  b: {endpoints: [http://x]}"
    )
    snapshot = load(completed(text).encode(), name="x", folder=folder).snapshot
    cert, key, ca = (str(folder / name) for name in ("cert.pem", "key.pem", "ca.pem"))
    assert snapshot.listen == (Listener("0.0.0.0", 443, cert, key, digest(cert, key)),)
    assert snapshot.variants["a"].tls == UpstreamTls(ca, cert, key, digest=digest(ca, cert, key))


def test_a_file_that_changes_makes_another_snapshot(folder: Path) -> None:
    text = completed("listen: [{address: '0.0.0.0:443', tls: {cert: cert.pem, key: key.pem}}]").encode()
    before = load(text, name="x", folder=folder)
    assert load(text, name="x", folder=folder).snapshot == before.snapshot
    cert = folder / "cert.pem"
    cert.write_bytes(cert.read_bytes() + b"\n")
    assert load(text, name="x", folder=folder).snapshot != before.snapshot
    assert before.files == (str(cert), str(folder / "key.pem"))


def test_no_file_and_a_file_that_is_gone_have_digests_of_their_own(folder: Path) -> None:
    assert digest(None) == ""
    assert digest(str(folder / "none.pem")) not in ("", digest(str(folder / "cert.pem")))


@pytest.mark.parametrize(
    ("cert", "key", "at", "reason"),
    [
        ("none.pem", "key.pem", "cert", "does not exist"),
        ("cert.pem", "none.pem", "key", "does not exist"),
        (".", "key.pem", "cert", "is not a file"),
        ("cert.pem", "pipe.pem", "key", "is not a file"),
        ("cert.pem", "other.pem", "key", "does not belong to the certificate beside it"),
        ("junk.pem", "key.pem", "cert", "holds no certificate in PEM form"),
        ("cert.pem", "junk.pem", "key", "holds no private key in PEM form without a passphrase"),
        ("cert.pem", "locked.pem", "key", "holds no private key in PEM form without a passphrase"),
        ("key.pem", "cert.pem", "cert", "holds no certificate in PEM form"),
    ],
)
def test_a_pair_that_cannot_serve_is_told_where_it_is_named(
    folder: Path, cert: str, key: str, at: str, reason: str
) -> None:
    tls = f"{{cert: {cert}, key: {key}}}"
    (fault,) = faults(f"listen: [{{address: '0.0.0.0:443', tls: {tls}}}]", folder)
    named = cert if at == "cert" else key
    assert (fault.path, fault.message) == (f"listen[0].tls.{at}", f"{folder / named} {reason}")
    (fault,) = faults(f"variants: {{a: {{endpoints: [https://x], tls: {tls}}}, b: {{endpoints: [http://x]}}}}", folder)
    assert (fault.path, fault.message) == (f"variants.a.tls.{at}", f"{folder / named} {reason}")


def test_both_missing_files_are_told(folder: Path) -> None:
    found = faults("listen: [{address: '0.0.0.0:443', tls: {cert: a.pem, key: b.pem}}]", folder)
    assert [fault.path for fault in found] == ["listen[0].tls.cert", "listen[0].tls.key"]


def test_authorities_must_hold_a_certificate(folder: Path) -> None:
    text = "variants: {a: {endpoints: [https://x], tls: {ca: junk.pem}}, b: {endpoints: [http://x]}}"
    (fault,) = faults(text, folder)
    assert (fault.path, fault.message) == ("variants.a.tls.ca", f"{folder}/junk.pem holds no certificate in PEM form")


def test_a_path_from_a_reference_is_shown_as_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHERE", "hunter2")
    text = "variants: {a: {endpoints: [https://x], tls: {ca: '${env:WHERE}'}}, b: {endpoints: [http://x]}}"
    (fault,) = faults(text, folder)
    assert fault.message == "${env:WHERE} does not exist"


def test_a_file_that_cannot_be_read_is_told(folder: Path) -> None:
    """This one opens, and fails at the first byte, whoever reads it."""
    (fault,) = faults("listen: [{address: '0.0.0.0:443', tls: {cert: cert.pem, key: /proc/self/mem}}]", folder)
    assert fault.message == "/proc/self/mem cannot be read: Input/output error"
