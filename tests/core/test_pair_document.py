"""Pairs of replies as they are recorded and shown."""

import gzip
import json

from gateway.core.copies import Asked, Observation
from gateway.core.judgement import Difference
from gateway.core.pair_document import document
from gateway.core.tally import Mismatch

TEXT = '{"é": 1}'.encode()
ASKED = Asked(b"POST", b"/v1/\xff", b"q=1", ((b"X-A", b"\xe9"),), b"\xff\x00", "id-1")
LIVE = Observation(200, ((b"content-type", b"application/json"),), TEXT, 0.25)
SHADOW = Observation(201, ((b"Content-Encoding", b"gzip"),), gzip.compress(TEXT), 0.5)


def pair(*differences: Difference) -> Mismatch:
    return Mismatch("id-1", 1.5, "a", "1", "b", "2", 7, 9, ASKED, LIVE, SHADOW, differences)


def test_a_pair_holds_both_replies_and_the_request() -> None:
    """Bodies are text where they are, decoded of their coding, and base64 where they are not."""
    assert document(pair(Difference("$.é", "value", "1", "2"))) == {
        "request_id": "id-1",
        "time": "1970-01-01T00:00:01.500000+00:00",
        "revision": 7,
        "request": {
            "method": "POST",
            "path": "/v1/ÿ",
            "query": "q=1",
            "headers": [["X-A", "é"]],
            "body": None,
            "body_base64": "/wA=",
        },
        "live": {
            "variant": "a",
            "version": "1",
            "status": 200,
            "seconds": 0.25,
            "headers": [["content-type", "application/json"]],
            "body": '{"é": 1}',
            "body_base64": None,
        },
        "shadow": {
            "variant": "b",
            "version": "2",
            "status": 201,
            "seconds": 0.5,
            "headers": [["Content-Encoding", "gzip"]],
            "body": '{"é": 1}',
            "body_base64": None,
        },
        "differences": [{"path": "$.é", "kind": "value", "live": "1", "shadow": "2"}],
    }


def test_half_a_surrogate_pair_does_no_harm() -> None:
    """JSON can name it, UTF-8 cannot."""
    assert "?" in json.dumps(document(pair(Difference("$.\ud800", "value", "1", "2"))))
