"""One line of the catalog of everything that can go wrong."""

from collections.abc import Mapping
from dataclasses import dataclass

Fact = str | int


@dataclass(frozen=True)
class Entry:
    """One line of the catalog.

    Attributes:
        template: the sentence; fields in braces are facts of the error.
        sale: what is true of the sale in hand, for the manual.
        next_step: what the reader does next, in the manual's words.
    """

    template: str
    sale: str
    next_step: str

    def sentence(self, facts: Mapping[str, Fact]) -> str:
        """Fill the fields; an absent fact leaves its name readable rather than failing."""
        return self.template.format_map(_Facts(facts))


class _Facts(dict[str, Fact]):
    """Facts for a sentence; a missing one must never hide the sentence."""

    def __missing__(self, key: str) -> str:
        return f"({key.replace('_', ' ')})"


NOT_SAVED = "Nothing was saved; what was typed stays."
UNTOUCHED = "The sale on screen is untouched."
SAFE = "Saved sales are safe here and send by themselves."
NO_SALE = "No sale is involved."
