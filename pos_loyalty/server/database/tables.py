"""The tables as bulk writes see them; :mod:`.migrations` makes them. Keys come first."""

from pos_loyalty.server.database.repository import Table

_TEXT, _INTEGER, _BYTES = "TEXT", "INTEGER", "BLOB"


def _table(name: str, columns: str, *, key_length: int) -> Table:
    """Build a table from ``name`` (text), ``name#`` (integer) and ``name*`` (bytes)."""
    kinds = {"#": _INTEGER, "*": _BYTES}
    pairs = tuple((word.rstrip("#*"), kinds.get(word[-1], _TEXT)) for word in columns.split())
    return Table(name, pairs, key_length)


MERCHANT = _table("merchant", "merchant name currency country created_ms#", key_length=1)
CLOCK = _table("clock", "merchant v# epoch# mark roster_open#", key_length=1)
VERSION_MARK = _table("version_mark", "merchant v# mark", key_length=2)
POLICY = _table("policy", "merchant name value#", key_length=2)
SECRET = _table("secret", "merchant name value", key_length=2)
ACCEPTED = _table("accepted_merchant", "merchant accepted v#", key_length=2)
PROGRAM = _table("program", "merchant version body* v#", key_length=2)
SHOP = _table("shop", "merchant shop name", key_length=2)
TILL = _table(
    "till",
    "merchant till shop name public_key revoked_ms# joined_ms# packet_key hub_pin",
    key_length=2,
)
JOIN_CODE = _table(
    "join_code",
    "merchant selector secret_hash* shop expires_ms# tries# used_by_stream",
    key_length=2,
)
STREAM = _table(
    "stream",
    "merchant stream till join_nonce last# last_hash* closed# frozen# token token_previous"
    " seen_ms# durable# lost# risk_granted# risk_used#",
    key_length=2,
)
EVENT = _table(
    "event",
    "merchant stream seq# hash* data* verdict reason event kind member v# recorded_ms#",
    key_length=3,
)
ENTRY = _table(
    "entry",
    "merchant member v# stream seq# position# event kind points# at_ms#",
    key_length=6,
)
MEMBER = _table(
    "member",
    "merchant member balance# outstanding# tier months name phone consent# consent_v#"
    " status enrolled_ms# visits alias_of cards_blocked# sheet due_ms#",
    key_length=2,
)
RIGHTS = _table(
    "rights",
    "merchant member stream granted# earned# used# returned# keep# lent#",
    key_length=3,
)
RIGHTS_LENT = _table("rights_lent", "merchant member stream lender points#", key_length=4)
RIGHTS_RELEASED = _table(
    "rights_released", "merchant member stream v# points# released_ms#", key_length=4
)
"""Rights that the owner freed: no event of a till returned them."""
CARD = _table("card", "merchant card_key number member status batch held#", key_length=2)
CHANGE = _table("chg", "merchant type id scope v#", key_length=4)
REVERSED = _table("reversed_sale", "merchant sale stream seq#", key_length=2)
RESCUED = _table("rescued_event", "merchant hash stream seq#", key_length=2)
PROFILE_CHANGE = _table("profile_change", "merchant change member v#", key_length=2)
SIGNATURE = _table(
    "batch_signature", "merchant stream last_seq# hash* signature recorded_ms#", key_length=3
)
ATTENTION = _table(
    "attention",
    "merchant kind stream seq# detail recorded_ms# member points# settled settled_ms# settlement"
    " settled_by",
    key_length=4,
)
NOTICE = _table(
    "attention", "merchant kind stream seq# detail recorded_ms# member points#", key_length=4
)
"""An item as the fold writes it: told again, it stays settled."""
PROFILE_HISTORY = _table(
    "profile_history", "merchant member field v# change value till", key_length=5
)
DECISION = _table("decision", "merchant v# no# kind subject object who at_ms#", key_length=3)
SALE_STATE = _table("sale_state", "merchant sale body", key_length=2)
"""What became of a sale: refunds, a move, the lots that its redemption took."""
WAITING_REFUND = _table("waiting_refund", "merchant sale event stream seq#", key_length=3)
"""Refunds of sales that have not come yet."""
CLAIMED_VOUCHER = _table("claimed_voucher", "merchant voucher stream seq#", key_length=2)
STOCK_SHARE = _table("stock_share", "merchant stream reward granted# used#", key_length=3)

ALL = (
    MERCHANT,
    CLOCK,
    VERSION_MARK,
    POLICY,
    SECRET,
    ACCEPTED,
    PROGRAM,
    SHOP,
    TILL,
    JOIN_CODE,
    STREAM,
    EVENT,
    ENTRY,
    MEMBER,
    RIGHTS,
    RIGHTS_LENT,
    RIGHTS_RELEASED,
    CARD,
    CHANGE,
    REVERSED,
    RESCUED,
    PROFILE_CHANGE,
    SIGNATURE,
    ATTENTION,
    PROFILE_HISTORY,
    DECISION,
    SALE_STATE,
    WAITING_REFUND,
    CLAIMED_VOUCHER,
    STOCK_SHARE,
)
