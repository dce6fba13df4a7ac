"""The call that asks a variant whether it answers."""

from collections.abc import Mapping

from aiohttp import web

from gateway.admin.answers import Probe
from gateway.admin.calls import Asked, answered
from gateway.admin.operations import Sample
from gateway.admin.refusals import Misfit, invalid_request
from gateway.admin.requests import AskToProbe, NoQuery, SampleRequest
from gateway.core.model import Route
from gateway.core.suggest import did_you_mean


async def probe_variant(asked: Asked[NoQuery, AskToProbe]) -> web.StreamResponse:
    """Each of its endpoints, once."""
    given = asked.body.sample
    sample = _sample(given, asked.operations.snapshot.routes) if given is not None else None
    return answered(Probe.model_validate(await asked.operations.probe(asked.name("variant"), sample)))


def _sample(given: SampleRequest, routes: Mapping[str, Route]) -> Sample:
    if given.route not in routes:
        message = f"no route {given.route} is defined{did_you_mean(given.route, routes)}"
        raise invalid_request([Misfit(path="sample.route", message=message)])
    if given.body and given.body_base64:
        raise invalid_request([Misfit(path="sample", message="body or body_base64 is due, not both")])
    path = given.path or routes[given.route].match.path
    if given.path is None and path.endswith("/*"):
        raise invalid_request([Misfit(path="sample.path", message=f"a path is due: the route takes all of {path}")])
    body = given.body_base64 or given.body.encode()
    return Sample(route=given.route, method=given.method, path=path, headers=given.headers, body=body)
