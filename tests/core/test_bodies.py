"""JSON parts of bodies, and model names written into bodies and paths with every other byte kept."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.bodies import json_part, write_model, write_model_path


@pytest.mark.parametrize(
    ("length", "part"),
    [
        (None, b'{"a":1}\x00\x01'),
        (b"7", b'{"a":1}'),
        (b"0", b""),
        (b"9", b'{"a":1}\x00\x01'),
        (b"10", None),
        (b"-1", None),
        (b"+7", None),
        (b"7 ", None),
        (b"", None),
        (b"0x7", None),
        (b"9" * 5000, None),
    ],
)
def test_the_json_of_a_binary_request(length: bytes | None, part: bytes | None) -> None:
    """As long as its field says; all of it without the field; none for a length that is none."""
    headers = {} if length is None else {b"inference-header-content-length": length}
    assert json_part(b'{"a":1}\x00\x01', headers) == part


@pytest.mark.parametrize(
    ("body", "written"),
    [
        ('{"model":"a"}', '{"model":"new"}'),
        ('{"model": "a", "n": 1}', '{"model": "new", "n": 1}'),
        ('{"n": 1, "model" :\t"a" }', '{"n": 1, "model" :\t"new" }'),
        ('{"model": null}', '{"model": "new"}'),
        ('{"model": {"model": "a"}, "n": [{"model": "a"}]}', '{"model": "new", "n": [{"model": "a"}]}'),
        ('{"model": "a", "model": "b"}', '{"model": "new", "model": "new"}'),
        (r'{"mod\u0065l": "a"}', r'{"mod\u0065l": "new"}'),
        ('{"n": {"model": "a"}}', '{"model": "new", "n": {"model": "a"}}'),
        ('{"n": "model"}', '{"model": "new", "n": "model"}'),
        ('{"Model": 1}', '{"model": "new", "Model": 1}'),
        ("{}", '{"model": "new"}'),
        (" {\n} ", ' {\n"model": "new"} '),
        (
            '{"a": 340282366920938463463374607431768211457, "b": 1.10, "c": 1E400, "model": "x", "a": -0.0}',
            '{"a": 340282366920938463463374607431768211457, "b": 1.10, "c": 1E400, "model": "new", "a": -0.0}',
        ),
        ('{"cut": "\\ud83d", "model": "é"}', '{"cut": "\\ud83d", "model": "new"}'),
        ('\t\r\n {"a" : [1 , 2] ,\n "model":"x" } \n', '\t\r\n {"a" : [1 , 2] ,\n "model":"new" } \n'),
    ],
)
def test_a_model_written_into_a_body(body: str, written: str) -> None:
    """Over every top-level member of that name, first where there is none, and nothing else changes."""
    assert write_model(body.encode(), "new") == written.encode()


def test_a_model_is_written_as_json() -> None:
    """Quotes and other scripts in its name are kept."""
    assert write_model(b"{}", 'a"\\é\n') == '{"model": "a\\"\\\\é\\n"}'.encode()


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b" ", b"{", b"}", b"[]", b'"model"', b"null", b"1", b"x", b'{"model"}', b'{"model":}', b'{"model": "a"'),
        *(b'{"a": 1,}', b'{"a": 1 "b": 2}', b'{,"a": 1}', b'{"a": 1}}', b'{"a": 1} x', b"{}{}", b"{} x", b'{"a" 1}'),
        *(b'{"a": NaN}', b'{"a": Infinity}', b'{"a": -Infinity}', b'{"a": 01}', b"{'a': 1}", b'{"a": "\n"}'),
        *(b'{"a\n": 1}', b'{"\\x": 1}', b'{"a": "\\x"}', b"\xff", b'{"a": "\xff"}', b"\xef\xbb\xbf{}", b'{"a": tru}'),
        *(b'{"a": ' + b"[" * 100_000, b"{" + b",".join(b'"%d": 1' % number for number in range(1001)) + b"}"),
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_no_json_object_is_not_written_to(body: bytes) -> None:
    """Nor is an object with more members than any request has."""
    assert write_model(body, "new") is None


def test_a_body_of_a_thousand_members_is_written_to() -> None:
    """The most that is allowed."""
    body = b"{" + b",".join(b'"%d": 1' % number for number in range(1000)) + b"}"
    assert write_model(body, "new") == b'{"model": "new", ' + body[1:]


NAMES = st.text(max_size=8) | st.just("model")
VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(NAMES, children, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(NAMES, VALUES, max_size=5),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.booleans(),
    st.sampled_from([None, 0, 1, "\t"]),
)
def test_only_the_model_changes(value: dict[str, Any], model: str, escaped: bool, indent: Any) -> None:
    """However the object is laid out."""
    body = json.dumps(value, ensure_ascii=escaped, indent=indent).encode(errors="replace")
    written = write_model(body, model)
    assert written is not None
    assert json.loads(written) == {**json.loads(body), "model": model}


@given(st.binary(), st.text(alphabet='{}[]":,model\\ 1', max_size=30))
def test_any_bytes_are_written_to_or_not(raw: bytes, text: str) -> None:
    """What is written to was a JSON object before, and is one after."""
    for body in (raw, text.encode()):
        written = write_model(body, "new")
        if written is not None:
            assert isinstance(json.loads(body), dict)
            assert json.loads(written)["model"] == "new"


@pytest.mark.parametrize(
    ("path", "written"),
    [
        (b"/v2/models/old/infer", b"/v2/models/new/infer"),
        (b"/v2/models/old", b"/v2/models/new"),
        (b"/v2/models/old/versions/3/infer", b"/v2/models/new/versions/3/infer"),
        (b"/v2/models/old/ready", b"/v2/models/new/ready"),
        (b"/ml/v2/models/old/infer", b"/ml/v2/models/new/infer"),
        (b"/v2/models/o%2Fld/infer", b"/v2/models/new/infer"),
        (b"/v2/models/a/v2/models/b", b"/v2/models/new/v2/models/b"),
        (b"/v2/models/", b"/v2/models/"),
        (b"/v2/models", b"/v2/models"),
        (b"/xv2/models/old", b"/xv2/models/old"),
        (b"/v2/health/ready", b"/v2/health/ready"),
        (b"/v2/repository/models/old/load", b"/v2/repository/models/old/load"),
    ],
)
def test_a_model_written_into_a_path(path: bytes, written: bytes) -> None:
    """Over the name alone; paths without one stay."""
    assert write_model_path(path, "new") == written


def test_a_model_in_a_path_is_percent_encoded() -> None:
    """So that it stays one segment."""
    assert (
        write_model_path(b"/v2/models/old/infer", "team/é v1.2-a_b~") == b"/v2/models/team%2F%C3%A9%20v1.2-a_b~/infer"
    )
