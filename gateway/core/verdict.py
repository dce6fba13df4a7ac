"""What the counts of a shadow say, in words: it differs, it does not, that is not known yet and when it will be.

It decides where the lines are. How the counts came to be, and who reads the words, it must not know.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from functools import partial
from typing import Literal, NamedTuple

from gateway.core.describe import shown
from gateway.core.excess import Excess, Seen, excess

NEGLIGIBLE = 0.01
"""An excess that is at most this is reported as no difference found."""
FIRST_REPLAYED = 200
"""As many compared pairs are noise pairs too, before the configured share is: noise is what the excess waits for. A
share of 0 means none at all."""
_OUT_OF_REACH = 10**9

Word = Literal["differs", "no_difference", "undecided", "nothing_compared"]
_HERE = {
    "value": "the value differs",
    "type": "the type differs",
    "missing": "it is missing in the shadow's answer",
    "extra": "it is in the shadow's answer only",
    "order": "the order differs",
    "length": "the length differs",
}


class Verdict(NamedTuple):
    """One word for machines, and a sentence for people."""

    word: Word
    text: str


def verdict(compared: Seen, noise: Seen, *, share: float) -> Verdict:
    """Of all pairs; `share` of them become noise pairs."""
    found = excess(compared, noise)
    if found.low is None or found.high is None:
        return Verdict("nothing_compared", "nothing compared yet")
    counts = f"{_share(compared)} of {_pairs(compared)} differ, {_noise(noise)}"
    if found.low > 0:
        return Verdict("differs", f"answers differ in at least {at_least(found.low)} beyond noise ({counts})")
    if found.high <= NEGLIGIBLE:
        return Verdict("no_difference", f"no difference {_beyond(found.high)} found ({counts})")
    how_long = _how_long(pairs_until_told(compared, noise, share=share), share)
    return Verdict("undecided", f"undecided, {how_long} ({counts} so far)")


def place_text(path: str, kind: str, compared: Seen, noise: Seen) -> str:
    """One path in one sentence."""
    where = f"{_HERE.get(kind, 'something differs')} in {_share(compared)} of {_pairs(compared)}"
    return f"{shown(path)}: {where}, {_noise(noise)}: {_beyond_noise(excess(compared, noise))}"


def _beyond_noise(found: Excess) -> str:
    if found.low is None or found.high is None:
        return "nothing compared yet"
    if found.low > 0:
        return f"at least {at_least(found.low)} beyond noise"
    return f"nothing {_beyond(found.high)}" if found.high <= NEGLIGIBLE else "may be noise"


def pairs_until_told(compared: Seen, noise: Seen, *, share: float) -> int | None:
    """About how many more it takes if the rates stay what they are; None where more than a billion would be needed."""
    told = partial(_told_after, compared=compared, noise=noise, share=share)
    few, many = 0, max(compared.pairs // 16, 16)
    while not told(many):
        few, many = many, 4 * many
        if many > _OUT_OF_REACH:
            return None
    while many - few > max(many // 16, 1):
        middle = (few + many) // 2
        few, many = (few, middle) if told(middle) else (middle, many)
    return many


def _told_after(more: int, compared: Seen, noise: Seen, share: float) -> bool:
    first = min(more, max(FIRST_REPLAYED - noise.pairs, 0)) if share else 0
    then = _grown(compared, more), _grown(noise, first + round(share * (more - first)))
    return is_told(excess(*then))


def _grown(seen: Seen, more: int) -> Seen:
    pairs = seen.pairs + more
    return Seen(pairs, pairs * (seen.rate or 0.0))


def is_told(found: Excess) -> bool:
    """Whether the interval says that there is a difference, or none to speak of."""
    return found.low is not None and found.high is not None and (found.low > 0 or found.high <= NEGLIGIBLE)


def _how_long(more: int | None, share: float) -> str:
    if more is not None:
        return f"about {_rounded(more, 2):,} more pairs will tell"
    return "no number of pairs will tell" if share else "it takes noise pairs to tell, and noise is 0 %"


def _noise(noise: Seen) -> str:
    return f"noise {_share(noise)} of {noise.pairs:,}" if noise.pairs else "noise unknown"


def _pairs(seen: Seen) -> str:
    return f"{seen.pairs:,} pair{'s' * (seen.pairs != 1)}"


def _share(seen: Seen) -> str:
    return _percent(seen.rate or 0.0, Context(3))


def _beyond(high: float) -> str:
    return f"beyond {at_most(high)}" if high > 0 else "beyond noise"


def at_least(rate: float) -> str:
    """As two digits of a percentage, rounded down."""
    return _percent(rate, Context(2, ROUND_FLOOR))


def at_most(rate: float) -> str:
    """The same, rounded up."""
    return _percent(rate, Context(2, ROUND_CEILING))


def _percent(rate: float, context: Context) -> str:
    # Twelve digits: 0.07 is 7 percent, and not a little more.
    return f"{context.create_decimal(f'{100 * rate:.12g}').normalize():f} %"


def _rounded(number: int, digits: int) -> int:
    return int(Context(digits, ROUND_CEILING).create_decimal(number))
