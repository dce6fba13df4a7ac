"""Filters of JSONPaths, such as `[?@.name == "scores"]`: whether one value passes. The JSONPath library evaluates them.

What they may cost is bounded, and their regular expressions take linear time.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from jsonpath_rfc9535 import JSONPathEnvironment, JSONPathQuery
from jsonpath_rfc9535.filter_expressions import (
    Expression,
    FilterContext,
    FilterExpression,
    FilterQuery,
    RootFilterQuery,
)
from jsonpath_rfc9535.function_extensions import ExpressionType, FilterFunction
from jsonpath_rfc9535.segments import JSONPathRecursiveDescentSegment
from jsonpath_rfc9535.selectors import FilterSelector

from gateway.core.compare_limits import MOST_LEVELS, Effort, measure

_OF_ITSELF = 5
"""As many values one evaluation counts for, as it costs."""


class Filter:
    """One filter of a path."""

    __slots__ = ("_expression", "_is_of_root", "_loops")

    def __init__(self, expression: FilterExpression) -> None:
        self._expression = expression
        queries = list(_queries(expression))
        self._loops = max((_loops(each.query) for each in queries), default=0)
        self._is_of_root = any(isinstance(each, RootFilterQuery) for each in queries)

    def passes(self, value: object, root: object, effort: Effort) -> bool:
        """Whether `value`, somewhere in the document `root`, is selected."""
        effort.filter(_OF_ITSELF)
        if self._loops:
            effort.filter(measure(root if self._is_of_root else value) ** self._loops)
        return self._expression.evaluate(FilterContext(env=ENVIRONMENT, current=value, root=root))  # type: ignore[arg-type]


def _queries(expression: Expression) -> Iterator[FilterQuery]:
    """Those that an expression makes, but not those within them."""
    if isinstance(expression, FilterQuery):
        yield expression
    parts = [getattr(expression, name, None) for name in ("expression", "left", "right")]
    for part in (*parts, *getattr(expression, "args", ())):
        if isinstance(part, Expression):
            yield from _queries(part)


def _loops(query: JSONPathQuery) -> int:
    """How many times, one within the other, a query may go through all values; 0 for one that leads to one value."""
    if query.singular_query():
        return 0
    descents = sum(isinstance(segment, JSONPathRecursiveDescentSegment) for segment in query.segments)
    selectors = [selector for segment in query.segments for selector in segment.selectors]
    filters = [selector.expression for selector in selectors if isinstance(selector, FilterSelector)]
    within = [_loops(each.query) for expression in filters for each in _queries(expression)]
    return max(1, descents) + max(within, default=0)


class _Pattern(FilterFunction):
    """`match` and `search`. A pattern that is none selects nothing, as RFC 9535 has it."""

    arg_types = [ExpressionType.VALUE, ExpressionType.VALUE]  # noqa: RUF012 - as the library declares it
    return_type = ExpressionType.LOGICAL

    def __init__(self, form: str) -> None:
        self._form = form

    def __call__(self, text: object, pattern: object) -> bool:
        if not isinstance(text, str) or not isinstance(pattern, str):
            return False
        found = _compiled(self._form.format(pattern))
        return found is not None and found(text.encode(errors="replace")) is not None


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> Callable[[bytes], Any] | None:
    # Costs 3 MiB, so it is loaded only where a pattern exists.
    import re2  # noqa: PLC0415

    options = re2.Options()
    options.log_errors = False
    try:
        search: Callable[[bytes], Any] = re2.compile(pattern.encode(errors="replace"), options).search
    except re2.error:
        return None
    return search


def _environment() -> JSONPathEnvironment:
    environment = JSONPathEnvironment()
    environment.max_recursion_depth = MOST_LEVELS + 1
    environment.function_extensions["match"] = _Pattern(r"\A(?:{})\z")
    environment.function_extensions["search"] = _Pattern("(?:{})")
    return environment


ENVIRONMENT = _environment()
"""How JSONPaths are read and evaluated here."""
