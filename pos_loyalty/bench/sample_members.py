"""A large membership, written straight into a till's tables in the order of their keys.

A million members come in about a minute instead of hours. What is written is what
the repositories would have written; a test compares the two.
"""

import hashlib
import random
from array import array
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from pos_loyalty.bench.figure import Progress
from pos_loyalty.domain.card_payload import (
    RANDOM_BYTES,
    card_key,
    format_payload,
    make_card_number,
    random_letters,
)
from pos_loyalty.domain.ids import MemberId, MerchantId
from pos_loyalty.store.database import Connection

_BEGINNINGS = [
    "Al",
    "Be",
    "Cor",
    "Da",
    "El",
    "Fa",
    "Gra",
    "Ha",
    "Il",
    "Jo",
    "Kra",
    "Le",
    "Mo",
    "Na",
    "Or",
    "Pe",
    "Quin",
    "Ro",
    "Sa",
    "To",
    "Ul",
    "Va",
    "We",
    "Zi",
]
_MIDDLES = ["ba", "da", "ko", "li", "me", "no", "ra", "sa", "ti", "vu"]
_SURNAME_ENDS = [
    "berg",
    "dorf",
    "feld",
    "haus",
    "mann",
    "meier",
    "ner",
    "rich",
    "schmidt",
    "stein",
    "thal",
    "wald",
]
_FIRST_NAME_ENDS = ["na", "ris", "bert", "lena", "mir"]
SURNAMES = tuple(
    beginning + middle + end
    for middle in _MIDDLES
    for end in _SURNAME_ENDS
    for beginning in _BEGINNINGS
)
FIRST_NAMES = tuple(
    beginning + middle + end
    for end in _FIRST_NAME_ENDS
    for middle in _MIDDLES[:4]
    for beginning in _BEGINNINGS
)
_COUNTRY = "49"
_FIRST_PHONE = 1_500_000_000
_PHONE_STEP = 397
_FIRST_ENROLLED_MS = 1_700_000_000_000
_MS_BETWEEN = 61_007
_POINTS_MAX = 2_000
_ROWS_AT_ONCE = 20_000
_INDEXES = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
_LAST_DIGITS = 4
_MEMBER = "INSERT INTO member(member, name, phone, enrolled_ms) VALUES (?, ?, ?, ?)"
_POINTS = "INSERT INTO points(member, snapshot_points, snapshot_earned) VALUES (?, ?, ?)"
_CARD = "INSERT INTO card(card_key, number, member, status) VALUES (?, ?, ?, 'active')"
_WORD = "INSERT INTO member_word(word, member) VALUES (?, ?)"
_WORDS_A_MEMBER = 9


class SampleMembers:
    """Says of each member, by number from 0, who it is; the same count, the same people."""

    def __init__(self, count: int) -> None:
        self.count = count
        chance = random.Random(count)
        # Squared: some names are common, most are rare, as in every membership.
        self._surnames = array("H", (_skewed(chance, len(SURNAMES)) for _ in range(count)))
        self._first_names = array("H", (_skewed(chance, len(FIRST_NAMES)) for _ in range(count)))
        self._phone_places = array("I", range(count))
        chance.shuffle(self._phone_places)

    def member(self, number: int) -> MemberId:
        """Return an id as an enrollment makes it: time first, then random bits."""
        at_ms = _FIRST_ENROLLED_MS + number * _MS_BETWEEN
        tail = hashlib.sha256(b"member|%d" % number).hexdigest()[:19]
        return MemberId(f"{at_ms:012x}7{tail}")

    def surname(self, number: int) -> str:
        """Return the family name."""
        return SURNAMES[self._surnames[number]]

    def first_name(self, number: int) -> str:
        """Return the first name."""
        return FIRST_NAMES[self._first_names[number]]

    def name(self, number: int) -> str:
        """Return the whole name."""
        return f"{self.first_name(number)} {self.surname(number)}"

    def phone(self, number: int) -> str:
        """Return the phone number in E.164; every member has another one."""
        return f"+{_COUNTRY}{self._national(number)}"

    def card_letters(self, number: int) -> str:
        """Return the secret letters of the member's card."""
        return random_letters(hashlib.sha256(b"card|%d" % number).digest()[:RANDOM_BYTES])

    def card_text(self, number: int, merchant: MerchantId) -> str:
        """Return what the scanner reads from the member's card."""
        return format_payload(merchant, self.card_letters(number))

    def write(self, connection: Connection, merchant: MerchantId, progress: Progress) -> None:
        """Write all of them with cards, balances and search words, in one transaction."""
        execute = connection.execute
        execute("BEGIN IMMEDIATE")
        indexes = execute(_INDEXES).fetchall()
        for name, _ in indexes:
            execute(f'DROP INDEX "{name}"')
        for stage, sql, rows, total in (
            ("members", _MEMBER, self._member_rows(), self.count),
            ("balances", _POINTS, self._points_rows(), self.count),
            ("cards", _CARD, self._card_rows(merchant), self.count),
            ("words", _WORD, self._word_rows(), _WORDS_A_MEMBER * self.count),
        ):
            _insert(connection, sql, rows, lambda done, s=stage, t=total: progress(s, done, t))
        for place, (_, sql) in enumerate(indexes):
            execute(sql)
            progress("indexes", place + 1, len(indexes))
        execute("COMMIT")

    def _national(self, number: int) -> int:
        return _FIRST_PHONE + self._phone_places[number] * _PHONE_STEP

    def _member_rows(self) -> Iterator[tuple[object, ...]]:
        for number in range(self.count):
            enrolled_ms = _FIRST_ENROLLED_MS + number * _MS_BETWEEN
            yield self.member(number), self.name(number), self.phone(number), enrolled_ms

    def _points_rows(self) -> Iterator[tuple[object, ...]]:
        for number in range(self.count):
            points = number * 7919 % _POINTS_MAX
            yield self.member(number), points, points

    def _card_rows(self, merchant: MerchantId) -> list[tuple[object, ...]]:
        rows = (
            (
                card_key(merchant, self.card_letters(number)),
                make_card_number(f"{number:011d}"),
                self.member(number),
            )
            for number in range(self.count)
        )
        return sorted(rows)

    def _word_rows(self) -> Iterator[tuple[object, ...]]:
        """Yield the words in runs that rise, for a table that is clustered by word."""
        by_phone = sorted(range(self.count), key=self._national)
        for begin in ("0{1}", "0{0}", f"0{_COUNTRY[1:]}{{0}}", f"{_COUNTRY}{{0}}"):
            for number in by_phone:
                national = str(self._national(number))
                yield begin.format(national, national[1:]), self.member(number)
        yield from self._rising(lambda number: str(self._national(number))[-_LAST_DIGITS:])
        yield from self._rising(lambda number: self.surname(number).lower())
        yield from self._rising(lambda number: self.first_name(number).lower())
        yield from self._rising(lambda number: self.name(number).lower())
        yield from self._rising(
            lambda number: f"{self.surname(number)} {self.first_name(number)}".lower()
        )

    def _rising(self, text_of: Callable[[int], str]) -> Iterator[tuple[object, ...]]:
        for number in sorted(range(self.count), key=text_of):
            yield text_of(number), self.member(number)


def _skewed(chance: random.Random, size: int) -> int:
    return int(size * chance.random() ** 2)


def _insert(
    connection: Connection,
    sql: str,
    rows: Iterable[tuple[object, ...]],
    say: Callable[[int], None],
) -> None:
    waiting, done = iter(rows), 0
    while part := list(islice(waiting, _ROWS_AT_ONCE)):
        connection.executemany(sql, part)
        done += len(part)
        say(done)
