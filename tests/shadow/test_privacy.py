"""What is left out of messages that are kept."""

from gateway.core.copies import Asked, Observation
from gateway.core.model import Headers
from gateway.shadow.privacy import clean_reply, clean_request, secret_names
from tests.shadow.stage import variant

VARIANTS = (
    variant("live", headers=Headers((("X-Own", "s3cret"),))),
    variant("candidate", headers=Headers(remove=("X-Token",))),
)
FIELDS = tuple(
    (name, b"s3cret")
    for name in (b"Authorization", b"COOKIE", b"proxy-authorization", b"X-Api-Key", b"x-own", b"x-token", b"Set-Cookie")
)


def test_fields_that_may_be_secret_are_left_out() -> None:
    """Those that are so everywhere, and all that the settings of either variant name."""
    names = secret_names(VARIANTS)
    kept = ((b"X-A", b"1"), (b"x-a", b"2"))
    asked = Asked(b"GET", b"/", b"", (*FIELDS, *kept), b"body", "id")
    reply = Observation(200, (*kept, *FIELDS), b"body", 0.1)
    assert clean_request(asked, names) == Asked(b"GET", b"/", b"", kept, b"body", "id")
    assert clean_reply(reply, names) == Observation(200, kept, b"body", 0.1)
