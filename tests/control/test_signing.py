"""Signatures of webhooks, against the specification's own example."""

import base64
import hashlib
import hmac

import pytest

from gateway.control.signing import key, sign

PLAIN = b"\x31\xf2\x90\xab"
ENCODED = base64.b64encode(PLAIN).decode()


def test_the_published_example() -> None:
    """Any library of Standard Webhooks makes the same of it."""
    signature = sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body=b'{"test": 2432232314}',
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_identity_time_and_body_are_signed() -> None:
    digest = hmac.new(b"plain", b"evt_1.12.{}", hashlib.sha256).digest()
    expected = f"v1,{base64.b64encode(digest).decode()}"
    assert sign("plain", "evt_1", timestamp=12, body=b"{}") == expected
    others = [
        sign("Plain", "evt_1", timestamp=12, body=b"{}"),
        sign("plain", "evt_2", timestamp=12, body=b"{}"),
        sign("plain", "evt_1", timestamp=13, body=b"{}"),
        sign("plain", "evt_1", timestamp=12, body=b"{ }"),
    ]
    assert len({expected, *others}) == 5


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        ("plain text", b"plain text"),
        ("Schlüssel", "Schlüssel".encode()),
        (ENCODED, ENCODED.encode()),
        (f"whsec_{ENCODED}", PLAIN),
        (f"whsec_{ENCODED.rstrip('=')}", PLAIN),
        ("whsec_not base64!", b"whsec_not base64!"),
        ("whsec_ü", "whsec_ü".encode()),
        ("whsec_A", b"whsec_A"),
        ("whsec_", b"whsec_"),
        ("", b""),
    ],
)
def test_what_a_secret_stands_for(secret: str, expected: bytes) -> None:
    assert key(secret) == expected
