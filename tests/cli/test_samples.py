"""Sample requests in files."""

from pathlib import Path

import pytest

from gateway.cli.samples import LARGEST, read
from gateway.errors import GatewayError

BODY = {"route": "fraud", "method": "POST", "headers": {}}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"amount": 12}', {**BODY, "body": '{"amount": 12}'}),
        (b"", {**BODY, "body": ""}),
        (b"POST office", {**BODY, "body": "POST office"}),
        (b"post /v1 HTTP/1.1\n\nx", {**BODY, "body": "post /v1 HTTP/1.1\n\nx"}),
        (b"\xff\x00", {**BODY, "body_base64": "/wA="}),
        (b"GET /v1/models\n", {**BODY, "method": "GET", "path": "/v1/models", "body": ""}),
        (b"GET /v1?a=b HTTP/1.1\r\n\r\n", {**BODY, "method": "GET", "path": "/v1?a=b", "body": ""}),
        (
            b"POST /v1/fraud HTTP/1.1\r\nContent-Type: text/plain\r\nx-user: 7 \r\n\r\nfirst\n\nsecond",
            {
                **BODY,
                "path": "/v1/fraud",
                "headers": {"Content-Type": "text/plain", "x-user": "7"},
                "body": "first\n\nsecond",
            },
        ),
        (b"PUT /x HTTP/1.0\nA:b\n", {**BODY, "method": "PUT", "path": "/x", "headers": {"A": "b"}, "body": ""}),
    ],
)
def test_a_file_is_a_body_or_a_whole_request(data: bytes, expected: dict[str, object], tmp_path: Path) -> None:
    file = tmp_path / "sample"
    file.write_bytes(data)
    assert read(file, "fraud") == expected


@pytest.mark.parametrize("line", [b"no colon", b"a b: c", b": x", b"x: \xc3\xa9"])
def test_a_line_that_is_no_field_is_told_with_its_number(line: bytes, tmp_path: Path) -> None:
    file = tmp_path / "sample"
    file.write_bytes(b"GET /v1 HTTP/1.1\r\nhost: a\r\n" + line + b"\r\n\r\n")
    with pytest.raises(GatewayError, match=r"sample:3: NAME: VALUE is due"):
        read(file, "fraud")


def test_a_file_that_is_too_large_or_not_there(tmp_path: Path) -> None:
    file = tmp_path / "sample"
    with pytest.raises(GatewayError, match=r"cannot read .*sample: No such file"):
        read(file, "fraud")
    file.write_bytes(bytes(LARGEST))
    assert "body" in read(file, "fraud")
    file.write_bytes(bytes(LARGEST + 1))
    with pytest.raises(GatewayError, match="at most 512 KiB"):
        read(file, "fraud")
