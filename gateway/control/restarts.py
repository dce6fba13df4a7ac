"""What cannot change while the gateway runs."""

from dataclasses import replace

from gateway.admin.operations import RefusedError
from gateway.config.settings import Settings
from gateway.core.model import Listener


def needed(started: Settings, wanted: Settings) -> tuple[str, ...]:
    """The names of the settings that differ and take effect at a start only."""
    differ = {
        "listen": tuple(map(_place, started.listen)) != tuple(map(_place, wanted.listen)),
        "workers": started.workers != wanted.workers,
        "admin.listen": (started.admin.host, started.admin.port) != (wanted.admin.host, wanted.admin.port),
        "store": started.store != wanted.store,
    }
    return tuple(name for name, differs in differ.items() if differs)


def check(started: Settings, wanted: Settings) -> None:
    """RefusedError where any does."""
    changed = needed(started, wanted)
    if changed:
        raise RefusedError(f"{', '.join(changed)}: a change of this needs a restart; nothing was changed")


def _place(listener: Listener) -> Listener:
    """Certificates are taken up at run time: only whether there is one counts."""
    secure = "tls" if listener.cert else None
    return replace(listener, cert=secure, key=secure, digest="")
