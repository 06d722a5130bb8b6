"""The error tree. Who acts decides the branch.

::

    LoyaltyError                 has a code of the catalog, facts, and "is the sale saved?"
    ├── RuleViolation            the cashier acts: too few points, amount not readable …
    │   └── CardError            … what was scanned is not a card we may use
    ├── StoreUnavailable         the shop acts: disk full, file locked, key lost
    ├── StoreBug                 we act: the product broke its own promise
    ├── ServerUnreachable        nobody acts; the till works on and asks again
    │   └── NotOurServer         … something answered that is not our server
    └── CommandRefused           the caller acts: a command, file or message is malformed

Sentences live in :mod:`pos_loyalty.domain.error_catalog`, one per code.
"""

from pos_loyalty.domain.error_catalog import CATALOG, Code, Fact


class LoyaltyError(Exception):
    """Something a person must be told, by its code and its facts.

    Args:
        code: the entry of the catalog.
        saved: whether the sale in hand is safely recorded.
        facts: fills the fields of the sentence; integers are points, minor
            units or counts as the field's name says.
    """

    def __init__(self, code: Code, *, saved: bool = False, **facts: Fact) -> None:
        self.code = code
        self.saved = saved
        self.facts = facts
        super().__init__(code.value)

    @property
    def message(self) -> str:
        """The catalog's sentence with this error's facts filled in."""
        return CATALOG[self.code].sentence(self.facts)

    def __str__(self) -> str:
        return f"{self.message} ({self.code.value})"


class RuleViolation(LoyaltyError):
    """A rule of the program or of the counter says no; the cashier can act."""


class CardError(RuleViolation):
    """What was scanned or typed is not a card that may be used now."""


class StoreUnavailable(LoyaltyError):
    """The till's database cannot be used; the shop can act."""


class StoreBug(LoyaltyError):
    """The product broke a promise to its own database; only we can act."""


class ServerUnreachable(LoyaltyError):
    """No usable answer from the server; the till goes on and asks again."""


class NotOurServer(ServerUnreachable):
    """Something answered, but it is not this merchant's server."""


class CommandRefused(LoyaltyError):
    """A command, file or message has the wrong shape."""
