"""The checked models as the data everything else works with: the snapshot and the settings.

It decides nothing; it renames. What it makes knows neither pydantic nor this package's text classes.
"""

from gateway.config import routes, shadows, variants
from gateway.config.conditions import to_model
from gateway.config.digests import digest
from gateway.config.document import Document
from gateway.config.serving import Listen
from gateway.config.settings import Admin, Notify, Settings, Token
from gateway.core import model


def snapshot(document: Document) -> model.Snapshot:
    """What workers serve by."""
    return model.Snapshot(
        listen=tuple(_listener(each) for each in document.listen),
        variants={name: _variant(name, each) for name, each in document.variants.items()},
        routes={name: _route(name, each) for name, each in document.routes.items()},
        segments={name: to_model(each) for name, each in document.segments.items()},
        limits=model.Limits(**dict(document.limits)),
        access_log=model.AccessLog(**dict(document.access_log)),
        trusted_proxies=tuple(document.trusted_proxies),
        expose_headers=document.expose_headers,
    )


def settings(document: Document, *, processors: int) -> Settings:
    """What concerns the processes; `processors` is what `workers: auto` stands for."""
    host, port = document.admin.listen
    tokens = tuple(Token(each.name, each.role, each.token) for each in document.admin.tokens)
    return Settings(
        listen=tuple(_listener(each) for each in document.listen),
        workers=processors if document.workers == "auto" else document.workers,
        admin=Admin(host, port, tokens),
        store=document.store,
        notify=tuple(Notify(each.url, tuple(each.when), each.secret) for each in document.notify),
    )


def _listener(listen: Listen) -> model.Listener:
    cert, key = (listen.tls.cert, listen.tls.key) if listen.tls else (None, None)
    return model.Listener(*listen.address, cert, key, digest(cert, key))


def _variant(name: str, variant: variants.Variant) -> model.Variant:
    return model.Variant(
        name=name,
        endpoints=tuple(variant.endpoints),
        tls=_tls(variant.tls),
        version=variant.version,
        metadata=variant.metadata,
        path=variant.path,
        model=variant.model,
        headers=model.Headers(tuple(variant.headers.set.items()), tuple(variant.headers.remove)),
        timeouts=model.Timeouts(**dict(variant.timeouts)),
        concurrency=variant.concurrency,
        retry=model.Retry(variant.retry.extra, tuple(variant.retry.when), variant.retry.budget),
        balance=variant.balance,
        breaker=_breaker(variant.breaker),
        ejection=model.Ejection(**dict(variant.ejection)),
        health=model.Health(**dict(variant.health)) if variant.health else None,
    )


def _tls(tls: variants.UpstreamTls) -> model.UpstreamTls:
    return model.UpstreamTls(**dict(tls), digest=digest(tls.ca, tls.cert, tls.key))


def _breaker(breaker: variants.Breaker) -> model.BreakerSettings:
    values = dict(breaker) | {"error_statuses": tuple(breaker.error_statuses)}
    return model.BreakerSettings(**values)


def _route(name: str, route: routes.Route) -> model.Route:
    return model.Route(
        name=name,
        match=routes.to_match(route.match),
        split=route.split,
        protocol=route.protocol,
        targeting_key=tuple(_key_source(each) for each in route.targeting_key),
        salt=route.salt or name,
        rules=tuple(model.Rule(each.name or each.segment, each.segment, each.split) for each in route.rules),
        fallback=_fallback(route),
        deadline=route.deadline,
        replay_body=route.replay_body,
        shadow=tuple(_shadow(each) for each in route.shadow),
    )


def _key_source(source: routes.KeySource) -> model.KeySource:
    kind = source.kind()
    return model.KeySource(model.Source(kind, source.source(kind) or ""), source.issue)


def _fallback(route: routes.Route) -> model.Fallback:
    written = route.fallback
    default = (*routes.WHEN, 429) if route.protocol == "openai" else routes.WHEN
    return model.Fallback(
        variants=None if written.variants is None else tuple(written.variants),
        when=default if written.when is None else tuple(written.when),
        response=_response(written.response) if written.response else None,
    )


def _response(response: routes.Response) -> model.FixedResponse:
    return model.FixedResponse(response.status, tuple(response.headers.items()), response.body)


def _shadow(shadow: shadows.Shadow) -> model.Shadow:
    return model.Shadow(**(dict(shadow) | {"compare": _compare(shadow.compare)}))


def _compare(compare: shadows.Compare) -> model.Compare:
    return model.Compare(
        ignore=tuple(compare.ignore),
        relative=compare.numbers.rel,
        absolute=compare.numbers.abs,
        unordered=tuple(compare.unordered),
        at={path: _at(each) for path, each in compare.at.items()},
    )


def _at(at: shadows.At) -> dict[str, object]:
    least = {"min": 0.99 if at.min is None else at.min} if at.as_ == "cosine" else {}
    return {"as": at.as_, **least}
