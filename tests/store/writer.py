"""A process that writes changes one after another and says each number that was acknowledged."""

import sys

from gateway.core.records import Change
from gateway.store.errors import ConflictError
from gateway.store.store import Store
from tests.store.samples import delivery, event, override, revision

TEXT = bytes(range(256)) * 64


def change(number: int, who: str) -> Change:
    """All parts say the number, so that a torn one would show."""
    happened = event(number, who=who, subject=f"revision {number}")
    return Change(
        revision(number, TEXT + str(number).encode(), author=who),
        set=(override(why=str(number), who=who),),
        events=(happened,),
        deliveries=(delivery(number, happened),),
    )


def main(url: str, who: str, last: int) -> None:
    store = Store(url)
    store.open()
    print("ready", flush=True)
    sys.stdin.readline()
    number = 0
    while number < last:
        newest = store.newest()
        number = 1 + (newest.number if newest else 0)
        try:
            store.write(change(number, who))
        except ConflictError:
            print(f"lost {number}", flush=True)
        else:
            print(f"kept {number}", flush=True)
    store.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
