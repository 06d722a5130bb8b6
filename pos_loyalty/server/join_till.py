"""A till comes to belong to a merchant: one-time codes, and joining again by key.

A code is 12 characters in three groups. The first two find it, the other ten are
50 random bits of which only a hash is kept. Ten wrong tries end a code, whoever
makes them, and all wrong tries together have a pace.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.event import first_hash
from pos_loyalty.domain.ids import IdSource, MerchantId, ShopId, StreamId, TillId, is_id
from pos_loyalty.server.announcing import announce_till
from pos_loyalty.server.authentication import NotAllowed
from pos_loyalty.server.books import Merchant
from pos_loyalty.server.brought_programs import keep_brought
from pos_loyalty.server.closed_streams import begin_epoch_of_restored
from pos_loyalty.server.database import statements, tables
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.database.rights_left import tell_left
from pos_loyalty.server.keep_anew import Ahead
from pos_loyalty.server.packet_key import ensure_key, public_text
from pos_loyalty.server.reading import printable
from pos_loyalty.server.replies import newest_hashes
from pos_loyalty.wire.messages import PROGRAMS_MAX, JoinReply, JoinRequest

PATH = "/sync/v1/join"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: no I, L, O or U, which people mistake for something else."""
SELECTOR_LENGTH = 2
SECRET_LENGTH = 10
TRIES_MAX = 10
MINUTES_DEFAULT = 15
_GROUP = 4
_MS_PER_MINUTE = 60_000
_TOKEN_BYTES = 16
_NONCE_LENGTH_MAX = 128
_MISTAKEN = str.maketrans("ILO", "110")


class JoinRefused(CommandRefused):
    """The till cannot join: the code, the currency, or it has joined already."""


class TooManyTries(CommandRefused):
    """Wrong codes come faster than any owner types."""


@dataclass
class WrongTriesPace:
    """Limits wrong codes of all tills together: a few at once, then one every few seconds."""

    at_once_max: int = 20
    recovery_ms: int = 3_000
    _spent: float = field(default=0.0, init=False)
    _last_ms: int = field(default=0, init=False)

    def ensure_calm(self, now_ms: int) -> None:
        """Refuse further tries while the pace is exceeded.

        Raises:
            TooManyTries: too many wrong codes lately.
        """
        self._recover(now_ms)
        if self._spent + 1 > self.at_once_max:
            raise TooManyTries(Code.SERVER_BUSY)

    def wrong(self, now_ms: int) -> None:
        """Count one wrong code."""
        self._recover(now_ms)
        self._spent += 1

    def _recover(self, now_ms: int) -> None:
        passed = max(0, now_ms - self._last_ms)
        self._spent = max(0.0, self._spent - passed / self.recovery_ms)
        self._last_ms = now_ms


def make_code(
    session: Session, merchant: MerchantId, *, shop_name: str, expires_ms: int, ids: IdSource
) -> str:
    """Make a one-time code for a shop, which is created on first use; return it in groups."""
    shop = _shop_named(session, merchant, shop_name, ids)
    while True:
        text = "".join(
            ALPHABET[byte % len(ALPHABET)]
            for byte in ids.random_bytes(SELECTOR_LENGTH + SECRET_LENGTH)
        )
        selector, secret = text[:SELECTOR_LENGTH], text[SELECTOR_LENGTH:]
        taken = session.fetch(
            "SELECT 1 FROM join_code WHERE merchant = ? AND selector = ? AND expires_ms > ?"
            " AND used_by_stream = ''",
            merchant,
            selector,
            expires_ms - MINUTES_DEFAULT * _MS_PER_MINUTE,
        )
        if not taken:
            break
    row = (merchant, selector, secret_hash(selector, secret), shop, expires_ms, 0, "")
    session.put(tables.JOIN_CODE, [row])
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))


def _shop_named(session: Session, merchant: MerchantId, name: str, ids: IdSource) -> ShopId:
    rows = session.fetch("SELECT shop FROM shop WHERE merchant = ? AND name = ?", merchant, name)
    if rows:
        return ShopId(rows[0][0])
    shop = ShopId(ids.next_id())
    session.add(tables.SHOP, [(merchant, shop, name)])
    return shop


def secret_hash(selector: str, secret: str) -> bytes:
    """Return what is kept of a code."""
    return hashlib.sha256(f"lp-join-1|{selector}|{secret}".encode()).digest()


def plain_code(text: str) -> str:
    """Return a code as it was made, however it was typed; empty if it cannot be one."""
    plain = "".join(text.split()).replace("-", "").upper().translate(_MISTAKEN)
    fits = len(plain) == SELECTOR_LENGTH + SECRET_LENGTH and set(plain) <= set(ALPHABET)
    return plain if fits else ""


def spend_try(session: Session, merchant: MerchantId, code: str) -> None:
    """Count a try of a code before it is looked at, in a transaction of its own."""
    session.execute(
        "UPDATE join_code SET tries = tries + 1 WHERE merchant = ? AND selector = ?",
        merchant,
        plain_code(code)[:SELECTOR_LENGTH],
    )


@dataclass(frozen=True, kw_only=True)
class JoinTill:
    """One joining inside a write transaction.

    ``ahead`` is the past of the books, where the programs that the till brings ask for it.
    """

    merchant: Merchant
    ids: IdSource
    now_ms: int
    ahead: Ahead | None = None

    def __call__(self, session: Session, request: JoinRequest) -> JoinReply:
        """Make the till and its stream, or find them again after a lost answer.

        Raises:
            JoinRefused: the code, the currency, or the stream does not fit.
            NotAllowed: the till is unknown or switched off.
            PastIsAsked: nothing was written; the past has to be folded beforehand.
        """
        version, epoch = statements.take_version(session, self.merchant.merchant)
        if request.code:
            till, shop = self._till_by_code(session, request)
            announce_till(session, self.merchant.merchant, till, version)
        else:
            till, shop = self._till_by_key(session, request)
        if request.currency != self.merchant.currency:
            raise JoinRefused(
                Code.JOIN_CURRENCY,
                till_currency=printable(request.currency)[:12],
                server_currency=self.merchant.currency,
            )
        is_older = self._is_older(session, request)
        if is_older:
            epoch = begin_epoch_of_restored(
                session, self.merchant.merchant, request.stream, version=version, now_ms=self.now_ms
            )
        ensure_key(session, self.merchant.merchant, self.ids, version=version)
        token = self._begin_stream(session, request, till, is_frozen=is_older)
        self._accept(session, request, version)
        if request.code:
            keep_brought(session, request.programs, self.ahead, v=version, now_ms=self.now_ms)
        known = self._close_old(session, request, version)
        return self._reply(session, till, shop, token=token, epoch=epoch, known_hashes=known)

    def _till_by_code(self, session: Session, request: JoinRequest) -> tuple[TillId, ShopId]:
        merchant, plain = self.merchant.merchant, plain_code(request.code)
        selector, secret = plain[:SELECTOR_LENGTH], plain[SELECTOR_LENGTH:]
        rows = session.fetch(
            "SELECT secret_hash, shop, expires_ms, tries, used_by_stream FROM join_code"
            " WHERE merchant = ? AND selector = ?",
            merchant,
            selector,
        )
        if not rows or rows[0][3] > TRIES_MAX:
            raise JoinRefused(Code.JOIN_CODE)
        kept_hash, shop, expires_ms, _, used_by = rows[0]
        if not hmac.compare_digest(bytes(kept_hash), secret_hash(selector, secret)):
            raise JoinRefused(Code.JOIN_CODE)
        if used_by:
            return self._till_of_lost_answer(session, request, used_by), ShopId(shop)
        if expires_ms < self.now_ms:
            raise JoinRefused(Code.JOIN_CODE)
        session.execute(
            "UPDATE join_code SET used_by_stream = ? WHERE merchant = ? AND selector = ?",
            request.stream,
            merchant,
            selector,
        )
        return self._new_till(session, request, ShopId(shop)), ShopId(shop)

    def _till_of_lost_answer(self, session: Session, request: JoinRequest, used_by: str) -> TillId:
        """Return the till that this very request made, if its answer was lost."""
        rows = session.fetch(
            "SELECT till.till FROM stream JOIN till"
            " ON till.merchant = stream.merchant AND till.till = stream.till"
            " WHERE stream.merchant = ? AND stream.stream = ? AND till.public_key = ?",
            self.merchant.merchant,
            used_by,
            request.public_key,
        )
        if used_by != request.stream or not rows:
            raise JoinRefused(Code.JOIN_CODE)
        # It has worked alone until now, whenever it first asked.
        session.execute(
            "UPDATE till SET joined_ms = ? WHERE merchant = ? AND till = ?",
            self.now_ms,
            self.merchant.merchant,
            rows[0][0],
        )
        return TillId(rows[0][0])

    def _new_till(self, session: Session, request: JoinRequest, shop: ShopId) -> TillId:
        merchant, till = self.merchant.merchant, TillId(self.ids.next_id())
        count = session.fetch(
            "SELECT count(*) FROM till WHERE merchant = ? AND shop = ?", merchant, shop
        )
        name = f"{'Hub' if request.hub_pin else 'Till'} {int(count[0][0]) + 1}"
        row = (
            merchant,
            till,
            shop,
            name,
            request.public_key,
            0,
            self.now_ms,
            request.packet_key,
            request.hub_pin,
        )
        session.add(tables.TILL, [row])
        return till

    def _till_by_key(self, session: Session, request: JoinRequest) -> tuple[TillId, ShopId]:
        rows = session.fetch(
            "SELECT shop, public_key, revoked_ms FROM till WHERE merchant = ? AND till = ?",
            self.merchant.merchant,
            request.till or "",
        )
        if not rows or rows[0][1] != request.public_key:
            raise NotAllowed(Code.TILL_UNKNOWN)
        if rows[0][2]:
            raise NotAllowed(Code.TILL_REVOKED, owner="the owner")
        assert request.till is not None
        return request.till, ShopId(rows[0][0])

    def _is_older(self, session: Session, request: JoinRequest) -> bool:
        """Tell whether a till of ours closes a journal that these books have never heard of.

        Every journal of a till begins in the books: they were restored to a day before.
        """
        old = request.closes_stream
        if request.code or old is None or old == request.stream:
            return False
        known = statements.load_streams(session, self.merchant.merchant, [old, request.stream])
        return not known

    def _begin_stream(
        self, session: Session, request: JoinRequest, till: TillId, *, is_frozen: bool
    ) -> str:
        merchant = self.merchant.merchant
        known = statements.load_streams(session, merchant, [request.stream]).get(request.stream)
        if known is not None:
            if known.till != till or known.join_nonce != request.join_nonce:
                raise JoinRefused(Code.JOIN_DONE, merchant=self.merchant.name)
            return known.token
        token = self.ids.random_bytes(_TOKEN_BYTES).hex()
        start = first_hash(request.stream, request.join_nonce)
        row = (
            merchant,
            request.stream,
            till,
            request.join_nonce,
            0,
            start,
            0,
            int(is_frozen),
            token,
            "",
        )
        session.add(tables.STREAM, [(*row, self.now_ms, 0, 0, 0, 0)])
        return token

    def _accept(self, session: Session, request: JoinRequest, version: int) -> None:
        """Accept the cards of the time when the till worked alone."""
        merchant = self.merchant.merchant
        if request.alone_as is None or request.alone_as == merchant:
            return
        known = session.fetch(
            "SELECT 1 FROM accepted_merchant WHERE merchant = ? AND accepted = ?",
            merchant,
            request.alone_as,
        )
        if known:
            return
        session.add(tables.ACCEPTED, [(merchant, request.alone_as, version)])
        session.put(tables.CHANGE, [(merchant, "merchant", merchant, "", version)])

    def _close_old(self, session: Session, request: JoinRequest, version: int) -> tuple[str, ...]:
        """Close the journal that this one replaces; return what is held of it."""
        old = request.closes_stream
        if old is None or old == request.stream:
            return ()
        merchant = self.merchant.merchant
        owner = session.fetch(
            "SELECT till.public_key FROM stream JOIN till"
            " ON till.merchant = stream.merchant AND till.till = stream.till"
            " WHERE stream.merchant = ? AND stream.stream = ?",
            merchant,
            old,
        )
        if not owner or owner[0][0] != request.public_key:
            return ()
        session.execute(
            "UPDATE stream SET closed = 1 WHERE merchant = ? AND stream = ?", merchant, old
        )
        tell_left(session, merchant, [StreamId(old)], v=version, now_ms=self.now_ms)
        return tuple(newest_hashes(session, merchant, StreamId(old)))

    def _reply(
        self,
        session: Session,
        till: TillId,
        shop: ShopId,
        *,
        token: str,
        epoch: int,
        known_hashes: tuple[str, ...],
    ) -> JoinReply:
        merchant = self.merchant
        names = session.fetch(
            "SELECT shop.name, till.name FROM till JOIN shop"
            " ON shop.merchant = till.merchant AND shop.shop = till.shop"
            " WHERE till.merchant = ? AND till.till = ?",
            merchant.merchant,
            till,
        )[0]
        return JoinReply(
            merchant=merchant.merchant,
            merchant_name=merchant.name,
            currency=merchant.currency,
            country=merchant.country,
            shop=shop,
            shop_name=names[0],
            till=till,
            till_name=names[1],
            epoch=epoch,
            token=token,
            server_now=self.now_ms,
            known_hashes=known_hashes,
            packet_key=public_text(session, merchant.merchant),
        )


def ensure_join_shape(request: JoinRequest) -> None:
    """Check what types alone do not say.

    Raises:
        CommandRefused: a field that is no id, or no code and no till.
    """
    ids = (request.stream, request.till, request.closes_stream, request.alone_as)
    if not all(value is None or is_id(value) for value in ids):
        raise CommandRefused(Code.BODY_SHAPE, detail="an id is no id")
    nonce = request.join_nonce
    if len(nonce) > _NONCE_LENGTH_MAX or not (nonce.isascii() and nonce.isprintable()):
        raise CommandRefused(Code.BODY_SHAPE, detail="join_nonce is out of range")
    if len(request.programs) > PROGRAMS_MAX:
        raise CommandRefused(Code.BODY_SHAPE, detail=f"more than {PROGRAMS_MAX} programs")
    if not request.code and request.till is None:
        raise JoinRefused(Code.JOIN_CODE)
