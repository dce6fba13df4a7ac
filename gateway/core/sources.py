"""Sources: where a value of a request stands, compiled to functions that fetch it. Knows no operator and no route."""

from collections.abc import Callable

from gateway.core import jsonfield
from gateway.core.facts import Facts
from gateway.core.model import Source

TextReader = Callable[[Facts], bytes | None]
JsonReader = Callable[[Facts], object]


def text_reader(source: Source) -> TextReader:
    """Fetches the value of any source but `json`; None where it is absent."""
    name = source.name.encode()
    if source.kind == "header":
        field = name.lower()
        return lambda facts: facts.headers.get(field)
    if source.kind == "query":
        return lambda facts: facts.parameter(name)
    if source.kind == "cookie":
        return lambda facts: facts.cookie(name)
    if source.kind == "client":
        return lambda facts: facts.client.encode()
    if source.kind == "method":
        return lambda facts: facts.method
    return lambda facts: facts.path


def json_reader(source: Source) -> JsonReader:
    """Fetches the value of a `json` source; MISSING where it is absent. ValueError for a query that is not singular."""
    path = jsonfield.parse(source.name)
    return lambda facts: facts.field(path)
