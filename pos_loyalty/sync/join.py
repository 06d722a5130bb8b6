"""A till asks to belong to a merchant, with a one-time code; its journal comes along."""

from dataclasses import dataclass
from typing import Protocol

import msgspec

from pos_loyalty import __version__
from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.store.joining import Alone, Membership
from pos_loyalty.wire.messages import (
    PROGRAMS_BYTES_MAX,
    PROGRAMS_MAX,
    JoinReply,
    JoinRequest,
)
from pos_loyalty.wire.version import PROTOCOL_NEWEST


class JoinStorage(Protocol):
    """What joining needs of the till's database."""

    def alone(self) -> Alone:
        """Return what the till brings along."""
        ...

    def belong(self, membership: Membership) -> None:
        """Belong to a merchant from now on."""
        ...


@dataclass(frozen=True, kw_only=True)
class Join:
    """Makes the request and takes the reply. A repeated request is the same but for its time."""

    storage: JoinStorage
    clock: Clock
    server_url: str
    public_key: str
    hub_pin: str = ""
    """Only of a shop's hub: SHA-256 (hex) of the certificate with which it serves tills."""

    def next_request(self, code: str) -> JoinRequest:
        """Build the request for a code as the owner read it out."""
        alone = self.storage.alone()
        return JoinRequest(
            proto=PROTOCOL_NEWEST,
            stream=alone.stream,
            join_nonce=alone.join_nonce,
            public_key=self.public_key,
            currency=alone.currency,
            now_ms=self.clock.now_ms(),
            code=code.strip(),
            alone_as=alone.merchant or None,
            app_version=__version__,
            hub_pin=self.hub_pin,
            programs=_that_fit(alone.programs),
        )

    def take(self, reply: JoinReply) -> None:
        """Belong to the merchant that answered.

        Raises:
            CommandRefused: it counts in another currency; nothing was changed.
        """
        alone = self.storage.alone()
        if reply.currency != alone.currency:
            raise CommandRefused(
                Code.JOIN_CURRENCY,
                till_currency=alone.currency,
                server_currency=reply.currency,
            )
        self.storage.belong(
            Membership(
                server_url=self.server_url,
                merchant=reply.merchant,
                merchant_name=reply.merchant_name,
                country=reply.country,
                shop=reply.shop,
                shop_name=reply.shop_name,
                till=reply.till,
                till_name=reply.till_name,
                epoch=reply.epoch,
                token=reply.token,
            )
        )


def _that_fit(programs: tuple[LoyaltyProgram, ...]) -> tuple[LoyaltyProgram, ...]:
    """Return the newest versions that a request may hold; a till with more joins all the same."""
    fitting = programs[-PROGRAMS_MAX:]
    while len(msgspec.json.encode(fitting)) > PROGRAMS_BYTES_MAX:
        fitting = fitting[1:]
    return fitting
