"""Carry by hand: write a packet for the server, take its answer, join by an invitation."""

from dataclasses import dataclass
from pathlib import Path

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, LoyaltyError
from pos_loyalty.services.ended_rights import give_back_ended
from pos_loyalty.services.packet_file import read_packet, write_packet
from pos_loyalty.services.till_context import TillContext
from pos_loyalty.store.carried import CarriedStorage
from pos_loyalty.store.joining import Joining
from pos_loyalty.store.sync_state import SyncState
from pos_loyalty.sync.credentials import TillKey
from pos_loyalty.sync.packets import Packets, PacketTaken
from pos_loyalty.wire.packet import read_invitation


@dataclass(frozen=True)
class PacketWritten:
    """A packet lies on the stick; ``events`` wait in it for the server's word."""

    file: Path
    file_bytes: int
    events: int
    joins: bool


@dataclass(frozen=True)
class AnswerTaken:
    """What an answer brought. ``is_old`` says that all of it was known here."""

    is_old: bool
    joined: bool
    rows: int
    acknowledged: int
    pending: int
    must_export: bool


class CarryByHandHandler:
    """Works beside syncing over a line; no sale waits for it."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def invite(self, file: Path) -> str:
        """Take an invitation; the next packet asks to join. Return the merchant's name.

        A till that joined by hand may be invited by its merchant again, as when the server
        came back from a backup in which the till is not.

        Raises:
            CommandRefused: joined already, no invitation, or another currency.
        """
        data, packets = read_packet(file), self._packets()
        try:
            header, invitation = read_invitation(data)
            if not packets.may_join(header.merchant):
                merchant = self._context.identity.merchant_name
                raise CommandRefused(Code.JOIN_DONE, merchant=merchant)
            packets.invite(header, invitation)
        except LoyaltyError as error:
            raise _named(error, file) from error
        return invitation.merchant_name

    def export(self, file: Path) -> PacketWritten:
        """Write everything that waits into a file.

        Raises:
            CommandRefused: neither joined nor invited, or the server's key is not known.
            StoreUnavailable: the file cannot be written; nothing was lost.
        """
        data = self._packets().write()
        write_packet(file, data)
        context = self._context
        with context.store.read() as read:
            pending = read.journal.stream().pending
        return PacketWritten(
            file=file, file_bytes=len(data), events=pending, joins=not context.identity.joined
        )

    def take(self, file: Path) -> AnswerTaken:
        """Take the server's answer from a file.

        Raises:
            CommandRefused: not an answer to this till, damaged, or the server refused something.
            StoreUnavailable: the file cannot be read, or the till's disk cannot be written.
        """
        data = read_packet(file)
        try:
            # The answer may be that this till belongs to a server from now on.
            give_back_ended(self._context)
            taken = self._packets().take(data)
        except LoyaltyError as error:
            raise _named(error, file) from error
        finally:
            self._context.refresh()
        return self._answered(taken)

    def _answered(self, taken: PacketTaken) -> AnswerTaken:
        with self._context.store.read() as read:
            pending = read.journal.stream().pending
        return AnswerTaken(
            is_old=taken.is_old,
            joined=taken.joined,
            rows=taken.rows,
            acknowledged=taken.acknowledged,
            pending=pending,
            must_export=taken.must_export,
        )

    def _packets(self) -> Packets:
        context = self._context
        joining = Joining(context.store, context.clock, context.ids)
        return Packets(
            sync=SyncState(context.store, context.clock, context.ids),
            joining=joining,
            carried=CarriedStorage(context.store),
            key=TillKey.from_text(joining.private_key()),
            clock=context.clock,
            ids=context.ids,
        )


def invited_currency(file: Path) -> str:
    """Return what the merchant of an invitation counts in: a new till is made for that.

    Raises:
        CommandRefused: no invitation.
    """
    try:
        return read_invitation(read_packet(file))[1].currency
    except LoyaltyError as error:
        raise _named(error, file) from error


def _named(error: LoyaltyError, file: Path) -> LoyaltyError:
    error.facts.setdefault("file", str(file))
    return error
