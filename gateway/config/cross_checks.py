"""All checks between keys, in one list.

What touches a key that is faulty already is left out: it may only follow from that.
"""

from collections.abc import Callable, Iterator

from gateway.config.checks import certificates, paths, routes, serving, variants
from gateway.config.checks.review import Review
from gateway.config.document import Document
from gateway.config.faults import Fault
from gateway.config.faulty import Faulty
from gateway.config.nodes import Mapping

_CHECKS: tuple[Callable[[Review], Iterator[Fault]], ...] = (
    serving.check,
    certificates.check,
    variants.check,
    routes.check,
    paths.check,
)


def cross_faults(document: Document, root: Mapping, faulty: Faulty) -> list[Fault]:
    """Every fault that spans keys."""
    review = Review(document, root, faulty)
    return [fault for check in _CHECKS for fault in check(review)]
