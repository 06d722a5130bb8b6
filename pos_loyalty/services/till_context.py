"""What every use case of a till needs: the store, time, ids, and who this till is."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.ids import EventId, IdSource, MemberId, MerchantId
from pos_loyalty.domain.money import Currency, currency_of
from pos_loyalty.domain.program import LoyaltyProgram, program_in_force
from pos_loyalty.store.settings import Setting
from pos_loyalty.store.unit_of_work import Repositories, Store

RightsAsker = Callable[[MemberId, int], bool]
"""Asks the server for spend rights, in at most a moment; tells whether any came."""


@dataclass(frozen=True)
class ShopIdentity:
    """Who this till is, for its screen and its cards. ``joined`` means a server knows it."""

    merchant: MerchantId
    accepted_merchants: tuple[MerchantId, ...]
    merchant_name: str
    shop_name: str
    till_name: str
    owner_name: str
    country: str
    currency: Currency
    joined: bool


@dataclass(frozen=True)
class _Known:
    """What rarely changes, read once and again when the engine says so."""

    identity: ShopIdentity
    programs: tuple[LoyaltyProgram, ...]
    last_contact_ms: int | None
    unusual_amount: int
    newest_unsent_ms: int


class Stamp(msgspec.Struct, frozen=True):
    """The fields that every new event carries."""

    id: EventId
    at_ms: int
    boot_ms: int
    tz_minutes: int


class TillContext:
    """Shared by the handlers of one till."""

    def __init__(self, store: Store, clock: Clock, ids: IdSource) -> None:
        self.store = store
        self.clock = clock
        self.ids = ids
        self.ask_rights: RightsAsker = _nobody_to_ask
        self._known: _Known | None = None
        self._stamped_ms = 0
        self._lock = threading.Lock()

    @property
    def identity(self) -> ShopIdentity:
        """Who this till is."""
        return self._read_known().identity

    @property
    def last_contact_ms(self) -> int | None:
        """When the server last answered; None on a till that works alone."""
        return self._read_known().last_contact_ms

    @property
    def unusual_amount(self) -> int:
        """From which amount (minor units) the counter asks again; 0 = the built-in rule."""
        return self._read_known().unusual_amount

    def program(self, at_ms: int | None = None) -> LoyaltyProgram:
        """Return the program in force, now or at a moment."""
        moment = self.clock.now_ms() if at_ms is None else at_ms
        return program_in_force(self._read_known().programs, moment)

    @property
    def programs(self) -> tuple[LoyaltyProgram, ...]:
        """Every version that this till knows."""
        return self._read_known().programs

    def program_version(self, version: str) -> LoyaltyProgram | None:
        """Return a version that this till knows."""
        known = self._read_known().programs
        return next((program for program in known if program.version == version), None)

    def refresh(self) -> None:
        """Forget what was read; the engine calls this when rows or settings changed."""
        with self._lock:
            self._known = None
            self._stamped_ms = 0

    @property
    def newest_event_ms(self) -> int:
        """When the newest event was written that the server may not have: time never is before."""
        return max(self._read_known().newest_unsent_ms, self._stamped_ms)

    def stamp(self, event_id: str | None = None) -> Stamp:
        """Return id and times for a new event; the id is made before anything is written."""
        at_ms = self.clock.now_ms()
        self._stamped_ms = max(self._stamped_ms, at_ms)
        return Stamp(
            id=EventId(event_id or self.ids.next_id()),
            at_ms=at_ms,
            boot_ms=self.clock.monotonic_ms(),
            tz_minutes=self.clock.offset_minutes(at_ms),
        )

    def _read_known(self) -> _Known:
        known = self._known
        if known is None:
            with self._lock, self.store.read() as work:
                known = self._known = _known_from(work)
        return known


def _known_from(work: Repositories) -> _Known:
    text = work.settings.text
    merchant = MerchantId(text(Setting.MERCHANT))
    accepted = tuple(
        MerchantId(str(other)) for other in json.loads(text(Setting.ACCEPTED_MERCHANTS, "[]"))
    )
    return _Known(
        identity=ShopIdentity(
            merchant=merchant,
            accepted_merchants=(merchant, *(other for other in accepted if other != merchant)),
            merchant_name=text(Setting.MERCHANT_NAME),
            shop_name=text(Setting.SHOP_NAME) or text(Setting.MERCHANT_NAME),
            till_name=text(Setting.TILL_NAME),
            owner_name=text(Setting.OWNER_NAME),
            country=text(Setting.COUNTRY),
            currency=currency_of(text(Setting.CURRENCY)),
            joined=bool(text(Setting.TILL)),
        ),
        programs=work.programs.all(),
        last_contact_ms=work.settings.number(Setting.LAST_CONTACT_MS) or None,
        unusual_amount=work.settings.number(Setting.UNUSUAL_AMOUNT),
        newest_unsent_ms=work.journal.newest_unsent_ms(),
    )


def _nobody_to_ask(member: MemberId, points: int) -> bool:
    """Stand in on a till without a server."""
    del member, points
    return False
