"""`gateway switch`: all calls of a route to one variant at once, once that one was seen to answer; and back."""

from pathlib import Path

import click

from gateway.cli import outcomes, samples, sheet, terminal
from gateway.cli.api import Api, Document
from gateway.cli.options import asks, completed, lasting, why
from gateway.cli.states import one_of, state
from gateway.errors import GatewayError

EXAMPLES = """\b
Examples:
  gateway switch fraud --to fraud-green --why 'release 4'
  gateway switch fraud --to fraud-green --probe sample.json
  gateway switch fraud --to fraud-green --for 30m
  gateway switch fraud --back
"""


@click.command(epilog=EXAMPLES)
@click.argument("route", shell_complete=completed("routes"))
@click.option(
    "--to", "variant", metavar="VARIANT", shell_complete=completed("variants"), help="Who answers from now on."
)
@click.option("--back", "is_back", is_flag=True, help="Return to what was before the last switch.")
@click.option(
    "--probe",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A sample that VARIANT must answer with 2xx: a body to be posted, or a whole request as HTTP writes it.",
)
@click.option("--rules", type=click.Choice(["set", "keep"]), default="set", help="Whether the route's rules follow.")
@click.option("--anyway", "is_forced", is_flag=True, help="Switch although VARIANT does not answer as it should.")
@why(required=False)
@lasting
@asks
def command(  # noqa: PLR0913 - one for each option
    api: Api,
    as_json: bool,
    *,
    route: str,
    variant: str | None,
    is_back: bool,
    file: Path | None,
    rules: str,
    is_forced: bool,
    why: str,
    lasts: str | None,
) -> None:
    """Send all new calls of ROUTE to one variant, in one step, or go back.

    Before the switch every endpoint of VARIANT is asked, from where the gateway runs: its health path, the sample
    request, or where there is neither a connection. The variant that answered before stays ready. The route's rules
    follow unless --rules keep is given.
    """
    if is_back == (variant is not None):
        raise click.UsageError("give either --to VARIANT or --back")
    if variant is None:
        _back(api, route, why=why, as_json=as_json)
        return
    status = api.get("status")
    before = one_of(status["routes"], "route", route)["split"]
    target = one_of(status["variants"], "variant", variant)
    problems = [*_problems(variant, target), *_probed(api, variant, samples.read(file, route) if file else None)]
    _judge(problems, is_forced=is_forced)
    body = {"split": {variant: 1}, "rules": rules, "reason": why} | ({"expires": lasts} if lasts else {})
    outcome = api.call("PUT", "routes", route, "split", body=body).document
    said = f"route {route}: {sheet.weights(before)} -> {variant} alone{f', for {lasts}' if lasts else ''}"
    outcomes.show(outcome, f"{said}; back with: gateway switch {route} --back", as_json=as_json)


def _problems(name: str, variant: Document) -> list[str]:
    """What speaks against the variant by what is known already."""
    found = state(variant)
    if found == "disabled":
        return [f"{name} is disabled: gateway enable {name}"]
    return [f"{name} is {found}"] if found not in {"ok", "degraded"} else []


def _probed(api: Api, variant: str, sample: Document | None) -> list[str]:
    """Asks it, and says what every endpoint answered; what speaks against it."""
    answer = api.call("POST", "variants", variant, "probe", body={"sample": sample} if sample else {}).document
    problems = []
    for each in answer["endpoints"]:
        found = each["problem"] or str(each["status"] or "answers")
        terminal.message(f"{each['url']}: {answer['asked']}: {found}, {sheet.quick(each['seconds'])}")
        if each["problem"]:
            problems.append(f"{each['url']}: {each['problem']}")
    return problems


def _judge(problems: list[str], *, is_forced: bool) -> None:
    if problems and not is_forced:
        advice = "put it right, or switch all the same with --anyway"
        raise GatewayError(f"nothing was switched: {'; '.join(problems)}; {advice}")
    for problem in problems:
        terminal.message(f"switched all the same: {problem}", style="yellow")


def _back(api: Api, route: str, *, why: str, as_json: bool) -> None:
    """To the split that was set before, or to the revision's."""
    one_of(api.get("status")["routes"], "route", route)
    found = [each for each in api.get("overrides")["items"] if (each["kind"], each["subject"]) == ("split_set", route)]
    if not found:
        raise GatewayError(f"route {route} was not switched: the split of the revision decides")
    previous = found[0].get("previous")
    if previous:
        body = {"split": previous, "rules": found[0]["rules"], "reason": why}
        outcome = api.call("PUT", "routes", route, "split", body=body).document
        outcomes.show(outcome, f"route {route}: back to {sheet.weights(previous)}", as_json=as_json)
        return
    outcome = api.call("DELETE", "routes", route, "split", query={"reason": why}).document
    outcomes.show(outcome, f"route {route}: back to the split of revision {outcome['revision']}", as_json=as_json)
