"""Hypothesis profiles: `ci` is the default, `deep` searches longer (HYPOTHESIS_PROFILE=deep)."""

import gc
import os

from hypothesis import settings

settings.register_profile("ci", max_examples=100, deadline=None, print_blob=True)
settings.register_profile("deep", max_examples=5000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_collection_finish() -> None:
    """The collector of cycles looks at no test again: half a million objects of them take it a third of a second, more
    on a busy machine, in which all the models and callers that are threads here would hang."""
    gc.collect()
    gc.freeze()
