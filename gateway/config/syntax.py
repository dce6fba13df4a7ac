"""What the YAML library could not read, in words for people.

It decides the sentence and the place of one syntax fault. It must not know the configuration's keys.
"""

import re

import yaml

from gateway.config.faults import WHOLE_FILE, Fault
from gateway.config.source import end

_LINE_END = re.compile("\r\n|\r|\n")
_SENTENCES = {
    "mapping values are not allowed": "not valid YAML: a name may not stand here; check the indentation,"
    " and quote values that hold a colon",
    "found a tab character": "a tab cannot indent; use spaces",
    "did not find expected ',' or ']'": "not valid YAML: this list [ is not closed, or lacks a comma",
    "did not find expected ',' or '}'": "not valid YAML: this mapping { is not closed, or lacks a comma",
    "found unexpected end of stream": "not valid YAML: this quote is not closed",
    "found unexpected document indicator": "not valid YAML: this quote is not closed",
    "did not find expected '-' indicator": "not valid YAML: a dash is due here, at the list's indentation",
    "did not find expected key": "not valid YAML: a name is due here; check the indentation, and what stands before it",
    "did not find expected node content": "not valid YAML: a value is due here",
    "could not find expected ':'": "not valid YAML: a name and a colon are due here, or a tag stands before nothing",
    "found unknown escape character": "not valid YAML: this escape is unknown in double quotes;"
    " write \\\\ for a backslash, or use single quotes",
    "did not find expected hexdecimal": "not valid YAML: this escape lacks hexadecimal digits",
    "found invalid Unicode": "not valid YAML: this escape is not a character",
    "alphabetic or numeric character": "not valid YAML: & and * take a name; quote the value if it is text",
    "found undefined tag handle": "a tag may not stand here; quote the value if it is text",
    "tag": "a tag may not stand here; quote the value if it is text",
    "directive": "not valid YAML: this directive is unknown or repeated; leave it out",
    "incompatible YAML document": "this is not YAML 1.2; leave the %YAML line out",
    "<document start>": "a second document begins here; one file holds one configuration",
    "comment or line break": "not valid YAML: only | or >, and + or - or a digit, may begin a block of text",
}
_OPENED_EARLIER = ("',' or ']'", "',' or '}'", "end of stream", "document indicator")


def explain(error: yaml.YAMLError, text: str) -> Fault:
    """The one fault of a text that is not YAML."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return Fault(1, 1, WHOLE_FILE, f"not valid YAML: {error}")
    problem = error.problem or ""
    opened_earlier = any(part in problem for part in _OPENED_EARLIER)
    mark = (error.context_mark if opened_earlier else None) or error.problem_mark or error.context_mark
    # The library may point behind the text, at a line that does not exist.
    line, column = min((mark.line + 1, mark.column + 1), end(text)) if mark else end(text)
    return Fault(line, column, WHOLE_FILE, _sentence(problem, _character(text, line, column)))


def _character(text: str, line: int, column: int) -> str:
    return _LINE_END.split(text)[line - 1][column - 1 : column]


def _sentence(problem: str, character: str) -> str:
    if "cannot start any token" in problem:
        if character == "\t":
            return _SENTENCES["found a tab character"]
        return f"not valid YAML: no value begins with {character}; quote it if it is text"
    if "node content" in problem and not character:
        return "not valid YAML: the file ends where a value is due; a list [ or a mapping { is not closed"
    for part, sentence in _SENTENCES.items():
        if part in problem:
            return sentence
    return f"not valid YAML: {problem or 'the text cannot be read'}"
