"""Are two names spelled otherwise the name of one person?

A cashier who needs a second name must not get by with the own one in another spelling. What
counts are the letters and digits that a reader sees: neither case, spaces, dots, accents nor
signs that nobody sees, and letters of other alphabets are those that they look like.
"""

import unicodedata

_LOOKS_LIKE = str.maketrans(
    "аеорсухіјѕһԁԛԝӏкмтвнαορνκτυιβγηχıøł",
    "aeopcyxijshdqwlkmtbhaopvktuibynxiol",
)
"""Small letters, after accents were taken off: Cyrillic, Greek, and Latin ones with a stroke."""


def seen_letters(name: str) -> str:
    """Return what a reader sees of a name, to be compared; empty where that is nothing."""
    apart = unicodedata.normalize("NFKD", name).casefold()
    bare = "".join(letter for letter in unicodedata.normalize("NFKD", apart) if letter.isalnum())
    return bare.translate(_LOOKS_LIKE)


def is_same_name(one: str, other: str) -> bool:
    """Tell whether two spellings name one person."""
    return seen_letters(one) == seen_letters(other)
