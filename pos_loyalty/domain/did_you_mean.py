"""The word that was probably meant."""

import difflib
from collections.abc import Iterable

_CLOSE_ENOUGH = 0.6
_LENGTH_MAX = 60


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `` (did you mean "…"?)`` for the closest known word, or nothing."""
    found = _closest(word, known)
    return f' (did you mean "{found}"?)' if found else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the same word in other letters (Fruit, fruit), else the closest one, or nothing."""
    words = list(known)
    folded = word.casefold()
    same = next((each for each in words if each.casefold() == folded), "")
    return same or _closest(word, words)


def _closest(word: str, known: Iterable[str]) -> str:
    found = difflib.get_close_matches(word[:_LENGTH_MAX], list(known), n=1, cutoff=_CLOSE_ENOUGH)
    return found[0] if found else ""
