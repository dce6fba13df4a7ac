"""`gateway switch`: all calls of a route to one variant at once, once that one was seen to answer; and back."""

from pathlib import Path

import click

from gateway.cli import outcomes, samples, sheet, terminal
from gateway.cli.api import Api, Document
from gateway.cli.lengths import seconds
from gateway.cli.options import asks, completed, lasting, why
from gateway.cli.states import one_of, state
from gateway.cli.watching import End, Watch
from gateway.errors import GatewayError

FAILED = 1

EXAMPLES = """\b
Examples:
  gateway switch fraud --to fraud-green --why 'release 4'
  gateway switch fraud --to fraud-green --probe sample.json
  gateway switch fraud --to fraud-green --for 30m
  gateway switch fraud --to fraud-green --watch 2m
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
@click.option(
    "--watch",
    "watched",
    callback=seconds,
    metavar="LENGTH",
    help="Look on for so long, such as 2m, and go back when the breaker of VARIANT trips.",
)
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
    watched: float | None,
    is_forced: bool,
    why: str,
    lasts: str | None,
) -> int:
    """Send all new calls of ROUTE to one variant, in one step, or go back.

    Before the switch every endpoint of VARIANT is asked, from where the gateway runs: its health path, the sample
    request, or where there is neither a connection. The variant that answered before stays ready. The route's rules
    follow unless --rules keep is given.

    With --watch the command stays and goes back by itself, with exit code 1, when within that time the breaker of
    VARIANT trips or no endpoint of it is healthy. Ctrl-C ends the watch and leaves the switch as it is.
    """
    if is_back == (variant is not None):
        raise click.UsageError("give either --to VARIANT or --back")
    if is_back and watched:
        raise click.UsageError("--watch goes with --to VARIANT")
    if variant is None:
        outcome, said = _back(api, route, why=why)
        outcomes.show(outcome, said, as_json=as_json)
        return 0
    status = api.get("status")
    before = one_of(status["routes"], "route", route)["split"]
    target = one_of(status["variants"], "variant", variant)
    problems = [
        *_problems(variant, target, has_sample=file is not None),
        *_probed(api, variant, samples.read(file, route) if file else None),
    ]
    _judge(problems, is_forced=is_forced)
    watch = Watch(api, route=route, variant=variant, seconds=watched) if watched else None
    body = {"split": {variant: 1}, "rules": rules, "reason": why} | ({"expires": lasts} if lasts else {})
    outcome = api.call("PUT", "routes", route, "split", body=body).document
    said = f"route {route}: {sheet.weights(before)} -> {variant} alone{f', for {lasts}' if lasts else ''}"
    said = f"{said}; back with: gateway switch {route} --back"
    if watch is None:
        outcomes.show(outcome, said, as_json=as_json)
        return 0
    end = _watch(watch, None if as_json else (outcome, said), f"route {route}: not watched any more, {variant} stays")
    return _follow(api, end, outcome, route=route, variant=variant, as_json=as_json)


def _watch(watch: Watch, made: tuple[Document, str] | None, interrupted: str) -> End:
    try:
        watch.begin()
        if made is not None:
            outcomes.show(*made, as_json=False)
        return watch.run()
    except KeyboardInterrupt:
        terminal.progress("")
        terminal.message(interrupted, style="yellow")
        raise
    finally:
        terminal.progress("")


def _follow(  # noqa: PLR0913 - what was switched, and what is to be said
    api: Api, end: End, outcome: Document, *, route: str, variant: str, as_json: bool
) -> int:
    """Goes back where the watch found trouble, and says how it ended; the exit code."""
    said = f"route {route}: {variant} did well, and stays"
    if end.kind == "changed":
        said = f"route {route}: the watch ends: {end.why}"
    elif end.kind == "trouble":
        why = f"{variant}: {end.why}"
        terminal.message(f"route {route}: goes back: {why}", style="red")
        outcome, said = _back(api, route, why=why)
    if as_json:
        terminal.document({**outcome, "watch": {"end": end.kind, "why": end.why}})
    else:
        terminal.result(said)
    return FAILED if end.kind == "trouble" else 0


def _problems(name: str, variant: Document, *, has_sample: bool) -> list[str]:
    """What speaks against the variant by what is known already. A breaker that is half-open waits for a call to be
    answered: a sample that is shows as much, and without callers nothing else would ever close it."""
    found = state(variant)
    if found == "disabled":
        return [f"{name} is disabled: gateway enable {name}"]
    if found == "breaker half-open":
        return [] if has_sample else [f"the breaker of {name} is half-open: show with --probe FILE that it answers"]
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


def _back(api: Api, route: str, *, why: str) -> tuple[Document, str]:
    """To the split that was set before, or to the revision's; what came of it, for machines and for people."""
    one_of(api.get("status")["routes"], "route", route)
    found = [each for each in api.get("overrides")["items"] if (each["kind"], each["subject"]) == ("split_set", route)]
    if not found:
        raise GatewayError(f"route {route} was not switched: the split of the revision decides")
    previous = found[0].get("previous")
    if previous:
        body = {"split": previous, "rules": found[0]["rules"], "reason": why}
        outcome = api.call("PUT", "routes", route, "split", body=body).document
        return outcome, f"route {route}: back to {sheet.weights(previous)}"
    outcome = api.call("DELETE", "routes", route, "split", query={"reason": why}).document
    return outcome, f"route {route}: back to the split of revision {outcome['revision']}"
