"""What the processes around the workers need of a configuration: data, and nothing a worker must know."""

from dataclasses import dataclass
from typing import Literal

from gateway.config.secret import Secret
from gateway.core.model import Listener

Role = Literal["viewer", "operator", "admin"]


@dataclass(frozen=True, slots=True)
class Token:
    """One bearer of the admin API."""

    name: str
    role: Role
    token: Secret


@dataclass(frozen=True, slots=True)
class Admin:
    """Where the admin API listens, and who may use it; without tokens, everybody on this machine."""

    host: str
    port: int
    tokens: tuple[Token, ...] = ()


@dataclass(frozen=True, slots=True)
class Notify:
    """A webhook and the kinds of event it is sent."""

    url: str
    when: tuple[str, ...]
    secret: Secret | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """`workers` is a number in any case; `store` is a URL whose file, if it has one, is absolute."""

    listen: tuple[Listener, ...]
    workers: int
    admin: Admin
    store: Secret
    notify: tuple[Notify, ...] = ()
