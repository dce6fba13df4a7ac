"""The whole file: its sections.

It decides which sections there are. What spans sections is checked elsewhere.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from gateway.config.conditions import Condition
from gateway.config.fields import Name, Network, Strict, every_default, nothing
from gateway.config.routes import Route
from gateway.config.secret_fields import StoreUrl
from gateway.config.serving import AccessLog, Admin, Limits, Listen, Notify, Workers
from gateway.config.variants import Variant

STORE = "sqlite:///gateway.db"


def _alone(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


_Alone = BeforeValidator(_alone, json_schema_input_type=Annotated[list[Listen], Field(min_length=1)] | str)


class Document(Strict):
    """The configuration of the gateway."""

    listen: Annotated[list[Listen], Field(min_length=1), _Alone]
    """The addresses that clients reach; one alone may stand without a list."""
    workers: Workers = "auto"
    """Serving processes; auto: as many as processors."""
    admin: Admin = every_default(Admin)
    trusted_proxies: list[Network] = nothing(list)
    """Networks whose x-forwarded-for is believed."""
    store: Annotated[StoreUrl, Field(validate_default=True)] = STORE  # type: ignore[assignment]
    """Revisions, events and comparisons: sqlite:///FILE, or a PostgreSQL URL for several machines."""
    limits: Limits = every_default(Limits)
    access_log: AccessLog = every_default(AccessLog)
    notify: list[Notify] = nothing(list)
    """Webhooks."""
    expose_headers: bool = True
    """x-gateway-* on answers to clients."""
    variants: Annotated[dict[Name, Variant], Field(min_length=1)]
    """The deployed model versions, by name."""
    segments: dict[Name, Condition] = nothing(dict)
    """Named groups of callers, by condition."""
    routes: Annotated[dict[Name, Route], Field(min_length=1)]
    """The public paths, by name."""


class Partial(Document):
    """What is left of a file once its faulty parts were set aside: nothing in it is required any more."""

    listen: Annotated[list[Listen], _Alone] = nothing(list)
    variants: dict[Name, Variant] = nothing(dict)
    routes: dict[Name, Route] = nothing(dict)
