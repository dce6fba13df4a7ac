"""What is told of overrides: the events of their beginning and their end."""

from gateway.control.events import Events
from gateway.control.naming import subject
from gateway.core.records import Event, Override


def override_set(events: Events, override: Override, who: str, why: str) -> Event:
    """It was set."""
    return events.make("override_set", subject(override), who=who, why=why, detail=_detail(override))


def override_ended(events: Events, override: Override, who: str, why: str) -> Event:
    """It is over."""
    return events.make("override_ended", subject(override), who=who, why=why, detail=_detail(override))


def _detail(override: Override) -> dict[str, object]:
    detail: dict[str, object] = {"override": override.kind}
    if override.split is not None:
        detail |= {"split": dict(override.split), "rules": override.rules}
    if override.state is not None:
        detail["state"] = override.state
    if override.expires is not None:
        detail["expires"] = override.expires.isoformat()
    return detail
