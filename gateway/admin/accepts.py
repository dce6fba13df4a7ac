"""What a caller says it can read."""

_NEVER = {"q=0", "q=0.0", "q=0.00", "q=0.000"}


def accepts(field: str, name: str) -> bool:
    """Whether an `Accept` or `Accept-Encoding` field names this very thing, and not to rule it out. Wildcards do not
    count: who writes one gets what everybody gets."""
    for choice in field.lower().split(","):
        named, *parameters = (part.strip() for part in choice.split(";"))
        if named == name:
            return not any(part.replace(" ", "") in _NEVER for part in parameters)
    return False
