"""What HTTP asks of an intermediary and no other test shows; and that each test which the page names exists."""

import ast
import re
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from tests.support.client import Client, request
from tests.support.origin import Origin, canned, marker, reply

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "conformance.md"
SECTION = re.compile(r"911[02], \d+(\.\d+)*(; 911[02], \d+(\.\d+)*)*")
TEST = re.compile(r"`(\w+(?:/\w+)*)\.(test_\w+)`")


def requirements() -> list[list[str]]:
    """The rows of the page's tables that stand for a requirement: section, requirement, what is done, tests."""
    rows = [line.strip("|").split("|") for line in PAGE.read_text().splitlines() if line.startswith("| 911")]
    return [[cell.strip() for cell in row] for row in rows]


def functions(file: Path) -> set[str]:
    """The names of a file's tests."""
    tree = ast.parse(file.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_requirement_has_its_section_and_a_test_that_exists() -> None:
    rows = requirements()
    assert len(rows) >= 60
    for section, requirement, done, tests in rows:
        assert SECTION.fullmatch(section), section
        assert requirement, section
        assert done, section
        named = TEST.findall(tests)
        assert named, f"no test: {requirement}"
        for file, name in named:
            assert name in functions(ROOT / "tests" / f"{file}.py"), f"{file}.{name}"


# ---- replies


def test_a_reply_without_a_date_gets_one(client: Client) -> None:
    assert parsedate_to_datetime(client.get("/dateless").text("date")).tzinfo is not None


def test_a_models_date_stays(client: Client, origin: Origin) -> None:
    said = "Tue, 15 Nov 1994 08:12:31 GMT"
    origin.answers["/dated"] = canned(reply(b"hello", f"Date: {said}"))
    for _ in range(2):
        assert client.get("/dated").text("date") == said


def test_a_reply_in_http_1_0_is_passed_on_in_1_1(client: Client, origin: Origin) -> None:
    """With a length or to the end of its connection; the client's own connection lives on."""
    origin.answers["/old"] = canned(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", close=True)
    origin.answers["/older"] = canned(b"HTTP/1.0 200 OK\r\n\r\nhello", close=True)
    for target in ("/old", "/older"):
        answer = client.get(target)
        assert (answer.version, answer.body, answer.closing) == ("1.1", b"hello", False)


def test_a_request_in_http_1_0_is_sent_on_in_1_1(client: Client, origin: Origin) -> None:
    client.exchange(request("GET", "/old", version="1.0"))
    assert origin.requests[0].version == "1.1"


@pytest.mark.parametrize("status", [203, 206, 226, 299, 308, 402, 418, 451, 499, 511, 599])
def test_any_status_passes_as_it_is(status: int, client: Client, origin: Origin) -> None:
    """Registered or not, with its reason; known by its class."""
    origin.answers["/any"] = canned(reply(b"hello", status=f"{status} Some Words"))
    answer = client.get("/any")
    assert (answer.status, answer.reason, answer.body) == (status, b"Some Words", b"hello")


def test_fields_of_the_same_name_are_neither_joined_nor_reordered(client: Client, origin: Origin) -> None:
    said = ["Set-Cookie: a=1", "Vary: Accept", "Set-Cookie: b=2", "X-Unknown: 1", "Set-Cookie: a=3", "X-Unknown: 2"]
    origin.answers["/fields"] = canned(reply(b"", *said))
    answer = client.get("/fields", "Cookie: a=1", "X-Unknown: 1", "X-Unknown: 2")
    assert answer.all("set-cookie") == [b"a=1", b"b=2", b"a=3"]
    assert answer.all("x-unknown") == [b"1", b"2"]
    assert origin.requests[0].all("x-unknown") == [b"1", b"2"]


def test_conditions_ranges_and_validators_pass(client: Client, origin: Origin) -> None:
    """The gateway has no cache: they are between client and model."""
    said = ['ETag: W/"a"', "Content-Range: bytes 0-4/10", "Accept-Ranges: bytes", "Cache-Control: max-age=5", "Age: 3"]
    origin.answers["/part"] = canned(reply(b"hello", *said, status="206 Partial Content"))
    asked = ['If-None-Match: "b"', "Range: bytes=0-4", 'If-Range: "a"', "Cache-Control: no-cache", "Pragma: no-cache"]
    answer = client.get("/part", *asked)
    (seen,) = origin.requests
    for line in asked:
        assert seen.text(line.partition(":")[0]) == line.partition(": ")[2]
    for line in said:
        assert answer.text(line.partition(":")[0]) == line.partition(": ")[2]


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate, gzip", "words"])
def test_content_codings_are_not_touched(coding: str, client: Client, origin: Origin) -> None:
    """Neither a request's nor a reply's content is decoded, encoded or looked at."""
    origin.answers["/coded"] = canned(reply(b"\x1f\x8b\x00", f"Content-Encoding: {coding}"))
    answer = client.post("/coded", b"\x1f\x8b\xff", f"Content-Encoding: {coding}", "Accept-Encoding: words;q=0.5")
    (seen,) = origin.requests
    assert (seen.body, seen.text("content-encoding"), seen.text("accept-encoding")) == (
        *(b"\x1f\x8b\xff", coding, "words;q=0.5"),
    )
    assert (answer.body, answer.text("content-encoding")) == (b"\x1f\x8b\x00", coding)


def test_credentials_and_challenges_pass(client: Client, origin: Origin) -> None:
    """Those of the model; those for a proxy as well, since the gateway asks for none of its own."""
    origin.answers["/locked"] = canned(reply(b"", 'WWW-Authenticate: Basic realm="a"', status="401 Unauthorized"))
    answer = client.get("/locked", "Authorization: Bearer words", "Proxy-Authorization: Basic words")
    assert (answer.status, answer.text("www-authenticate")) == (401, 'Basic realm="a"')
    assert origin.requests[0].text("authorization") == "Bearer words"


def test_options_for_the_whole_server_pass(client: Client, origin: Origin) -> None:
    """`*` is the target where the route takes it; the client's own form."""
    answer = client.exchange(request("OPTIONS", "*"))
    assert answer.status in {200, 404}
    assert [seen.target for seen in origin.requests] in ([], ["*"])


def test_an_unknown_expectation_never_waits(client: Client, origin: Origin) -> None:
    """It is dropped, and the request is served."""
    answer = client.post("/expecting", b"hello", "Expect: words")
    assert answer.body == marker("/expecting")
    assert "expect" not in origin.requests[0].names
