"""Faulty configurations as literal text. A ▶ stands before the place where each fault is to be reported."""

import re
from typing import NamedTuple

MARK = "▶"

_REST = {
    "listen": 'listen: ["127.0.0.1:8080"]',
    "variants": "variants: {a: {endpoints: [http://127.0.0.1:9000]}, b: {endpoints: [http://127.0.0.1:9001]}}",
    "routes": "routes: {r: {match: {path: /x}, split: {a: 1, b: 1}}}",
}


class Case(NamedTuple):
    """A file, and for each of its marks in order: the fault's path, and the words its message holds, divided by |."""

    text: str
    faults: tuple[tuple[str, str], ...]


def case(text: str, *pairs: str) -> Case:
    """`pairs` alternate between path and words."""
    return Case(text, tuple(zip(pairs[::2], pairs[1::2], strict=True)))


def completed(text: str) -> str:
    """The text with the required sections it lacks appended, so that its own lines keep their numbers."""
    lacking = [rest for name, rest in _REST.items() if not re.search(rf"^{MARK}?{name}:", text, re.MULTILINE)]
    return "\n".join([text, *lacking]) + "\n"


def unmark(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text without marks, and the line and column of each."""
    places = []
    while MARK in text:
        before, _, after = text.partition(MARK)
        places.append((before.count("\n") + 1, len(before) - before.rfind("\n")))
        text = before + after
    return text, places


def variant(body: str) -> str:
    """A file whose variant a has these keys as well."""
    first = "variants:\n  b: {endpoints: [http://127.0.0.1:9001]}\n  a:\n    endpoints: [http://127.0.0.1:9000]\n"
    return f"{first}    {body}"


def route(body: str) -> str:
    """A file whose route r has these keys as well."""
    return f"routes:\n  r:\n    match: {{path: /x}}\n    split: {{a: 1, b: 1}}\n    {body}"


def segment(condition: str) -> str:
    """A file with one segment."""
    return f"segments:\n  s: {condition}"


UNKNOWN_KEYS = [
    case("▶lisen: 1", "lisen", 'unknown key (did you mean "listen"?)|allowed: listen, workers'),
    case("▶zzz: 1", "zzz", "unknown key; allowed:"),
    case("limits: {▶bodi: 1MiB}", "limits.bodi", 'did you mean "body"|header_timeout'),
    case(variant("▶conecurrency: 5"), "variants.a.conecurrency", 'did you mean "concurrency"'),
    case(variant("breaker: {▶open: 5s}"), "variants.a.breaker.open", 'did you mean "open_for"|probes'),
    case(variant("headers: {▶authorization: x}"), "variants.a.headers.authorization", "allowed: set, remove"),
    case(route("▶splits: {a: 1}"), "routes.r.splits", 'did you mean "split"'),
    case(segment("{▶hedder: x, eq: y}"), "segments.s.hedder", 'did you mean "header"'),
    case(route("targeting_key: [{▶heder: x}]"), "routes.r.targeting_key[0].heder", 'did you mean "header"'),
    case(route("shadow: [{variant: b, compare: {▶ignored: []}}]"), "routes.r.shadow[0].compare.ignored", '"ignore"'),
    case('listen: [{address: "0.0.0.0:1", ▶tsl: {}}]', "listen[0].tsl", 'did you mean "tls"'),
    case("segments: {s: {all: [{not: {header: x, ▶equal: y}}]}}", "segments.s.all[0].not.equal", "allowed: header"),
]

MISSING_KEYS = [
    case("listen: ▶[]", "listen", "at least one entry is due"),
    case(
        "variants: {a: ▶{version: x}, b: {endpoints: [http://x]}}",
        "variants.a.endpoints",
        "missing; it is required here",
    ),
    case("routes: {r: ▶{split: {a: 1}}}", "routes.r.match", "missing"),
    case("routes:\n  r:\n    ▶match: {path: /x}", "routes.r.split", "missing"),
    case("routes: {r: {match: ▶{methods: [GET]}, split: {a: 1}}}", "routes.r.match.path", "missing"),
    case(route("rules: [▶{segment: s}]") + "\n" + segment("{header: x, eq: y}"), "routes.r.rules[0].split", "missing"),
    case("listen: [▶{tls: {cert: c, key: k}}]", "listen[0].address", "missing"),
    case('listen: [{address: "0.0.0.0:1", tls: ▶{cert: c}}]', "listen[0].tls.key", "missing"),
    case(variant("health: ▶{interval: 5s}"), "variants.a.health.path", "missing"),
    case(
        route("shadow: [{variant: b, compare: {at: {$.x: ▶{min: 0.5}}}}]"),
        "routes.r.shadow[0].compare.at.$.x.as",
        "missing",
    ),
]

REPEATED_KEYS = [
    case("workers: 1\n▶workers: 2", "workers", "repeated; it stands on line 1 already"),
    case("limits: {body: 1MiB, ▶body: 2MiB}", "limits.body", "repeated|line 1"),
    case(
        "variants:\n  a: {endpoints: [http://x:1]}\n  b: {endpoints: [http://x:2]}\n  ▶a: {endpoints: [http://x:3]}",
        "variants.a",
        "repeated; it stands on line 2",
    ),
    case(segment("{header: x, eq: a, ▶'eq': b}"), "segments.s.eq", "repeated"),
]

TYPES = [
    case("workers: ▶many", "workers", 'auto, or a whole number from 1 to 256, is due, not "many"'),
    case("workers: ▶0", "workers", "from 1 to 256, is due, not 0"),
    case("workers: ▶true", "workers", "not true"),
    case("workers: ▶2.5", "workers", "not 2.5"),
    case("expose_headers: ▶on", "expose_headers", 'true or false is due, not "on"'),
    case("expose_headers: ▶'true'", "expose_headers", "true or false is due|leave out the quotes"),
    case("expose_headers: ▶True", "expose_headers", 'true or false is due, not "True"'),
    case("expose_headers: ▶1", "expose_headers", "true or false is due, not 1"),
    case("expose_headers:▶", "expose_headers", "true or false is due, not nothing"),
    case("limits: ▶[]", "limits", "a mapping is due, not a list"),
    case("limits: ▶5", "limits", "a mapping is due, not 5"),
    case("limits: ▶null", "limits", "a mapping is due, not null"),
    case("trusted_proxies: ▶10.0.0.0/8", "trusted_proxies", "a list is due"),
    case("variants: ▶[]", "variants", "a mapping is due, not a list"),
    case(variant("version: ▶3.10"), "variants.a.version", 'text is due, not 3.10: quote it, "3.10"'),
    case(variant("version: ▶3"), "variants.a.version", 'quote it, "3"'),
    case(variant("version: ▶true"), "variants.a.version", 'quote it, "true"'),
    case(variant("version: ▶null"), "variants.a.version", "text is due, not null"),
    case(variant("version: ▶[x]"), "variants.a.version", "text is due, not a list"),
    case(variant("model: ▶''"), "variants.a.model", "text that is not empty is due"),
    case(variant("concurrency: ▶1.0"), "variants.a.concurrency", "a whole number is due, not 1.0"),
    case(variant("concurrency: ▶'5'"), "variants.a.concurrency", "a whole number is due|leave out the quotes"),
    case(variant("concurrency: ▶0"), "variants.a.concurrency", "1 or more is due, not 0"),
    case(variant("concurrency: ▶true"), "variants.a.concurrency", "a whole number is due, not true"),
    case(variant("balance: ▶random"), "variants.a.balance", 'least_loaded or round_robin is due, not "random"'),
    case(variant("breaker: {mode: ▶off}"), "variants.a.breaker.mode", "enforce, observe or disabled is due"),
    case(variant("breaker: {probes: ▶1000000000000}"), "variants.a.breaker.probes", "1000000000 or less is due"),
    case(route("protocol: ▶grpc"), "routes.r.protocol", 'http, openai or oip is due, not "grpc"'),
    case(
        "routes: {r: {match: {path: /x, headers: {x-api: ▶2}}, split: {a: 1}}}",
        "routes.r.match.headers.x-api",
        'quote it, "2"',
    ),
    case(route("salt: ▶7"), "routes.r.salt", 'quote it, "7"'),
    case(
        route("fallback: {response: {body: ▶{score: null}}}"),
        "routes.r.fallback.response.body",
        "text is due, not a mapping",
    ),
    case(route("fallback: {response: {status: ▶99}}"), "routes.r.fallback.response.status", "200 or more is due"),
    case(
        "variants: {a: {endpoints: [http://x:1]}, b: {endpoints: [http://x]}, ▶3: {endpoints: [http://x:1]}}",
        "variants.3",
        'a name is text: quote it, "3"',
    ),
    case(
        "▶true: 1",
        "true",
        'quote it, "true"',
    ),
    case(route("shadow: [{variant: b, max_body: ▶17MiB}]"), "routes.r.shadow[0].max_body", "at most 16MiB is due"),
    case(route("shadow: [{variant: b, keep: ▶-1}]"), "routes.r.shadow[0].keep", "0 or more is due"),
    case(
        route("shadow: [{variant: b, compare: {numbers: {rel: ▶-0.1}}}]"),
        "routes.r.shadow[0].compare.numbers.rel",
        "0 or more is due",
    ),
    case(
        route("shadow: [{variant: b, compare: {numbers: {abs: ▶.inf}}}]"),
        "routes.r.shadow[0].compare.numbers.abs",
        "a number is due",
    ),
]

UNITS = [
    case(
        variant("timeouts: {connect: ▶5}"),
        "variants.a.timeouts.connect",
        "a length such as 250ms, 5s, 2m, 1h or 30d is due, not 5",
    ),
    case(variant("timeouts: {total: ▶5 s}"), "variants.a.timeouts.total", 'not "5 s"'),
    case(variant("timeouts: {idle: ▶5sec}"), "variants.a.timeouts.idle", "a length such as"),
    case(variant("timeouts: {first_byte: ▶1m30s}"), "variants.a.timeouts.first_byte", "a length such as"),
    case(variant("timeouts: {first_byte: ▶-1s}"), "variants.a.timeouts.first_byte", "a length such as"),
    case(variant("timeouts: {first_byte: ▶0s}"), "variants.a.timeouts.first_byte", 'more than zero is due, not "0s"'),
    case(route("deadline: ▶4000d"), "routes.r.deadline", "at most 3650d"),
    case(route("deadline: ▶12:30"), "routes.r.deadline", 'not "12:30"'),
    case("limits: {body: ▶64MB}", "limits.body", 'a size such as 512B, 64KiB, 1MiB or 2GiB is due, not "64MB"'),
    case("limits: {body: ▶65536}", "limits.body", "a size such as|not 65536"),
    case("limits: {header: ▶0B}", "limits.header", "more than zero is due"),
    case("limits: {inspect_body: ▶9999GiB}", "limits.inspect_body", "at most 1024GiB"),
    case(route("replay_body: ▶1.5MiB"), "routes.r.replay_body", "a size such as"),
    case("access_log: {sample: ▶0.5}", "access_log.sample", "a share such as 25% or 0.1% is due, not 0.5"),
    case("access_log: {sample: ▶101%}", "access_log.sample", "at most 100%"),
    case(variant("breaker: {error_rate: ▶0%}"), "variants.a.breaker.error_rate", "more than zero"),
    case(
        variant("breaker: {slow_after: ▶never}"),
        "variants.a.breaker.slow_after",
        "auto, or a length such as 2s, is due",
    ),
    case(
        variant("breaker: {error_statuses: [▶5xx]}"),
        "variants.a.breaker.error_statuses[0]",
        "a status such as 503, or a range such as 500-599",
    ),
    case(variant("breaker: {error_statuses: [503, ▶599-500]}"), "variants.a.breaker.error_statuses[1]", "rising range"),
    case(
        variant("breaker: {error_statuses: [▶200]}"),
        "variants.a.breaker.error_statuses[0]",
        "between 300 and 599 is due, not 200",
    ),
    case(
        variant("retry: {when: [connect, ▶500]}"),
        "variants.a.retry.when[1]",
        "connect, reset, timeout, 502, 503 or 504 is due, not 500",
    ),
    case(variant("retry: {extra: ▶11}"), "variants.a.retry.extra", "10 or less"),
    case(
        route("fallback: {when: [▶broken]}"),
        "routes.r.fallback.when[0]",
        'open, unavailable|or a status from 400 to 599 is due, not "broken"',
    ),
    case(route("fallback: {when: [open, ▶200]}"), "routes.r.fallback.when[1]", "status from 400 to 599"),
]

ADDRESSES = [
    case("listen: [▶8080]", "listen[0]", "a mapping is due, not 8080"),
    case('listen: ["▶:8080"]'.replace('"▶', '▶"'), "listen[0]", "an address and a port such as 0.0.0.0:8080"),
    case("listen: ▶0.0.0.0", "listen", "a port such as 0.0.0.0:8080"),
    case("listen: 0.0.0.0:80\nworkers: ▶none", "workers", "auto, or"),
    case("listen: [▶0.0.0.0]", "listen[0]", "a port such as 0.0.0.0:8080"),
    case("listen: ['0.0.0.0:80', {address: ▶'0.0.0.0:99999'}]", "listen[1].address", "the port is not 1 to 65535"),
    case("listen: [▶'::1:8080']", "listen[0]", "an IPv6 address stands in brackets"),
    case("listen: [▶'300.1.1.1:8080']", "listen[0]", "not an IPv4 address"),
    case("listen: [▶'a b:8080']", "listen[0]", "not a name or an address"),
    case("listen: ['0.0.0.0:80', ▶'127.0.0.1:80']", "listen[1]", "this port is taken by an earlier address"),
    case("listen: ['[::]:80', {address: ▶'[::]:80'}]", "listen[1].address", "this port is taken"),
    case(
        "listen: ['0.0.0.0:9091']\nadmin: {listen: ▶127.0.0.1:9091}",
        "admin.listen",
        "the admin API needs one of its own",
    ),
    case("admin: {listen: ▶0.0.0.0:9090}", "admin.listen", "not a loopback address, so admin.tokens is required"),
    case("listen: ['localhost:80', ▶'127.0.0.1:80']", "listen[1]", "this port is taken"),
    case("admin: {listen: ▶9090}", "admin.listen", "an address and a port"),
    case("trusted_proxies: [▶10.0.0.0/33]", "trusted_proxies[0]", 'a network such as 10.0.0.0/8|not "10.0.0.0/33"'),
    case("trusted_proxies: [10.0.0.0/8, ▶10.0.0.1/8]", "trusted_proxies[1]", "without host bits|10.0.0.0/8"),
    case("variants: {a: {endpoints: ▶[]}, b: {endpoints: [http://x]}}", "variants.a.endpoints", "at least one entry"),
    case(
        "variants: {a: {endpoints: [▶10.0.0.1:8000]}, b: {endpoints: [http://x]}}",
        "variants.a.endpoints[0]",
        "http://10.0.0.1:8000",
    ),
    case(
        "variants: {a: {endpoints: [▶ftp://x]}, b: {endpoints: [http://x]}}", "variants.a.endpoints[0]", 'not "ftp://x"'
    ),
    case(
        "variants: {a: {endpoints: [▶http://x/v1]}, b: {endpoints: [http://x]}}",
        "variants.a.endpoints[0]",
        "belongs in the variant's path",
    ),
    case(
        "variants: {a: {endpoints: [▶http://x:0]}, b: {endpoints: [http://x]}}",
        "variants.a.endpoints[0]",
        "the port is not 1 to 65535",
    ),
    case(
        "variants: {a: {endpoints: [▶http://]}, b: {endpoints: [http://x]}}",
        "variants.a.endpoints[0]",
        "not a name or an address",
    ),
    case(
        "variants: {a: {endpoints: ['▶unix:rel']}, b: {endpoints: [http://x]}}".replace("'▶", "▶'"),
        "variants.a.endpoints[0]",
        "an absolute path",
    ),
    case(
        "variants: {a: {endpoints: [http://x, ▶http://x]}, b: {endpoints: [http://y]}}",
        "variants.a.endpoints[1]",
        "the same endpoint as an earlier one",
    ),
    case("store: ▶mysql://db/x", "store", "sqlite:///FILE or postgresql://USER@HOST/DATABASE is due"),
    case("store: ▶'sqlite:///'", "store", "sqlite:///FILE"),
    case(
        "notify: [{url: ▶hooks.example.com}]", "notify[0].url", "a URL such as https://hooks.example.com/gateway is due"
    ),
    case("notify: [{url: 'https://x', when: [▶tripped]}]", "notify[0].when[0]", "breaker_tripped"),
    case("notify: [{url: 'https://x', when: ▶[]}]", "notify[0].when", "at least one entry"),
]

HTTP = [
    case(
        "routes: {r: {match: {path: ▶v1}, split: {a: 1}}}",
        "routes.r.match.path",
        'a path such as /v1/fraud, or a prefix such as /v1/*, is due, not "v1"',
    ),
    case("routes: {r: {match: {path: ▶/v1*}, split: {a: 1}}}", "routes.r.match.path", "* may only stand at the end"),
    case("routes: {r: {match: {path: ▶/*/x}, split: {a: 1}}}", "routes.r.match.path", "* may only stand at the end"),
    case("routes: {r: {match: {path: ▶/v1?x=1}, split: {a: 1}}}", "routes.r.match.path", "a path has no ?"),
    case("routes: {r: {match: {path: ▶/a/../b}, split: {a: 1}}}", "routes.r.match.path", "dot segment"),
    case("routes: {r: {match: {path: ▶/a/%2e%2e/b}, split: {a: 1}}}", "routes.r.match.path", "dot segment"),
    case("routes: {r: {match: {path: ▶/a b}, split: {a: 1}}}", "routes.r.match.path", "percent-encode"),
    case("routes: {r: {match: {path: ▶/%zz}, split: {a: 1}}}", "routes.r.match.path", "percent-encode"),
    case(
        "routes: {r: {match: {path: /x, methods: ▶[]}, split: {a: 1}}}", "routes.r.match.methods", "at least one entry"
    ),
    case(
        "routes: {r: {match: {path: /x, methods: [GET, ▶post]}, split: {a: 1}}}",
        "routes.r.match.methods[1]",
        "in upper case, such as POST|allowed: GET",
    ),
    case(
        "routes: {r: {match: {path: /x, methods: [▶FETCH]}, split: {a: 1}}}", "routes.r.match.methods[0]", 'not "FETCH"'
    ),
    case(
        "routes: {r: {match: {path: /x, host: ▶'example.com:80'}, split: {a: 1}}}",
        "routes.r.match.host",
        "without a port",
    ),
    case("routes: {r: {match: {path: /x, host: ▶'a.*.com'}, split: {a: 1}}}", "routes.r.match.host", "*.example.com"),
    case(
        "routes: {r: {match: {path: /x, headers: {▶x y: z}}, split: {a: 1}}}",
        'routes.r.match.headers."x y"',
        "a header name such as x-user-id is due",
    ),
    case(variant('headers: {set: {x-a: ▶"a\\nb"}}'), "variants.a.headers.set.x-a", "no line breaks"),
    case(
        variant("headers: {set: {▶content-length: '5'}}"),
        "variants.a.headers.set.content-length",
        "makes this field anew",
    ),
    case(
        variant("headers: {set: {▶X-Gateway-Route: r}}"),
        "variants.a.headers.set.X-Gateway-Route",
        "writes the x-gateway- fields itself",
    ),
    case(variant("headers: {set: {x-a: b, ▶X-A: c}}"), "variants.a.headers.set.X-A", "the same field as x-a"),
    case(variant("headers: {remove: [▶'a:b']}"), "variants.a.headers.remove[0]", "a header name"),
    case(variant("path: ▶v1"), "variants.a.path", "a path such as /v1/predict or /models/{rest} is due"),
    case(variant("path: ▶'/{rest}/{rest}'"), "variants.a.path", "{rest} may stand once"),
    case(variant("path: ▶'/{model}'"), "variants.a.path", "percent-encode"),
    case(variant("health: {path: ▶ready}"), "variants.a.health.path", "a path such as /v2/health/ready is due"),
    case(
        route("targeting_key: [{cookie: ▶'a=b'}]"),
        "routes.r.targeting_key[0].cookie",
        "a cookie name such as uid is due",
    ),
    case(
        route("fallback: {response: {headers: {▶Transfer-Encoding: chunked}}}"),
        "routes.r.fallback.response.headers.Transfer-Encoding",
        "anew",
    ),
    case(
        route("fallback: {response: {status: 204, body: ▶x}}"),
        "routes.r.fallback.response.body",
        "status 204 has no body",
    ),
]

NAMES = [
    case(
        "routes: {r: {match: {path: /x}, split: {a: 1, ▶bb: 1}}}",
        "routes.r.split.bb",
        'the file defines no variant "bb"|did you mean "b"?); defined: a, b',
    ),
    case(
        route("rules: [{segment: ▶gold, split: {a: 1}}]") + "\nsegments: {golden: {header: x, eq: y}}",
        "routes.r.rules[0].segment",
        'no segment "gold" (did you mean "golden"?)',
    ),
    case(
        route("rules: [{segment: ▶gold, split: {a: 1}}]"),
        "routes.r.rules[0].segment",
        'the file defines no segment "gold"',
    ),
    case(
        route("fallback: {variants: [a, ▶fraud-9]}"),
        "routes.r.fallback.variants[1]",
        'no variant "fraud-9"; defined: a, b',
    ),
    case(route("shadow: [{variant: ▶c}]"), "routes.r.shadow[0].variant", 'no variant "c"'),
    case(
        "variants: {a: {endpoints: [http://x]}, b: {endpoints: [http://y]}, ▶'a b': {endpoints: [http://z]}}",
        'variants."a b"',
        "a name of at most 128 letters",
    ),
    case("routes: {▶'': {match: {path: /x}, split: {a: 1}}}", 'routes.""', "a name of at most 128 letters"),
    case(
        route("rules: [{segment: s, split: {a: 1}}, {segment: ▶s, split: {b: 1}}]")
        + "\n"
        + segment("{header: x, eq: y}"),
        "routes.r.rules[1].segment",
        "an earlier rule of this route is named s",
    ),
    case(
        route("rules: [{name: n, segment: s, split: {a: 1}}, {name: ▶n, segment: s, split: {b: 1}}]")
        + "\n"
        + segment("{header: x, eq: y}"),
        "routes.r.rules[1].name",
        "is named n",
    ),
    case(route("fallback: {variants: [b, ▶b]}"), "routes.r.fallback.variants[1]", "b stands here already"),
    case(route("shadow: [{variant: b}, {variant: ▶b}]"), "routes.r.shadow[1].variant", "b stands here already"),
]

SPLITS = [
    case("routes: {r: {match: {path: /x}, split: {a: ▶-1, b: 1}}}", "routes.r.split.a", "0 or more is due, not -1"),
    case(
        "routes: {r: {match: {path: /x}, split: {a: ▶0.5, b: 1}}}", "routes.r.split.a", "a whole number is due, not 0.5"
    ),
    case(
        "routes: {r: {match: {path: /x}, split: {a: ▶95%, b: 1}}}",
        "routes.r.split.a",
        'a whole number is due, not "95%"',
    ),
    case("routes: {r: {match: {path: /x}, split: ▶{a: 0, b: 0}}}", "routes.r.split", "at least one weight above zero"),
    case("routes: {r: {match: {path: /x}, split: ▶{}}}", "routes.r.split", "at least one variant with a weight"),
    case("routes: {r: {match: {path: /x}, split: ▶[a, b]}}", "routes.r.split", "a mapping is due, not a list"),
]

CONDITIONS = [
    case(
        segment("▶{eq: x}"),
        "segments.s",
        "a condition is about one of header, query, cookie, json, client, method, path, share, all, any, not",
    ),
    case(segment("▶{header: x}"), "segments.s", "an operator is due beside header: one of eq, in"),
    case(segment("{header: x, query: ▶y, eq: z}"), "segments.s.query", "about one thing, not header and query"),
    case(segment("{header: x, eq: y, in: ▶[z]}"), "segments.s.in", "one operator, not eq and in"),
    case(segment("{header: x, eq: ▶2}"), "segments.s.eq", 'text is due, not 2: quote it, "2"'),
    case(segment("{header: x, in: [a, ▶3.10]}"), "segments.s.in[1]", 'quote it, "3.10"'),
    case(segment("{header: x, in: ▶[]}"), "segments.s.in", "the list is empty"),
    case(segment("{header: x, in: ▶gold}"), "segments.s.in", 'a list is due, not "gold"'),
    case(segment("{header: x, not_in: ▶gold}"), "segments.s.not_in", "a list is due"),
    case(segment("{header: x, matches: ▶'a(b'}"), "segments.s.matches", "regular expression"),
    case(segment("{header: x, matches: ▶'(?=a)'}"), "segments.s.matches", "regular expression"),
    case(segment("{header: x, exists: ▶yes}"), "segments.s.exists", 'true or false is due, not "yes"'),
    case(segment("{header: x, gt: ▶'5'}"), "segments.s.gt", "a number is due|leave out the quotes"),
    case(segment("{header: x, lte: ▶.nan}"), "segments.s.lte", "a number is due"),
    case(segment("{header: x, semver: ▶'>=two'}"), "segments.s.semver", "version range"),
    case(segment("{header: x, semver: ▶2.1}"), "segments.s.semver", 'quote it, "2.1"'),
    case(segment("{client: ip, in: [10.0.0.1, ▶here]}"), "segments.s.in[1]", 'an IP address is due, not "here"'),
    case(segment("{client: ip, cidr: [▶10.0.0.1/8]}"), "segments.s.cidr[0]", "without host bits is due: 10.0.0.0/8"),
    case(segment("{json: $.a, eq: ▶.inf}"), "segments.s.eq", "a JSON number is due"),
    case(segment("{header: x, matches: ▶'" + "a" * 4001 + "'}"), "segments.s.matches", "at most 4,000 characters"),
    case(segment("{json: ▶'$" + ".a" * 500 + "', eq: 1}"), "segments.s.json", "at most 1,000 characters"),
    case(segment("{client: ip, cidr: ▶10.0.0.0/40}"), "segments.s.cidr", "a network such as"),
    case(segment("{client: ip, cidr: [10.0.0.0/8, ▶ten]}"), "segments.s.cidr[1]", 'a network such as|not "ten"'),
    case(segment("{client: ip, eq: ▶localhost}"), "segments.s.eq", "an IP address is due"),
    case(
        segment("{client: ip, matches: ▶'^10'}"),
        "segments.s.matches",
        "matches does not fit client; allowed: eq, in, not_in, cidr",
    ),
    case(segment("{client: ▶port, eq: x}"), "segments.s.client", 'ip is due, not "port"'),
    case(segment("{json: ▶user.id, eq: x}"), "segments.s.json", "a query begins with $"),
    case(segment("{json: ▶'$..id', eq: x}"), "segments.s.json", "a name is due"),
    case(segment("{json: ▶'$.a[*]', eq: x}"), "segments.s.json", "wildcards, slices and filters"),
    case(segment("{json: $.a, eq: ▶[1]}"), "segments.s.eq", "text, a number, true, false or null is due, not a list"),
    case(segment("{json: $.a, in: [1, ▶{}]}"), "segments.s.in[1]", "not a mapping"),
    case(segment("{method: ▶post}"), "segments.s.method", "in upper case"),
    case(segment("{method: [GET, ▶5]}"), "segments.s.method[1]", "quote it"),
    case(
        segment("{method: POST, eq: ▶POST}"), "segments.s.eq", "eq does not go with method; write {method: {eq: ...}}"
    ),
    case(segment("{method: ▶{eq: GET, in: [POST]}}"), "segments.s.method", "one operator is due here"),
    case(segment("{path: {gt: ▶5}}"), "segments.s.path.gt", "gt does not fit path"),
    case(segment("{path: ▶v1}"), "segments.s.path", "a path that begins with a slash"),
    case(segment("{path: {matches: ▶'['}}"), "segments.s.path.matches", "regular expression"),
    case(segment("{share: ▶10}"), "segments.s.share", "a share such as 25%"),
    case(segment("{share: 10%, eq: ▶x}"), "segments.s.eq", "eq does not go with share"),
    case(segment("{all: ▶[]}"), "segments.s.all", "at least one entry"),
    case(segment("{all: ▶{header: x, eq: y}}"), "segments.s.all", "a list is due, not a mapping"),
    case(segment("{not: ▶[]}"), "segments.s.not", "a mapping is due"),
    case(segment("{not: ▶null}"), "segments.s.not", "not may not be null"),
    case(segment("{any: [{header: x, eq: y}, ▶{header: x}]}"), "segments.s.any[1]", "an operator is due"),
    case(segment("▶gold"), "segments.s", 'a mapping is due, not "gold"'),
    case(segment("{header: ▶'a b', eq: x}"), "segments.s.header", "a header name"),
    case(segment("{query: ▶'', eq: x}"), "segments.s.query", "not empty"),
]

KEYS = [
    case(route("targeting_key: ▶{header: x}"), "routes.r.targeting_key", "a list is due"),
    case(
        route("targeting_key: [▶{}]"),
        "routes.r.targeting_key[0]",
        "exactly one of header, query, cookie, json, client is due",
    ),
    case(route("targeting_key: [{header: ▶}]"), "routes.r.targeting_key[0].header", "the name of a header is due"),
    case(route("targeting_key: [{header: a, query: ▶b}]"), "routes.r.targeting_key[0].query", "exactly one of"),
    case(
        route("targeting_key: [{header: a, issue: ▶30d}]"),
        "routes.r.targeting_key[0].issue",
        "issue goes with cookie alone",
    ),
    case(route("targeting_key: [{cookie: a, issue: ▶30}]"), "routes.r.targeting_key[0].issue", "a length such as"),
    case(route("targeting_key: [{json: ▶'$['}]"), "routes.r.targeting_key[0].json", "at character"),
]

BETWEEN = [
    case(
        "routes:\n  r: {match: {path: /x}, split: {a: 1}}\n  q: {match: ▶{path: /x}, split: {b: 1}}",
        "routes.q.match",
        "takes the same requests as route r",
    ),
    case(
        "routes:\n  r: {match: {path: /x}, split: {a: 1}}\n  q: {match: ▶{path: /x, methods: [GET]}, split: {b: 1}}",
        "routes.q.match",
        "as route r",
    ),
    case(
        "routes:\n  r: {match: {path: /x, methods: [GET, POST]}, split: {a: 1}}\n"
        "  q: {match: ▶{path: /x, methods: [POST]}, split: {b: 1}}",
        "routes.q.match",
        "as route r",
    ),
    case(
        "routes:\n  r: {match: {path: /x, host: A.com, headers: {X-A: b}}, split: {a: 1}}\n"
        "  q: {match: ▶{path: /x, host: a.com, headers: {x-a: b}}, split: {b: 1}}",
        "routes.q.match",
        "as route r",
    ),
    case(
        "routes: {r: {match: {path: /x}, split: {a: 1}, fallback: {variants: ▶[a]}}}",
        "routes.r.fallback.variants",
        "a would fall back to itself alone; name another variant",
    ),
    case(
        variant("path: ▶/fixed").replace("a:\n", "a:\n", 1) + "\nroutes: {r: {match: {path: /v1/*}, split: {a: 1}}}",
        "variants.a.path",
        "route r takes a prefix, so {rest}",
    ),
    case(
        variant("path: ▶'/m/{rest}'")
        + "\nroutes: {r: {match: {path: /v1/x}, split: {b: 1}, fallback: {variants: [a]}}}",
        "variants.a.path",
        "route r takes one exact path, so {rest} stands for nothing",
    ),
    case(
        variant("breaker: {open_for: 2m, max_open_for: ▶1m}"),
        "variants.a.breaker.max_open_for",
        "max_open_for is shorter than open_for",
    ),
    case(variant("breaker: {open_for: ▶2m}"), "variants.a.breaker.open_for", "max_open_for is shorter than open_for"),
    case(
        route("shadow: [{variant: b, compare: {at: {$.x: {as: argmax, min: ▶0.9}}}}]"),
        "routes.r.shadow[0].compare.at.$.x.min",
        "min goes with cosine alone, not with argmax",
    ),
    case(
        route("shadow: [{variant: b, compare: {at: {$.x: {as: cosine, min: ▶1.5}}}}]"),
        "routes.r.shadow[0].compare.at.$.x.min",
        "1 or less",
    ),
    case(
        route("shadow: [{variant: b, compare: {at: {▶x: {as: exact}}}}]"),
        "routes.r.shadow[0].compare.at.x",
        "not a JSONPath (RFC 9535)",
    ),
    case(
        route("shadow: [{variant: b, compare: {ignore: [▶'$[']}}]"),
        "routes.r.shadow[0].compare.ignore[0]",
        "not a JSONPath",
    ),
    case(
        route("shadow: [{variant: b, compare: {ignore: [▶'$" + ".a" * 500 + "']}}]"),
        *("routes.r.shadow[0].compare.ignore[0]", "at most 1,000 characters"),
    ),
    case(variant("tls: {ca: ▶''}"), "variants.a.tls.ca", "a path of a file is due"),
    case(variant("tls: {cert: ▶/tmp}"), "variants.a.tls.cert", "cert needs key beside it"),
    case(variant("tls: {ca: ▶nowhere.pem}"), "variants.a.tls.ca", "nowhere.pem does not exist"),
    case(
        "listen: [{address: '0.0.0.0:443', tls: {cert: ▶no.pem, key: ▶no.key}}]",
        "listen[0].tls.cert",
        "no.pem does not exist",
        "listen[0].tls.key",
        "no.key does not exist",
    ),
]

SECRETS = [
    case(
        "admin: {tokens: [{name: ci, role: admin, token: ▶hunter2}]}",
        "admin.tokens[0].token",
        "by reference: ${env:NAME} or ${file:PATH}",
    ),
    case("admin: {tokens: [{name: ci, role: admin, token: ▶12345678}]}", "admin.tokens[0].token", "by reference"),
    case(
        "admin: {tokens: [{name: ci, role: admin, token: ▶'${env:SURELY_NOT_SET}'}]}",
        "admin.tokens[0].token",
        "the environment variable SURELY_NOT_SET is not set",
    ),
    case(
        "admin: {tokens: [{name: ci, role: ▶root, token: '${env:PATH}'}]}",
        "admin.tokens[0].role",
        "viewer, operator or admin is due",
    ),
    case(
        "admin: {tokens: [{name: a, role: viewer, token: '${env:PATH}'}, "
        "{name: ▶a, role: admin, token: '${env:HOME}'}]}",
        *("admin.tokens[1].name", "the name of an earlier token"),
    ),
    case(
        "admin: {tokens: [{name: a, role: viewer, token: '${env:PATH}'}, "
        "{name: b, role: admin, token: ▶'${env:PATH}'}]}",
        *("admin.tokens[1].token", "the same secret as an earlier token's"),
    ),
    case("notify: [{url: 'https://x', secret: ▶hunter2}]", "notify[0].secret", "by reference"),
    case("store: ▶postgresql://me:hunter2@db/x", "store", "the password is due by reference"),
    case(
        variant("headers: {set: {Authorization: ▶Bearer hunter2}}"),
        "variants.a.headers.set.Authorization",
        "by reference",
    ),
    case(
        variant("headers: {set: {cookie: ▶hunter2, X-API-Key: ▶hunter2}}"),
        "variants.a.headers.set.cookie",
        "by reference",
        "variants.a.headers.set.X-API-Key",
        "by reference",
    ),
    case(
        "variants: {a: {endpoints: [▶'http://me:hunter2@x']}, b: {endpoints: [http://x]}}",
        "variants.a.endpoints[0]",
        "credentials may not stand in an address",
    ),
    case(variant("version: ▶'${env:SURELY_NOT_SET}'"), "variants.a.version", "SURELY_NOT_SET is not set"),
    case(
        variant("version: ▶'${file:no/such/file}'"),
        "variants.a.version",
        "no/such/file cannot be read: No such file or directory",
    ),
    case(variant("version: ▶'${file:/dev/zero}'"), "variants.a.version", "/dev/zero is not a file"),
    case(variant("version: ▶'${env:}'"), "variants.a.version", "names no environment variable"),
]

SYNTAX = [
    case("limits:\n▶\tbody: 1MiB", "(file)", "a tab cannot indent; use spaces"),
    case("limits: ▶[1, 2", "(file)", "this list [ is not closed"),
    case("limits: ▶{body: 1MiB", "(file)", "this mapping { is not closed"),
    case("store: ▶'abc", "(file)", "this quote is not closed"),
    case("store: a▶: b", "(file)", "a name may not stand here"),
    case('store: "▶\\q"', "(file)", "this escape is unknown in double quotes"),
    case("store: ▶@x", "(file)", "no value begins with @; quote it"),
    case("store: ▶%x", "(file)", "no value begins with %"),
    case("store: ▶*nobody", "store", "*nobody stands for nothing"),
    case("limits: &l {body: ▶*l}", "limits.body", "*l stands for nothing"),
    case("store: ▶!!str x", "store", "a tag may not stand here"),
    case("store: ▶!!python/object/apply:os.system [x]", "store", "a tag may not stand here"),
    case("workers: 1\n▶---\nworkers: 2", "(file)", "a second document begins here"),
    case("? ▶[a]\n: b", "?", "a name is due here, not a list"),
    case("limits: {<<: ▶5}", "limits.<<", "<< takes a mapping"),
]

SEVERAL = [
    case(
        "▶workrs: 2\n"
        "limits: {body: ▶64MB, ▶bodi: 1}\n"
        "admin: {listen: ▶0.0.0.0:9090}\n"
        "variants:\n"
        "  a: {endpoints: [▶nowhere], version: ▶3.1, timeouts: {connect: ▶5}}\n"
        "  b: ▶{}\n"
        "segments: {s: ▶{header: x}, t: {json: ▶x, eq: 1}}\n"
        "routes:\n"
        "  r: {match: {path: /x}, split: {a: 1, ▶c: 1}, deadline: ▶soon}\n"
        "  q: {match: ▶{path: /x}, split: {a: 1}, fallback: {variants: ▶[a]}}",
        "workrs", "workers",
        "limits.body", "a size",
        "limits.bodi", "body",
        "admin.listen", "tokens",
        "variants.a.endpoints[0]", "http://",
        "variants.a.version", "quote it",
        "variants.a.timeouts.connect", "a length",
        "variants.b.endpoints", "missing",
        "segments.s", "an operator",
        "segments.t.json", "begins with $",
        "routes.r.split.c", "no variant",
        "routes.r.deadline", "a length",
        "routes.q.match", "same requests",
        "routes.q.fallback.variants", "itself",
    ),
]  # fmt: skip

CASES = [
    *UNKNOWN_KEYS, *MISSING_KEYS, *REPEATED_KEYS, *TYPES, *UNITS, *ADDRESSES, *HTTP, *NAMES, *SPLITS, *CONDITIONS,
    *KEYS, *BETWEEN, *SECRETS, *SYNTAX, *SEVERAL,
]  # fmt: skip
