"""The till's schema as numbered steps: append, never edit.

Each step runs in one transaction together with its own record. ``PRAGMA
user_version`` carries the number too, so that an older program can refuse a newer
file before it reads anything else.

The tables:

- ``setting``: who this till is and where it stands with the server.
- ``stream``, ``event``: the journal. The outbox is the part of the open stream
  above ``acked_seq``: nothing is copied, so nothing can be forgotten.
- ``ledger_entry``: what events do to points, clustered by member.
- ``points``: the cache of balances and the spend-rights counters.
  balance = snapshot (the server's row) + overlay (own entries not in that row yet).
  After joining again, the entries of a rescued event stand under the seq of its
  ``rescue`` event in the new stream; of a closed stream the events up to
  ``acked_seq`` count, the rest is superseded by their rescues.
- ``member``, ``member_word``, ``card``, ``program``: what the server sends, or what
  a till that works alone knows by itself.
- ``profile_change``: personal fields on their way to the server.
- ``rights_lent``: what other streams of the shop gave this one; ``points.lent`` is the sum.
- ``points.peer_points``: what the shop's hub knows of its other tills, only for showing.
- ``attention``, ``settlement``: the owner's list, and what was chosen here for its items.
- ``till``: the merchant's tills with their public keys.
- ``stream.pruned_seq``: events up to there are kept by a backup of the server and no longer
  here; ``pruned_hash`` is the chain's hash there, ``pruned_points`` what they did to members.
- ``member.sheet``: what the program's rules ask of a member, JSON; empty where it is nothing.
- ``quiet_event``: events about a member that change no points and so have no ledger entry.
- ``event_reference``: which events refer to an earlier sale, or to a voucher.
- ``hub_*``: what a shop's hub keeps of the shop's tills (:mod:`pos_loyalty.store.hub_state`);
  empty on every other till.
"""

from sqlite_utils import Database, Migrations

migrations = Migrations("pos_loyalty_till")

_M001 = """
CREATE TABLE setting (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE stream (
  stream_no INTEGER PRIMARY KEY,
  stream TEXT NOT NULL UNIQUE,
  join_nonce TEXT NOT NULL,
  first_hash BLOB NOT NULL,
  last_seq INTEGER NOT NULL DEFAULT 0,
  last_hash BLOB NOT NULL,
  acked_seq INTEGER NOT NULL DEFAULT 0,
  durable_seq INTEGER NOT NULL DEFAULT 0,
  is_open INTEGER NOT NULL DEFAULT 1,
  CHECK (acked_seq <= last_seq AND durable_seq <= acked_seq)
) STRICT;
CREATE UNIQUE INDEX stream_open ON stream(is_open) WHERE is_open = 1;

CREATE TABLE event (
  stream_no INTEGER NOT NULL REFERENCES stream,
  seq INTEGER NOT NULL CHECK (seq > 0),
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY (stream_no, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE reversed_sale (
  sale_id TEXT PRIMARY KEY,
  reversal_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE ledger_entry (
  member TEXT NOT NULL,
  stream_no INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  position INTEGER NOT NULL,
  kind TEXT NOT NULL,
  points INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (member, stream_no, seq, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE points (
  member TEXT PRIMARY KEY,
  snapshot_points INTEGER NOT NULL DEFAULT 0,
  snapshot_earned INTEGER NOT NULL DEFAULT 0,
  overlay_points INTEGER NOT NULL DEFAULT 0,
  overlay_earned INTEGER NOT NULL DEFAULT 0,
  overlay_after_seq INTEGER NOT NULL DEFAULT 0,
  granted INTEGER NOT NULL DEFAULT 0,
  earned INTEGER NOT NULL DEFAULT 0,
  used INTEGER NOT NULL DEFAULT 0,
  returned INTEGER NOT NULL DEFAULT 0,
  CHECK (granted >= 0 AND earned >= 0 AND used >= 0 AND returned >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE member (
  member TEXT PRIMARY KEY,
  name TEXT NOT NULL DEFAULT '',
  phone TEXT NOT NULL DEFAULT '',
  tier TEXT NOT NULL DEFAULT '',
  status TEXT NOT NULL DEFAULT 'active',
  enrolled_ms INTEGER NOT NULL DEFAULT 0,
  epoch INTEGER NOT NULL DEFAULT 0,
  v INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX member_phone ON member(phone) WHERE phone <> '';

CREATE TABLE member_word (
  word TEXT NOT NULL,
  member TEXT NOT NULL,
  PRIMARY KEY (word, member)
) STRICT, WITHOUT ROWID;

CREATE TABLE card (
  card_key TEXT PRIMARY KEY,
  number TEXT NOT NULL DEFAULT '',
  member TEXT,
  status TEXT NOT NULL,
  batch TEXT NOT NULL DEFAULT '',
  epoch INTEGER NOT NULL DEFAULT 0,
  v INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX card_number ON card(number) WHERE number <> '';
CREATE INDEX card_member ON card(member) WHERE member IS NOT NULL;

CREATE TABLE program (
  version TEXT PRIMARY KEY,
  effective_from_ms INTEGER NOT NULL,
  document BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE profile_change (
  change TEXT PRIMARY KEY,
  member TEXT NOT NULL,
  body BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE verdict (
  stream_no INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  verdict TEXT NOT NULL,
  PRIMARY KEY (stream_no, seq)
) STRICT, WITHOUT ROWID;
"""


_M002 = """
ALTER TABLE stream ADD COLUMN pruned_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE stream ADD COLUMN pruned_hash BLOB;

CREATE TABLE pruned_points (
  member TEXT NOT NULL,
  stream_no INTEGER NOT NULL,
  points INTEGER NOT NULL DEFAULT 0,
  earned_points INTEGER NOT NULL DEFAULT 0,
  earned INTEGER NOT NULL DEFAULT 0,
  used INTEGER NOT NULL DEFAULT 0,
  returned INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (member, stream_no)
) STRICT, WITHOUT ROWID;

ALTER TABLE points ADD COLUMN lent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE points ADD COLUMN peer_points INTEGER NOT NULL DEFAULT 0;
CREATE INDEX points_peer ON points(member) WHERE peer_points <> 0;

CREATE TABLE rights_lent (
  member TEXT NOT NULL,
  lender TEXT NOT NULL,
  points INTEGER NOT NULL,
  PRIMARY KEY (member, lender)
) STRICT, WITHOUT ROWID;

ALTER TABLE member ADD COLUMN alias_of TEXT;
CREATE INDEX member_alias ON member(alias_of) WHERE alias_of IS NOT NULL;

CREATE TABLE attention (
  item TEXT PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  body BLOB NOT NULL,
  settled TEXT NOT NULL DEFAULT '',
  epoch INTEGER NOT NULL DEFAULT 0,
  v INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE settlement (
  settlement TEXT PRIMARY KEY,
  item TEXT NOT NULL,
  body BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE till (
  till TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  shop_name TEXT NOT NULL,
  public_key TEXT NOT NULL,
  status TEXT NOT NULL,
  epoch INTEGER NOT NULL DEFAULT 0,
  v INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- All rows come again: the older program passed over what it could not read.
DELETE FROM setting WHERE name = 'cursor';
"""

_M003 = """
CREATE TABLE hub_stream (
  stream TEXT PRIMARY KEY,
  till TEXT NOT NULL,
  have INTEGER NOT NULL DEFAULT 0,
  held_seq INTEGER NOT NULL DEFAULT 0,
  held_hash BLOB,
  is_closed INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE hub_body (
  body_no INTEGER PRIMARY KEY,
  stream TEXT NOT NULL,
  last_seq INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  body BLOB NOT NULL,
  signature TEXT NOT NULL
) STRICT;
CREATE INDEX hub_body_stream ON hub_body(stream, body_no);

CREATE TABLE hub_event (
  stream TEXT NOT NULL,
  seq INTEGER NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY (stream, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE hub_entry (
  stream TEXT NOT NULL,
  seq INTEGER NOT NULL,
  member TEXT NOT NULL,
  points INTEGER NOT NULL,
  PRIMARY KEY (stream, seq, member)
) STRICT, WITHOUT ROWID;
CREATE INDEX hub_entry_member ON hub_entry(member);

CREATE TABLE hub_newcomer (
  id TEXT PRIMARY KEY,
  stream TEXT NOT NULL,
  seq INTEGER NOT NULL,
  body BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX hub_newcomer_place ON hub_newcomer(stream, seq);

CREATE TABLE hub_profile (
  change TEXT PRIMARY KEY,
  stream TEXT NOT NULL,
  member TEXT NOT NULL,
  body BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX hub_profile_member ON hub_profile(member);

CREATE TABLE hub_lent (
  member TEXT NOT NULL,
  stream TEXT NOT NULL,
  lender TEXT NOT NULL,
  points INTEGER NOT NULL,
  seen INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (member, stream, lender)
) STRICT, WITHOUT ROWID;

CREATE TABLE hub_returned (
  member TEXT NOT NULL,
  stream TEXT NOT NULL,
  receiver TEXT NOT NULL,
  points INTEGER NOT NULL,
  PRIMARY KEY (member, stream, receiver)
) STRICT, WITHOUT ROWID;

CREATE TABLE hub_change (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  scope TEXT NOT NULL,
  v INTEGER NOT NULL,
  PRIMARY KEY (kind, id, scope)
) STRICT, WITHOUT ROWID;
CREATE INDEX hub_change_v ON hub_change(v);
"""

_M004 = """
ALTER TABLE member ADD COLUMN sheet TEXT NOT NULL DEFAULT '';

CREATE TABLE quiet_event (
  member TEXT NOT NULL,
  stream_no INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (member, stream_no, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE event_reference (
  subject TEXT NOT NULL,
  event_id TEXT NOT NULL,
  PRIMARY KEY (subject, event_id)
) STRICT, WITHOUT ROWID;

-- What changed no points before this version: sales below one step, enrollments without welcome.
INSERT INTO quiet_event(member, stream_no, seq)
SELECT fact ->> '$.member', stream_no, seq FROM (
  SELECT e.stream_no, e.seq,
  CASE e.kind WHEN 'rescue' THEN CAST(e.bytes AS TEXT) ->> '$.original'
  ELSE CAST(e.bytes AS TEXT) END AS fact
  FROM event e JOIN stream s USING (stream_no)
  WHERE e.kind IN ('sale', 'reversal', 'enrollment', 'rescue')
  AND (s.is_open = 1 OR e.seq <= s.acked_seq)) facts
WHERE CASE WHEN json_valid(fact) THEN fact ->> '$.member' IS NOT NULL
  AND fact ->> '$.kind' IN ('sale', 'reversal', 'enrollment') ELSE 0 END
AND NOT EXISTS (
  SELECT 1 FROM ledger_entry l WHERE l.member = fact ->> '$.member'
  AND l.stream_no = facts.stream_no AND l.seq = facts.seq);

-- All rows come again: the older program was sent neither programs with rules nor sheets.
DELETE FROM setting WHERE name = 'cursor';
"""


@migrations()
def m001_first_release(database: Database) -> None:
    """The journal, the ledger, spend rights, members, cards and programs of 0.1.0."""
    _run(database, _M001)
    database.conn.execute("PRAGMA user_version = 1")


@migrations()
def m002_tills_together(database: Database) -> None:
    """Rights lent in a shop, the owner's list, merged accounts, other tills, pruning: 0.2.0."""
    _run(database, _M002)
    database.conn.execute("PRAGMA user_version = 2")


@migrations()
def m003_shop_hub(database: Database) -> None:
    """What a shop's hub keeps of its tills: 0.2.0."""
    _run(database, _M003)
    database.conn.execute("PRAGMA user_version = 3")


@migrations()
def m004_program_rules(database: Database) -> None:
    """What the rules ask of a member, and events by member and by sale: 0.3.0."""
    _run(database, _M004)
    database.conn.execute("PRAGMA user_version = 4")


def _run(database: Database, statements: str) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            database.conn.execute(statement)
