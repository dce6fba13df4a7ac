"""Hypothesis profiles: `ci` is the default, `deep` searches longer (HYPOTHESIS_PROFILE=deep)."""

import os

from hypothesis import settings

settings.register_profile("ci", max_examples=100, deadline=None, print_blob=True)
settings.register_profile("deep", max_examples=5000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
