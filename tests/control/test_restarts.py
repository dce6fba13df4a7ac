"""What needs a restart."""

from dataclasses import replace

import pytest

from gateway.config.secret import Secret
from gateway.config.settings import Admin, Notify, Settings, Token
from gateway.control.restarts import needed
from gateway.core.model import Listener

PLAIN = Listener("127.0.0.1", 8080)
SECURE = Listener("127.0.0.1", 8080, "/a.crt", "/a.key", "digest")
STARTED = Settings((PLAIN,), 2, Admin("127.0.0.1", 9090), Secret("sqlite:////g.db"))


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (STARTED, ()),
        (replace(STARTED, listen=(Listener("127.0.0.1", 8081),)), ("listen",)),
        (replace(STARTED, listen=(PLAIN, Listener("::1", 8080))), ("listen",)),
        (replace(STARTED, listen=(SECURE,)), ("listen",)),
        (replace(STARTED, workers=3), ("workers",)),
        (replace(STARTED, admin=Admin("127.0.0.1", 9091)), ("admin.listen",)),
        (replace(STARTED, admin=Admin("127.0.0.1", 9090, (Token("ci", "viewer", Secret("t")),))), ()),
        (replace(STARTED, store=Secret("sqlite:////other.db")), ("store",)),
        (replace(STARTED, notify=(Notify("https://a.example", ("reload_applied",)),)), ()),
        (replace(STARTED, workers=1, store=Secret("x"), listen=()), ("listen", "workers", "store")),
    ],
)
def test_what_takes_effect_at_a_start_only(wanted: Settings, names: tuple[str, ...]) -> None:
    assert needed(STARTED, wanted) == names


def test_a_listeners_certificate_may_change() -> None:
    started = replace(STARTED, listen=(SECURE,))
    other = replace(started, listen=(replace(SECURE, cert="/b.crt", key="/b.key", digest="other"),))
    assert needed(started, other) == ()
    assert needed(started, STARTED) == ("listen",)
