"""What `gateway serve` does once it is known what is in force: bind every address, leave the launcher what it needs in
the run directory, and become the launcher.

It decides which addresses are bound and what is said when one cannot be. It must not know how anything is served.
"""

import json
import os
import sys
import tempfile
from socket import socket
from typing import NoReturn

from gateway.control.standing import Standing
from gateway.core import descriptors
from gateway.core.model import Snapshot
from gateway.errors import StartError
from gateway.launcher import Plan
from gateway.links.addresses import listen, shown
from gateway.links.descriptors import raise_limit
from gateway.links.log import Log
from gateway.links.rundir import PLAN, RunDir
from gateway.links.signals import hold_back

LONGEST_SOCKET_PATH = 107


def serve(standing: Standing) -> None:
    """Becomes the launcher of a gateway that begins with that. StartError when it cannot; it never returns."""
    snapshot, wanted = standing.in_force, standing.settings.admin
    public = [
        (index, one) for index, address in enumerate(snapshot.listen) for one in listen(address.host, address.port)
    ]
    admin = listen(wanted.host, wanted.port)
    raise_descriptor_limit(snapshot)
    hold_back()
    run_dir = create_run_dir()
    try:
        standing.leave(run_dir)
        run_dir.write(PLAN, json.dumps(plan(standing, public=public, admin=admin)).encode())
        become_launcher(run_dir, [*(one for _, one in public), *admin])
    except BaseException:
        run_dir.remove()
        raise


def plan(standing: Standing, *, public: list[tuple[int, socket]], admin: list[socket]) -> Plan:
    """What the launcher is told. `public` has each socket with the index of its address in the snapshot."""
    snapshot, settings = standing.base, standing.settings
    schemes = ["https" if address.cert else "http" for address in snapshot.listen]
    return {
        "workers": settings.workers,
        "listeners": {str(one.fileno()): index for index, one in public},
        "admin": [one.fileno() for one in admin],
        "admin_tokens": bool(settings.admin.tokens),
        "limit": snapshot.limits.drain_delay + snapshot.limits.drain,
        "serving": {
            "addresses": [shown(one, schemes[index]) for index, one in public],
            "admin": [shown(one, "http") for one in admin],
            "workers": settings.workers,
            "config": standing.file,
            "revision": standing.revision.number,
        },
    }


def create_run_dir() -> RunDir:
    """A new one where temporary files go, short enough a path for the socket in it."""
    try:
        directory = RunDir(tempfile.mkdtemp(prefix="gateway-"))
    except OSError as error:
        raise StartError(f"cannot make a directory for temporary files: {error}; set TMPDIR to one") from None
    if len(os.fsencode(directory.control_socket)) > LONGEST_SOCKET_PATH:
        directory.remove()
        raise StartError(f"the path {directory.path} is too long for a socket; set TMPDIR to a shorter one")
    return directory


def raise_descriptor_limit(snapshot: Snapshot) -> None:
    """For all processes; a worker raises its own when a reload asks for more."""
    needed = descriptors.needed(snapshot)
    allowed = raise_limit(needed)
    if allowed < needed:
        Log("serve").warning("limits.connections needs more open files than allowed", allowed=allowed, needed=needed)


def become_launcher(run_dir: RunDir, sockets: list[socket]) -> NoReturn:
    """Replaces this process, so that the process id stays and nothing of the start takes memory any more. `-P` keeps
    modules of the current directory out."""
    for one in sockets:
        one.set_inheritable(True)
    sys.stdout.flush()
    sys.stderr.flush()
    command = [sys.executable, "-P", "-m", "gateway.launcher", run_dir.path]
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter
