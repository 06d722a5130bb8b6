"""The word that was probably meant."""

import difflib
from collections.abc import Iterable

_CLOSE_ENOUGH = 0.6
_LENGTH_MAX = 60


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `` (did you mean "…"?)`` for the closest known word, or nothing."""
    found = difflib.get_close_matches(word[:_LENGTH_MAX], list(known), n=1, cutoff=_CLOSE_ENOUGH)
    return f' (did you mean "{found[0]}"?)' if found else ""
