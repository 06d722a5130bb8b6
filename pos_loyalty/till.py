"""Composition root of the till without Qt: opens a data folder and connects the use cases.

The window, ``counter``, the demo and the tests all get their till here.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.default_program import default_program
from pos_loyalty.domain.ids import IdSource, StreamId
from pos_loyalty.domain.money import currency_of
from pos_loyalty.domain.phone import country_of
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.program_check import check_program
from pos_loyalty.services.adjust_points import AdjustPointsHandler
from pos_loyalty.services.attention import (
    CountAttentionHandler,
    ReadAttentionHandler,
    SettleItemHandler,
)
from pos_loyalty.services.claim_voucher import ReadVoucherHandler
from pos_loyalty.services.enroll_member import EnrollMemberHandler
from pos_loyalty.services.explain import ExplainHandler
from pos_loyalty.services.grant_tier import GrantTierHandler
from pos_loyalty.services.history import ReadHistoryHandler
from pos_loyalty.services.issue_cards import IssueCardsHandler
from pos_loyalty.services.issue_vouchers import IssueVouchersHandler
from pos_loyalty.services.join_server import JoinServerHandler
from pos_loyalty.services.keep_draft import KeepDraftHandler, TakeDraftHandler
from pos_loyalty.services.last_sales import ReadDayCountsHandler, ReadLastSalesHandler
from pos_loyalty.services.look_at_sale import LookAtSaleHandler
from pos_loyalty.services.look_up_card import LookUpCardHandler
from pos_loyalty.services.look_up_member import FindMembersHandler, LookUpMemberHandler
from pos_loyalty.services.move_sale import MoveSaleHandler
from pos_loyalty.services.name_shop import NameShopHandler
from pos_loyalty.services.program_news import ProgramNewsHandler
from pos_loyalty.services.publish_program import PublishProgramHandler
from pos_loyalty.services.quote_sale import QuoteSaleHandler
from pos_loyalty.services.receipt import MakeReceiptHandler
from pos_loyalty.services.record_activity import RecordActivityHandler
from pos_loyalty.services.record_sale import RecordSaleHandler
from pos_loyalty.services.refund_sale import RefundSaleHandler
from pos_loyalty.services.run_sync import SyncService
from pos_loyalty.services.sale_of_receipt import FindSaleOfReceiptHandler
from pos_loyalty.services.system_sources import SystemClock, SystemIds
from pos_loyalty.services.till_context import ShopIdentity, TillContext
from pos_loyalty.services.undo_sale import UndoSaleHandler
from pos_loyalty.store.keys import BestKeys, KeySource
from pos_loyalty.store.opening import open_store
from pos_loyalty.store.settings import Setting
from pos_loyalty.store.unit_of_work import UnitOfWork

DEFAULT_CURRENCY = "EUR"
_NONCE_BYTES = 16
_ID_BYTES = 16


class Till:
    """An open till: one attribute for each use case."""

    def __init__(self, context: TillContext, *, created: bool) -> None:
        self.context = context
        self.created = created
        self.sync = SyncService(context)
        context.ask_rights = self.sync.ask_rights
        self.join_server = JoinServerHandler(context, self.sync)
        self.look_at_sale = LookAtSaleHandler(context)
        self.look_up_card = LookUpCardHandler(context)
        self.look_up_member = LookUpMemberHandler(context)
        self.find_members = FindMembersHandler(context)
        self.quote_sale = QuoteSaleHandler(context)
        self.record_sale = RecordSaleHandler(context)
        self.undo_sale = UndoSaleHandler(context)
        self.refund_sale = RefundSaleHandler(context)
        self.move_sale = MoveSaleHandler(context)
        self.record_activity = RecordActivityHandler(context)
        self.adjust_points = AdjustPointsHandler(context)
        self.grant_tier = GrantTierHandler(context)
        self.sale_of_receipt = FindSaleOfReceiptHandler(context, self.sync.remote_history)
        self.make_receipt = MakeReceiptHandler(context)
        self.enroll_member = EnrollMemberHandler(context)
        self.explain = ExplainHandler(context)
        self.history = ReadHistoryHandler(context, self.sync.remote_history)
        self.last_sales = ReadLastSalesHandler(context)
        self.day_counts = ReadDayCountsHandler(context)
        self.keep_draft = KeepDraftHandler(context)
        self.take_draft = TakeDraftHandler(context)
        self.issue_cards = IssueCardsHandler(context)
        self.issue_vouchers = IssueVouchersHandler(context)
        self.read_voucher = ReadVoucherHandler(context)
        self.name_shop = NameShopHandler(context)
        self.program_news = ProgramNewsHandler(context)
        self.publish_program = PublishProgramHandler(context)
        self.attention = ReadAttentionHandler(context)
        self.count_attention = CountAttentionHandler(context)
        self.settle_item = SettleItemHandler(context)
        self._closing = threading.Lock()

    @property
    def shop(self) -> ShopIdentity:
        """Who this till is."""
        return self.context.identity

    @property
    def unusual_amount(self) -> int:
        """From which amount (minor units) the counter asks again; 0 = the built-in rule."""
        return self.context.unusual_amount

    def program(self) -> LoyaltyProgram:
        """Return the program in force now."""
        return self.context.program()

    def close(self) -> None:
        """Stop the engine, then close the database."""
        with self._closing:
            self.sync.stop()
            self.context.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_till(
    data: Path,
    *,
    clock: Clock | None = None,
    ids: IdSource | None = None,
    keys: KeySource | None = None,
    currency: str = DEFAULT_CURRENCY,
    shop_name: str = "",
) -> Till:
    """Open the till in a data folder; an empty or absent one becomes a new till.

    A new till works alone with the default program in ``currency`` until it joins a
    server.

    Raises:
        StoreUnavailable: already open, key lost, damaged, newer, or not writable.
        CommandRefused: no such currency.
    """
    machine_clock = SystemClock()
    sources = ids or SystemIds(machine_clock)
    opened = open_store(
        data,
        keys or BestKeys(),
        random_bytes=sources.random_bytes,
        fill_new=_first_rows(currency, shop_name, sources),
    )
    context = TillContext(opened.store, clock or machine_clock, sources)
    return Till(context, created=opened.created)


def _first_rows(currency: str, shop_name: str, ids: IdSource) -> Callable[[UnitOfWork], None]:
    """Return what fills a new database: who the till is, its program, its first stream."""
    program = check_program(default_program(currency_of(currency).code))

    def fill(work: UnitOfWork) -> None:
        merchant = ids.random_bytes(_ID_BYTES).hex()
        work.settings.put(Setting.MERCHANT, merchant)
        work.settings.put(Setting.MERCHANT_NAME, shop_name or "My shop")
        work.settings.put(Setting.TILL_NAME, "Till 1")
        work.settings.put(Setting.CURRENCY, currency)
        work.settings.put(Setting.COUNTRY, country_of(currency))
        work.programs.put(program)
        stream = StreamId(ids.random_bytes(_ID_BYTES).hex())
        work.journal.open_stream(stream, ids.random_bytes(_NONCE_BYTES).hex())

    return fill
