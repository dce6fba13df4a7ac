"""The snapshot: one validated configuration, as immutable data.

`config` makes it, workers are given it, `core` compiles it. Nothing here is read per request.
Units: times in seconds, sizes in bytes, shares as fractions of one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Protocol = Literal["http", "openai", "oip"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One network address of a variant, as written: `url` names it everywhere."""

    url: str
    scheme: Literal["http", "https", "unix"]
    host: str = ""
    port: int = 0
    path: str = ""
    """The socket's path, for `unix` only."""

    @property
    def authority(self) -> str:
        """What `Host` carries when the variant does not set it (the default port left out; `localhost` for sockets)."""
        if self.scheme == "unix":
            return "localhost"
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = {"http": 80, "https": 443}[self.scheme]
        return host if self.port == default else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class UpstreamTls:
    """How `https` endpoints are spoken to; paths are absolute."""

    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    server_name: str | None = None
    verify: bool = True
    digest: str = ""
    """Of what the files held when they were read: files that change make another snapshot."""


@dataclass(frozen=True, slots=True)
class Headers:
    """Changes to the request's fields on their way to a variant; names as written. What is set may be secret."""

    set: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Of one attempt."""

    connect: float = 1.0
    first_byte: float = 30.0
    idle: float = 60.0
    total: float = 300.0


@dataclass(frozen=True, slots=True)
class Retry:
    """More attempts in the same pool; `budget` is a share of the variant's calls."""

    extra: int = 1
    when: tuple[str | int, ...] = ("connect",)
    budget: float = 0.2


@dataclass(frozen=True, slots=True)
class BreakerSettings:
    """The variant's guard. `slow_after` None means `auto`."""

    mode: Literal["enforce", "observe", "disabled"] = "enforce"
    window: float = 10.0
    min_requests: int = 20
    error_rate: float = 0.5
    error_statuses: tuple[tuple[int, int], ...] = ((500, 599),)
    """Inclusive ranges."""
    consecutive_errors: int = 5
    slow_after: float | None = None
    slow_rate: float = 0.5
    open_for: float = 5.0
    max_open_for: float = 60.0
    probes: int = 3
    rescue: bool = True
    probe: Literal["live", "shadow"] = "live"


@dataclass(frozen=True, slots=True)
class Ejection:
    """Taking one endpoint out of its pool for a while."""

    consecutive_errors: int = 5
    for_: float = 5.0
    max_share: float = 0.5


@dataclass(frozen=True, slots=True)
class Health:
    """Active checks of each endpoint."""

    path: str
    interval: float = 5.0
    timeout: float = 1.0
    unhealthy_after: int = 2
    healthy_after: int = 1


@dataclass(frozen=True, slots=True)
class Variant:
    """One deployed model version that can answer."""

    name: str
    endpoints: tuple[Endpoint, ...]
    tls: UpstreamTls = UpstreamTls()
    version: str = ""
    metadata: Mapping[str, object] = field(default_factory=dict)
    path: str | None = None
    """The upstream path, or None for the client's; `{rest}` stands for what a prefix route left over."""
    model: str | None = None
    headers: Headers = Headers()
    timeouts: Timeouts = Timeouts()
    concurrency: int = 1024
    retry: Retry = Retry()
    balance: Literal["least_loaded", "round_robin"] = "least_loaded"
    breaker: BreakerSettings = BreakerSettings()
    ejection: Ejection = Ejection()
    health: Health | None = None


SourceKind = Literal["header", "query", "cookie", "json", "client", "method", "path"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value of a request stands. `name` is a field's, parameter's or cookie's name, an RFC 9535 singular query
    for `json`, `ip` for `client`, and empty for `method` and `path`."""

    kind: SourceKind
    name: str = ""


Operator = Literal["eq", "in", "not_in", "matches", "exists", "gt", "gte", "lt", "lte", "semver", "cidr"]
Scalar = str | int | float | bool | None
Operand = Scalar | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Test:
    """One value compared. `operand` is a tuple for `in`, `not_in` and `cidr`, a bool for `exists`, else a scalar."""

    source: Source
    operator: Operator
    operand: Operand


@dataclass(frozen=True, slots=True)
class Share:
    """True for this fraction of targeting keys, salted with the segment's name."""

    fraction: float


@dataclass(frozen=True, slots=True)
class All:
    """True when every condition is."""

    conditions: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True when one condition is."""

    conditions: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """True when the condition is false."""

    condition: "Condition"


Condition = Test | Share | All | AnyOf | Not


@dataclass(frozen=True, slots=True)
class KeySource:
    """One place a targeting key may come from. `issue` is a cookie's lifetime in seconds, or None."""

    source: Source
    issue: float | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """Which requests a route takes. `path` ends in `/*` for a prefix; `host` is lower case, without a port, and may
    begin with `*.`; empty `methods` means all."""

    path: str
    methods: tuple[str, ...] = ()
    host: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


Split = Mapping[str, int]
"""Variant name to weight, in the file's order."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Segment to split; the first that matches wins."""

    name: str
    segment: str
    split: Split


@dataclass(frozen=True, slots=True)
class FixedResponse:
    """The last fallback of all."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""


@dataclass(frozen=True, slots=True)
class Fallback:
    """Who answers when the assigned variant cannot. `variants` None means: the heaviest of the route's split."""

    variants: tuple[str, ...] | None = None
    when: tuple[str | int, ...] = ("open", "unavailable", "disabled", "connect", "timeout", "error", "overload", "slow")
    response: FixedResponse | None = None


@dataclass(frozen=True, slots=True)
class Compare:
    """How a shadow's reply is judged against the live one."""

    ignore: tuple[str, ...] = ()
    relative: float = 0.0
    absolute: float = 0.0
    unordered: tuple[str, ...] = ()
    at: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shadow:
    """A copy of live requests to a candidate. `timeout` None means the variant's total."""

    variant: str
    sample: float = 1.0
    max_body: int = 1 << 20
    max_in_flight: int = 64
    timeout: float | None = None
    noise: float = 0.05
    keep: int = 200
    record: str | None = None
    compare: Compare = Compare()


@dataclass(frozen=True, slots=True)
class Route:
    """A public path and everything that decides how it is served."""

    name: str
    match: Match
    split: Split
    protocol: Protocol = "http"
    targeting_key: tuple[KeySource, ...] = ()
    salt: str = ""
    """Never empty in a loaded snapshot: the default is the route's name."""
    rules: tuple[Rule, ...] = ()
    fallback: Fallback = Fallback()
    deadline: float = 300.0
    replay_body: int = 1 << 20
    shadow: tuple[Shadow, ...] = ()


@dataclass(frozen=True, slots=True)
class Listener:
    """One public address. `host` may be a name or an address; `cert` and `key` are absolute paths or None."""

    host: str
    port: int
    cert: str | None = None
    key: str | None = None
    digest: str = ""
    """Of what the files held when they were read: files that change make another snapshot."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the serving side."""

    header: int = 32 << 10
    body: int = 64 << 20
    inspect_body: int = 4 << 20
    header_timeout: float = 10.0
    body_idle: float = 30.0
    keepalive: float = 75.0
    connections: int = 20_000
    drain_delay: float = 0.0
    drain: float = 30.0


@dataclass(frozen=True, slots=True)
class AccessLog:
    """Where request lines go: a path, `-` for standard output, or None; `sample` is the share of requests logged."""

    path: str | None = None
    sample: float = 1.0


Forced = Literal["open", "closed"]
"""What an operator holds a breaker in."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a worker needs to serve."""

    listen: tuple[Listener, ...]
    variants: Mapping[str, Variant]
    routes: Mapping[str, Route]
    segments: Mapping[str, Condition] = field(default_factory=dict)
    limits: Limits = Limits()
    access_log: AccessLog = AccessLog()
    trusted_proxies: tuple[str, ...] = ()
    """Networks in CIDR form."""
    expose_headers: bool = True
    revision: int = 1
    serial: int = 1
    """Grows with each snapshot in force: overrides make a new snapshot of the same revision."""
    disabled: frozenset[str] = frozenset()
    """Variants that answer nobody, by an override."""
    forced: Mapping[str, Forced] = field(default_factory=dict)
    """Variants whose breaker is held in a state, by an override."""
