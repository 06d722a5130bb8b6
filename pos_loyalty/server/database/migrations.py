"""The schema, step by step. Append steps, never edit one that was released.

Written for SQLite; for PostgreSQL the type words are exchanged. Every table's key
begins with the merchant, so that the schema can be spread over machines by it.
"""

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import StoreUnavailable
from pos_loyalty.server.database.repository import Session

_STEP_1 = """
CREATE TABLE merchant (
    merchant TEXT NOT NULL, name TEXT NOT NULL, currency TEXT NOT NULL, country TEXT NOT NULL,
    created_ms INTEGER NOT NULL, PRIMARY KEY (merchant));
CREATE TABLE clock (
    merchant TEXT NOT NULL, v INTEGER NOT NULL, epoch INTEGER NOT NULL, PRIMARY KEY (merchant));
CREATE TABLE accepted_merchant (
    merchant TEXT NOT NULL, accepted TEXT NOT NULL, v INTEGER NOT NULL,
    PRIMARY KEY (merchant, accepted));
CREATE TABLE program (
    merchant TEXT NOT NULL, version TEXT NOT NULL, body BLOB NOT NULL, v INTEGER NOT NULL,
    PRIMARY KEY (merchant, version));
CREATE TABLE shop (
    merchant TEXT NOT NULL, shop TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (merchant, shop),
    UNIQUE (merchant, name));
CREATE TABLE till (
    merchant TEXT NOT NULL, till TEXT NOT NULL, shop TEXT NOT NULL, name TEXT NOT NULL,
    public_key TEXT NOT NULL, revoked_ms INTEGER NOT NULL, joined_ms INTEGER NOT NULL,
    PRIMARY KEY (merchant, till));
CREATE TABLE join_code (
    merchant TEXT NOT NULL, selector TEXT NOT NULL, secret_hash BLOB NOT NULL, shop TEXT NOT NULL,
    expires_ms INTEGER NOT NULL, tries INTEGER NOT NULL, used_by_stream TEXT NOT NULL,
    PRIMARY KEY (merchant, selector));
CREATE TABLE stream (
    merchant TEXT NOT NULL, stream TEXT NOT NULL, till TEXT NOT NULL, join_nonce TEXT NOT NULL,
    last INTEGER NOT NULL, last_hash BLOB NOT NULL, closed INTEGER NOT NULL,
    frozen INTEGER NOT NULL, token TEXT NOT NULL, token_previous TEXT NOT NULL,
    PRIMARY KEY (merchant, stream));
CREATE TABLE event (
    merchant TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL,
    data BLOB NOT NULL, verdict TEXT NOT NULL, reason TEXT NOT NULL, event TEXT, kind TEXT NOT NULL,
    member TEXT, v INTEGER NOT NULL, recorded_ms INTEGER NOT NULL,
    PRIMARY KEY (merchant, stream, seq));
CREATE UNIQUE INDEX event_by_id ON event (merchant, event) WHERE event IS NOT NULL;
CREATE INDEX event_by_v ON event (merchant, v, stream, seq);
CREATE TABLE entry (
    merchant TEXT NOT NULL, member TEXT NOT NULL, v INTEGER NOT NULL, stream TEXT NOT NULL,
    seq INTEGER NOT NULL, position INTEGER NOT NULL, event TEXT NOT NULL, kind TEXT NOT NULL,
    points INTEGER NOT NULL, at_ms INTEGER NOT NULL,
    PRIMARY KEY (merchant, member, v, stream, seq, position));
CREATE TABLE member (
    merchant TEXT NOT NULL, member TEXT NOT NULL, balance INTEGER NOT NULL,
    outstanding INTEGER NOT NULL, tier TEXT NOT NULL, months TEXT NOT NULL, name TEXT NOT NULL,
    phone TEXT NOT NULL, consent INTEGER NOT NULL, consent_v INTEGER NOT NULL,
    status TEXT NOT NULL, enrolled_ms INTEGER NOT NULL,
    PRIMARY KEY (merchant, member));
CREATE TABLE rights (
    merchant TEXT NOT NULL, member TEXT NOT NULL, stream TEXT NOT NULL, granted INTEGER NOT NULL,
    earned INTEGER NOT NULL, used INTEGER NOT NULL, returned INTEGER NOT NULL, keep INTEGER,
    PRIMARY KEY (merchant, member, stream));
CREATE TABLE card (
    merchant TEXT NOT NULL, card_key TEXT NOT NULL, number TEXT NOT NULL, member TEXT,
    status TEXT NOT NULL, batch TEXT NOT NULL, held INTEGER NOT NULL,
    PRIMARY KEY (merchant, card_key));
CREATE TABLE chg (
    merchant TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL, scope TEXT NOT NULL,
    v INTEGER NOT NULL, PRIMARY KEY (merchant, type, id, scope));
CREATE INDEX chg_by_v ON chg (merchant, v, type, id, scope);
CREATE TABLE reversed_sale (
    merchant TEXT NOT NULL, sale TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (merchant, sale));
CREATE TABLE rescued_event (
    merchant TEXT NOT NULL, hash TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (merchant, hash));
CREATE TABLE profile_change (
    merchant TEXT NOT NULL, change TEXT NOT NULL, member TEXT NOT NULL, v INTEGER NOT NULL,
    PRIMARY KEY (merchant, change));
CREATE TABLE batch_signature (
    merchant TEXT NOT NULL, stream TEXT NOT NULL, last_seq INTEGER NOT NULL, hash BLOB NOT NULL,
    signature TEXT NOT NULL, recorded_ms INTEGER NOT NULL,
    PRIMARY KEY (merchant, stream, last_seq));
CREATE TABLE attention (
    merchant TEXT NOT NULL, kind TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL,
    detail TEXT NOT NULL, recorded_ms INTEGER NOT NULL,
    PRIMARY KEY (merchant, kind, stream, seq))
"""

_STEP_2 = """
ALTER TABLE clock ADD COLUMN mark TEXT NOT NULL DEFAULT '';
ALTER TABLE clock ADD COLUMN roster_open INTEGER NOT NULL DEFAULT 0;
CREATE TABLE version_mark (
    merchant TEXT NOT NULL, v INTEGER NOT NULL, mark TEXT NOT NULL, PRIMARY KEY (merchant, v));
CREATE TABLE policy (
    merchant TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL,
    PRIMARY KEY (merchant, name));
CREATE TABLE secret (
    merchant TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (merchant, name));
ALTER TABLE till ADD COLUMN packet_key TEXT NOT NULL DEFAULT '';
ALTER TABLE till ADD COLUMN hub_pin TEXT NOT NULL DEFAULT '';
ALTER TABLE stream ADD COLUMN seen_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE stream ADD COLUMN durable INTEGER NOT NULL DEFAULT 0;
ALTER TABLE stream ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;
ALTER TABLE stream ADD COLUMN risk_granted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE stream ADD COLUMN risk_used INTEGER NOT NULL DEFAULT 0;
ALTER TABLE member ADD COLUMN visits TEXT NOT NULL DEFAULT '{}';
ALTER TABLE member ADD COLUMN alias_of TEXT;
ALTER TABLE member ADD COLUMN cards_blocked INTEGER NOT NULL DEFAULT 0;
CREATE INDEX member_by_alias ON member (merchant, alias_of) WHERE alias_of IS NOT NULL;
CREATE INDEX member_by_phone ON member (merchant, phone) WHERE phone <> '';
ALTER TABLE rights ADD COLUMN lent INTEGER NOT NULL DEFAULT 0;
UPDATE member SET outstanding = (
    SELECT coalesce(sum(CASE WHEN granted + earned > used + returned
        THEN granted + earned - used - returned ELSE 0 END), 0)
    FROM rights WHERE rights.merchant = member.merchant AND rights.member = member.member);
CREATE TABLE rights_lent (
    merchant TEXT NOT NULL, member TEXT NOT NULL, stream TEXT NOT NULL, lender TEXT NOT NULL,
    points INTEGER NOT NULL, PRIMARY KEY (merchant, member, stream, lender));
CREATE TABLE rights_released (
    merchant TEXT NOT NULL, member TEXT NOT NULL, stream TEXT NOT NULL, v INTEGER NOT NULL,
    points INTEGER NOT NULL, released_ms INTEGER NOT NULL,
    PRIMARY KEY (merchant, member, stream, v));
ALTER TABLE attention ADD COLUMN member TEXT;
ALTER TABLE attention ADD COLUMN points INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attention ADD COLUMN settled TEXT NOT NULL DEFAULT '';
ALTER TABLE attention ADD COLUMN settled_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attention ADD COLUMN settlement TEXT;
ALTER TABLE attention ADD COLUMN settled_by TEXT NOT NULL DEFAULT '';
CREATE INDEX attention_by_stream ON attention (merchant, stream);
CREATE TABLE profile_history (
    merchant TEXT NOT NULL, member TEXT NOT NULL, field TEXT NOT NULL, v INTEGER NOT NULL,
    change TEXT NOT NULL, value TEXT NOT NULL, till TEXT NOT NULL,
    PRIMARY KEY (merchant, member, field, v, change));
CREATE TABLE decision (
    merchant TEXT NOT NULL, v INTEGER NOT NULL, no INTEGER NOT NULL, kind TEXT NOT NULL,
    subject TEXT NOT NULL, object TEXT NOT NULL, who TEXT NOT NULL, at_ms INTEGER NOT NULL,
    PRIMARY KEY (merchant, v, no))
"""

_STEP_3 = """
ALTER TABLE member ADD COLUMN sheet TEXT NOT NULL DEFAULT '';
ALTER TABLE member ADD COLUMN due_ms INTEGER NOT NULL DEFAULT 0;
UPDATE member SET due_ms = 1 WHERE tier <> '';
CREATE INDEX member_by_due ON member (merchant, due_ms) WHERE due_ms > 0;
CREATE TABLE sale_state (
    merchant TEXT NOT NULL, sale TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (merchant, sale));
CREATE TABLE waiting_refund (
    merchant TEXT NOT NULL, sale TEXT NOT NULL, event TEXT NOT NULL, stream TEXT NOT NULL,
    seq INTEGER NOT NULL, PRIMARY KEY (merchant, sale, event));
CREATE TABLE claimed_voucher (
    merchant TEXT NOT NULL, voucher TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (merchant, voucher));
CREATE TABLE stock_share (
    merchant TEXT NOT NULL, stream TEXT NOT NULL, reward TEXT NOT NULL, granted INTEGER NOT NULL,
    used INTEGER NOT NULL, PRIMARY KEY (merchant, stream, reward))
"""

# Some rules of the fold are others than 0.3.0's (Books.has_rules_of_0_3). What was folded so
# folds again so: books that are there note how far they are.
_STEP_4 = """
INSERT INTO policy (merchant, name, value)
    SELECT merchant, 'rules_0_3_until', v FROM clock
"""

STEPS = (_STEP_1, _STEP_2, _STEP_3, _STEP_4)


def migrate(session: Session, *, postgres: bool) -> None:
    """Bring a database to the newest schema inside the caller's transaction.

    Raises:
        StoreUnavailable: the database is from a newer version of the server.
    """
    session.execute("CREATE TABLE IF NOT EXISTS schema_step (step INTEGER PRIMARY KEY)")
    done = int(session.fetch("SELECT coalesce(max(step), 0) FROM schema_step")[0][0])
    if done > len(STEPS):
        raise StoreUnavailable(Code.DATA_NEWER)
    for number, step in enumerate(STEPS[done:], start=done + 1):
        for statement in step.split(";"):
            session.execute(_spoken(statement, postgres=postgres))
        session.execute("INSERT INTO schema_step (step) VALUES (?)", number)


def _spoken(statement: str, *, postgres: bool) -> str:
    text = statement.strip()
    if postgres:
        return text.replace(" INTEGER", " bigint").replace(" BLOB", " bytea")
    if text.startswith("CREATE TABLE"):
        return f"{text} STRICT, WITHOUT ROWID"
    return text
