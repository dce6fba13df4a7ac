"""Entity tags: the number of a revision, in double quotes, is the tag of what it says.

It decides which revision a caller builds on. It must not know which one is in force.
"""

import re

from aiohttp import web

from gateway.admin.refusals import refusal

IF_MATCH = {"If-Match": 'The revision the caller has seen, such as "7"; only on top of it the change is made.'}
"""For the documentation of calls that read it."""

NEVER = 0
"""No revision has this number."""

_TAG = r'(?:W/)?("[\x21\x23-\x7e]*")'


def expected(request: web.Request, present: int) -> int | None:
    """The revision that must be in force for the change to be made, of what `If-Match` names; None where any may be.
    NEVER stands for one that cannot be. A tag that was weakened on its way, as by a proxy that compresses, still names
    its revision."""
    fields = request.headers.getall("If-Match", [])
    given = ", ".join(fields).strip()
    if not fields or given == "*":
        return None
    if not re.fullmatch(rf"{_TAG}(?:[ \t]*,[ \t]*{_TAG})*", given):
        raise refusal("bad_request", f'if-match: "REVISION" in double quotes, or *, is due; "{present}" is in force')
    return present if f'"{present}"' in re.findall(_TAG, given) else NEVER
