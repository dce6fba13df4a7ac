"""The standing: what is in force, and all that must not be lost with the control process.

It decides what is left in the run directory for a control that comes back, and for workers that begin. It must not know
the store: what outlives the gateway is kept there.
"""

import pickle
from dataclasses import dataclass, replace

from gateway.config.settings import Settings
from gateway.core import overrides
from gateway.core.model import Snapshot
from gateway.core.records import Change, Override, OverrideKey, Revision
from gateway.links.rundir import LIMIT, SNAPSHOT, STANDING, RunDir


@dataclass(frozen=True, slots=True)
class Standing:
    """One state of affairs; each change makes a new one."""

    revision: Revision
    base: Snapshot
    """The revision's snapshot, without overrides."""
    settings: Settings
    started: Settings
    """Those the gateway started with; some cannot change while it runs."""
    file: str
    """The path of the configuration file."""
    overrides: tuple[Override, ...] = ()
    taken: str = ""
    """The hash of the text last taken from the configuration file."""
    pending: tuple[Change, ...] = ()
    """What the store does not have yet, the oldest first."""
    event: int = 0
    """The id of the newest event."""
    is_read: bool = True
    """Whether the store could be read since the gateway started: only then are all older decisions known."""

    @property
    def in_force(self) -> Snapshot:
        """What workers serve by."""
        return overrides.apply(self.base, self.overrides)

    def find(self, key: OverrideKey) -> Override | None:
        """The override of that kind for that subject."""
        return next((each for each in self.overrides if each.key == key), None)

    def follow(self, revision: Revision, base: Snapshot, settings: Settings) -> "Standing":
        """The same with another revision; overrides that it ends are left out."""
        ended = overrides.ended_by(self.base, base, self.overrides)
        base = replace(base, revision=revision.number, serial=self.base.serial + 1)
        kept = tuple(each for each in self.overrides if each.key not in ended)
        return replace(self, revision=revision, base=base, settings=settings, overrides=kept)

    def override(self, *, given: tuple[Override, ...] = (), ended: tuple[OverrideKey, ...] = ()) -> "Standing":
        """The same with these overrides set, and those ended."""
        gone = {*ended, *(each.key for each in given)}
        standing = (*(each for each in self.overrides if each.key not in gone), *given)
        base = replace(self.base, serial=self.base.serial + 1)
        return replace(self, base=base, overrides=tuple(sorted(standing, key=lambda each: each.key)))

    def leave(self, run_dir: RunDir) -> None:
        """Writes it down: first for control, then for workers, so that control never knows less than they do."""
        limits = self.base.limits
        run_dir.write(STANDING, pickle.dumps(self))
        run_dir.write(SNAPSHOT, pickle.dumps(self.in_force))
        run_dir.write(LIMIT, str(limits.drain_delay + limits.drain).encode())


def find(run_dir: RunDir) -> Standing:
    """What was left there last."""
    standing: Standing = pickle.loads(run_dir.read(STANDING))  # noqa: S301 - only we can write there
    return standing
