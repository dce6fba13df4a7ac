"""`make attacks`: the families of request smuggling at the gateway and at other proxies, then the attacks by load.

Writes the tables of docs/attacks.md anew. A proxy that is not installed is left out, and the tables say which ran.
"""

import argparse
import contextlib
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from gateway import __version__
from tests.attacks import beside, report, siege
from tests.attacks.families import ATTACKS
from tests.attacks.peers import PEERS
from tests.attacks.scene import Outcome, stage
from tests.support.gateway import Gateway, config
from tests.support.origin import Origin

PAGE = Path(__file__).parents[2] / "docs" / "attacks.md"
QUIET = 0.4


def main() -> int:
    """Run what was asked for; 1 where an attack on the gateway was neither stopped nor harmless."""
    parser = argparse.ArgumentParser(prog="make attacks", description=__doc__)
    parser.add_argument("--only", choices=["families", "loads"])
    asked = parser.parse_args()
    failed = False
    if asked.only != "loads":
        failed |= _families()
    if asked.only != "families":
        failed |= _loads()
    return int(failed)


def _families() -> bool:
    found = dict(_each())
    _write("families", [*report.families(found), "", *report.meanings()])
    _write("differences", [*report.differences(found), "", *report.notes(found)])
    print(*report.families(found), sep="\n")
    return not all(outcome.is_harmless for outcome in found[_gateway()])


def _loads() -> bool:
    sieges = []
    for one in siege.everything():
        sieges.append(one)
        print(*siege.table([one]), sep="\n", flush=True)
    _write("loads", siege.table(sieges))
    measured: beside.Measured = {}
    for attack, place, waited in beside.measure():
        measured.setdefault(attack, {})[place] = waited
    _write("beside", beside.table(measured))
    print(*beside.table(measured), sep="\n")
    return any(one.failed or one.grown for one in sieges)


def _gateway() -> str:
    return f"gateway {__version__}"


def _each() -> Iterator[tuple[str, list[Outcome]]]:
    with Origin() as origin, Gateway(config(origin.url)) as running:
        yield _gateway(), _all(running.port, origin)
    for peer in PEERS:
        with contextlib.ExitStack() as stack:
            origin = stack.enter_context(Origin())
            try:
                port = stack.enter_context(peer.running(origin.port))
            except LookupError as error:
                print(f"left out: {error}", file=sys.stderr)
                continue
            yield f"{peer.shown} {peer.version}", _all(port, origin)


def _all(port: int, origin: Origin) -> list[Outcome]:
    return [stage(attack, port, origin, quiet=QUIET) for attack in ATTACKS]


def _write(part: str, lines: Iterable[str]) -> None:
    """Replace that part of the page."""
    begin, end = f"<!-- {part}: written by make attacks -->", f"<!-- end of {part} -->"
    text, count = re.subn(
        f"{re.escape(begin)}.*?{re.escape(end)}",
        lambda _: "\n".join([begin, "", *lines, "", end]),
        PAGE.read_text(),
        flags=re.DOTALL,
    )
    assert count == 1, f"{PAGE} has no part {part}"
    PAGE.write_text(text)


if __name__ == "__main__":
    raise SystemExit(main())
