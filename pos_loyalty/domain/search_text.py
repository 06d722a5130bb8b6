"""Folding of names and numbers, so that a search finds what a person means.

Till and server fold alike: case, accents, the Turkish dotless i, the German sharp
s, and the forms of Arabic letters make no difference.
"""

import unicodedata

WORD_LENGTH_MAX = 40
PHRASE_LENGTH_MAX = 60
_LAST_DIGITS = 4
_FOLDS = str.maketrans(
    {
        "\u0131": "i",  # dotless i
        "\u0130": "i",  # I with a dot
        "\u00f8": "o",
        "\u0142": "l",
        "\u0111": "d",
        "\u0623": "\u0627",  # alef with hamza above, below, with madda: plain alef
        "\u0625": "\u0627",
        "\u0622": "\u0627",
        "\u0649": "\u064a",  # alef maksura: yeh
        "\u0629": "\u0647",  # teh marbuta: heh
    }
)


def fold(text: str) -> str:
    """Return the text as it is compared: lower case, no accents, plain letters.

    Decomposing can bring capitals to light and lower case can bring accents; a second
    round settles both.
    """
    if text.isascii():
        return text.lower()
    return _fold_once(_fold_once(text))


def _fold_once(text: str) -> str:
    plain = _plain(unicodedata.normalize("NFKD", text.translate(_FOLDS)))
    return plain.casefold().translate(_FOLDS)


def _plain(text: str) -> str:
    return "".join(letter for letter in text if not unicodedata.combining(letter))


def name_words(name: str) -> tuple[str, ...]:
    """Return the folded words of a name, each once."""
    folded = fold(name)
    if not folded.replace(" ", "").isalnum():
        folded = "".join(letter if letter.isalnum() else " " for letter in folded)
    words = folded.split()
    return tuple(dict.fromkeys(word[:WORD_LENGTH_MAX] for word in words))


def digits_of(text: str) -> str:
    """Return only the digits of a text, as ASCII."""
    plain = text.removeprefix("+")
    if plain.isascii() and plain.isdecimal():
        return plain
    return "".join(str(unicodedata.digit(letter)) for letter in text if letter.isdigit())


def phone_words(phone: str) -> tuple[str, ...]:
    """Return what finds a phone number: all digits, without the country, and the last four.

    ``phone`` is in E.164; the national form is guessed by dropping one to three
    leading digits, because a cashier hears "0151 …" and types from there.
    """
    digits = digits_of(phone)
    if not digits:
        return ()
    national = tuple("0" + digits[cut:] for cut in (1, 2, 3) if len(digits) - cut > _LAST_DIGITS)
    return tuple(dict.fromkeys((digits, *national, digits[-_LAST_DIGITS:])))


def name_phrases(name: str) -> tuple[str, ...]:
    """Return the name as one text from each of its words on, and the first word with the last.

    So that two typed words, in either order, are one look-up even where thousands share
    each of them.
    """
    return _phrases(name_words(name))


def _phrases(words: tuple[str, ...]) -> tuple[str, ...]:
    if len(words) < 2:  # noqa: PLR2004 - one word is no phrase
        return ()
    turns = ((*words[start:], *words[:start]) for start in range(len(words)))
    phrases = (" ".join(turn)[:PHRASE_LENGTH_MAX] for turn in (*turns, (words[0], words[-1])))
    return tuple(dict.fromkeys(phrases))


def member_words(*, name: str, phone: str) -> tuple[str, ...]:
    """Return every word and phrase by which a member is found."""
    words = name_words(name)
    return tuple(dict.fromkeys((*words, *_phrases(words), *phone_words(phone))))


def query_phrase(words: tuple[str, ...]) -> str:
    """Return the words of a search as the beginning of a phrase."""
    return " ".join(words)[:PHRASE_LENGTH_MAX]


def query_words(text: str) -> tuple[str, ...]:
    """Return the words of a search: a phone number typed with spaces is one word."""
    if text.strip() and not any(letter.isalpha() for letter in text):
        digits = digits_of(text)
        return (digits,) if digits else ()
    return name_words(text)
