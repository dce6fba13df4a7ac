"""What a variant's own path and model make of the client's path."""

import pytest

from gateway.core.model import Match, Protocol, Route, Variant
from gateway.core.upstream_path import upstream_path


@pytest.mark.parametrize(
    ("pattern", "path", "own", "sent"),
    [
        ("/v1/*", b"/v1/a/b", None, b"/v1/a/b"),
        ("/v1/*", b"/v1/a/b", "/m/{rest}", b"/m/a/b"),
        ("/v1/*", b"/v1/", "/m/{rest}/x", b"/m//x"),
        ("/*", b"/v1/a", "/m/{rest}", b"/m/v1/a"),
        ("/é/*", b"/\xc3\xa9/x", "/é/{rest}", b"/\xc3\xa9/x"),
        ("/v1", b"/v1", "/m", b"/m"),
        ("/v1", b"/v1", "/m/{rest}", b"/m/"),
    ],
)
def test_a_path_of_its_own_replaces_the_clients(pattern: str, path: bytes, own: str | None, sent: bytes) -> None:
    """`{rest}` stands for what the star stood for; nothing on an exact path."""
    assert upstream_path(path, Route("r", Match(pattern), {"v": 1}), Variant("v", (), path=own)) == sent


@pytest.mark.parametrize(
    ("protocol", "sent"),
    [("oip", b"/x/v2/models/b%20c/infer"), ("openai", b"/x/v2/models/a/infer"), ("http", b"/x/v2/models/a/infer")],
)
def test_a_model_of_its_own_stands_in_the_paths_of_one_protocol(protocol: Protocol, sent: bytes) -> None:
    """In whatever path the variant has."""
    route = Route("r", Match("/v2/*"), {"v": 1}, protocol)
    assert upstream_path(b"/v2/models/a/infer", route, Variant("v", (), path="/x/v2/{rest}", model="b c")) == sent
