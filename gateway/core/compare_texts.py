"""Texts compared as a reader would: blanks and letter case make no difference."""


def plain(text: str) -> str:
    """A text without what makes no difference: every run of blanks is one, letters are folded."""
    return " ".join(text.split()).casefold()
