"""Letters of a code that carries bytes: version, merchant tag, the bytes, two check letters.

The alphabet is that of the cards, because hand scanners get it right. Each letter is 4 bits.
"""

from dataclasses import dataclass
from typing import Final

from pos_loyalty.domain.card_payload import ALPHABET, CHECK_LENGTH, TAG_LENGTH, check_letters

_LETTERS: Final = frozenset(ALPHABET)
_TO_HEX: Final = str.maketrans(ALPHABET, "0123456789abcdef")
_TO_LETTERS: Final = str.maketrans("0123456789abcdef", ALPHABET)


@dataclass(frozen=True)
class CodeForm:
    """One kind of code: its first letter and how many bytes it carries."""

    version: str
    bytes_inside: int

    @property
    def length(self) -> int:
        """How many letters a code of this kind has."""
        return len(self.version) + TAG_LENGTH + 2 * self.bytes_inside + CHECK_LENGTH

    def write(self, tag: str, inside: bytes) -> str:
        """Return the letters."""
        if len(inside) != self.bytes_inside:
            raise ValueError(f"this code carries {self.bytes_inside} bytes")
        body = self.version + tag + inside.hex().translate(_TO_LETTERS)
        return body + check_letters(body)

    def is_meant(self, text: str) -> bool:
        """Tell whether a text can only be a code of this kind, perhaps damaged."""
        code = self._plain(text)
        return (
            len(code) == self.length and code.startswith(self.version) and _LETTERS.issuperset(code)
        )

    def read(self, text: str) -> tuple[str, bytes] | None:
        """Return merchant tag and bytes; None where a letter is wrong."""
        code = self._plain(text)
        if not self.is_meant(code) or check_letters(code[:-CHECK_LENGTH]) != code[-CHECK_LENGTH:]:
            return None
        start = len(self.version)
        inside = code[start + TAG_LENGTH : -CHECK_LENGTH].translate(_TO_HEX)
        return code[start : start + TAG_LENGTH], bytes.fromhex(inside)

    def _plain(self, text: str) -> str:
        return text.strip().upper() if text.isascii() and len(text) <= 2 * self.length else ""
