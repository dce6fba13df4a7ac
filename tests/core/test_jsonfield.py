"""Singular JSONPath queries: what parses to what, what is refused, and what they lead to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.jsonfield import MISSING, Path, parse, read

PARSED: list[tuple[str, Path]] = [
    ("$", ()),
    ("$.user", ("user",)),
    ("$.user.region", ("user", "region")),
    ("$['user']['region']", ("user", "region")),
    ('$["user"].region', ("user", "region")),
    ("$.a[0]", ("a", 0)),
    ("$[0][1]", (0, 1)),
    ("$.a[-1]", ("a", -1)),
    ("$[10]", (10,)),
    ("$[9007199254740991]", (2**53 - 1,)),
    ("$[-9007199254740991]", (-(2**53 - 1),)),
    ("$._x9", ("_x9",)),
    ("$.größe", ("größe",)),
    ("$.\U0001f600", ("\U0001f600",)),
    ("$ .a\t[ 'b' ]\n[ 0 ]", ("a", "b", 0)),
    ("$['']", ("",)),
    ("$['a.b']", ("a.b",)),
    ("$['a\"b']", ('a"b',)),
    ('$["a\'b"]', ("a'b",)),
    (r"$['it\'s']", ("it's",)),
    (r'$["say \"x\""]', ('say "x"',)),
    (r"$['\\\/\b\f\n\r\t']", ("\\/\b\f\n\r\t",)),
    (r"$['\u00e9']", ("é",)),
    (r"$['\uD83D\uDE00']", ("\U0001f600",)),
    (r"$['\ud83d\ude00x']", ("\U0001f600x",)),
]


@pytest.mark.parametrize(("text", "path"), PARSED)
def test_queries_that_parse(text: str, path: Path) -> None:
    """Names and indexes, in dots and brackets, with RFC 9535's escapes and blanks."""
    assert parse(text) == path


REFUSED = [
    ("", 1, "begins with $"),
    ("user", 1, "begins with $"),
    ("@.user", 1, "begins with $"),
    (" $", 1, "begins with $"),
    ("$ ", 3, "a step is due"),
    ("$user", 2, "a step is due"),
    ("$.", 3, "a name is due"),
    ("$..a", 3, "a name is due"),
    ("$.*", 3, "a name is due"),
    ("$.9a", 3, "a name is due"),
    ("$.a-b", 4, "a step is due"),
    ("$. a", 3, "a name is due"),
    ("$[*]", 3, "several values"),
    ("$[?@.a]", 3, "several values"),
    ("$[]", 3, "several values"),
    ("$[", 3, "several values"),
    ("$[a]", 3, "several values"),
    ("$[-]", 3, "several values"),
    ("$[:2]", 3, "several values"),
    ("$[0:2]", 4, "] is due"),
    ("$[0,1]", 4, "] is due"),
    ("$[01]", 4, "] is due"),
    ("$[-0]", 3, "several values"),
    ("$[1.0]", 4, "] is due"),
    ("$['a'", 6, "] is due"),
    ("$['a]", 3, "does not end"),
    ("$['a\nb']", 3, "control character"),
    ("$['a\"]", 3, "does not end"),
    (r"$['\x41']", 4, "escape"),
    (r'$["ab\'"]', 6, "escape"),
    (r"$['\u12']", 4, "escape"),
    (r"$['\ud83d']", 4, "surrogate"),
    (r"$['a\ude00\ud83d']", 5, "surrogate"),
    ("$[9007199254740992]", 3, "2**53"),
    ("$[-99999999999999999999]", 3, "2**53"),
]


@pytest.mark.parametrize(("text", "character", "why"), REFUSED)
def test_queries_that_are_refused(text: str, character: int, why: str) -> None:
    """The fault says at which character, and what is due there."""
    with pytest.raises(ValueError, match=f"^at character {character} of ") as caught:
        parse(text)
    assert why in str(caught.value)


@given(st.text(alphabet="$.[]'\"\\ue0a-19 *\n", max_size=12))
def test_any_text_parses_or_is_refused(text: str) -> None:
    """Nothing but ValueError comes out of a bad query."""
    try:
        path = parse(text)
    except ValueError:
        return
    assert all(type(step) in (str, int) for step in path)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])) | st.integers(-(2**53) + 1, 2**53 - 1)))
def test_every_path_can_be_written(steps: list[str | int]) -> None:
    """A path quoted by hand parses to itself."""

    def quoted(name: str) -> str:
        return "".join(rf"\u{ord(each):04x}" if each < " " or each in "'\\" else each for each in name)

    text = "$" + "".join(f"[{step}]" if isinstance(step, int) else f"['{quoted(step)}']" for step in steps)
    assert parse(text) == tuple(steps)


DOCUMENT = {"user": {"region": "eu", "tags": ["a", "b"], "nothing": None}, "0": "zero"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((), DOCUMENT),
        (("user", "region"), "eu"),
        (("user", "tags", 0), "a"),
        (("user", "tags", -1), "b"),
        (("user", "tags", -2), "a"),
        (("user", "nothing"), None),
        (("0",), "zero"),
        (("user", "tags", 2), MISSING),
        (("user", "tags", -3), MISSING),
        (("user", "tags", "0"), MISSING),
        (("user", "region", 0), MISSING),
        (("user", "region", "x"), MISSING),
        (("user", "nothing", "x"), MISSING),
        ((0,), MISSING),
        (("missing", "region"), MISSING),
    ],
)
def test_reading(path: Path, value: object) -> None:
    """Names lead into objects only, indexes into arrays only, null is a value."""
    assert read(path, DOCUMENT) is value
