"""`verify`: re-compute every chain, balance and counter of a till; name the first bad event."""

import argparse
import json
import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from pos_loyalty.cli.till_folder import keys_for
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import StoreUnavailable
from pos_loyalty.domain.program_words_plain import many
from pos_loyalty.store.data_folder import DataFolder
from pos_loyalty.store.database import connect_reader, quick_check
from pos_loyalty.store.errors import OWNER, translating
from pos_loyalty.store.opening import read_key
from pos_loyalty.store.verification import Verified, verify


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the sub-command takes."""
    parser.add_argument("--data", type=Path, required=True, help="the till's data folder")
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def run(arguments: argparse.Namespace) -> int:
    """Verify a till that may be open meanwhile; 1 as soon as anything does not hold."""
    result = _verified(arguments.data)
    if arguments.json:
        print(json.dumps({"ok": result.finding is None, **asdict(result)}))
    else:
        print(_in_words(result))
    if result.finding is None:
        return 0
    error = StoreUnavailable(Code.DATA_ALTERED, seq=result.finding.seq, owner=OWNER)
    print(error, file=sys.stderr)
    return 1


def _verified(data: Path) -> Verified:
    folder = DataFolder(data)
    key = read_key(folder, keys_for(data))
    with closing(connect_reader(folder.database, key)) as connection, translating():
        # One snapshot: a till that is selling meanwhile must not look altered.
        connection.execute("BEGIN")
        if not quick_check(connection):
            raise StoreUnavailable(Code.DATA_DAMAGED)
        return verify(connection)


def _in_words(result: Verified) -> str:
    if result.finding is None:
        return (
            f"All good: {many(result.events, 'event')} in {many(result.streams, 'stream')},"
            f" {many(result.members, 'member')}; every chain, balance and counter fits."
        )
    finding = result.finding
    place = f"Event {finding.seq} ({finding.event_id or 'absent'})" if finding.seq else "Books"
    stream = f" of stream {finding.stream}" if finding.stream else ""
    return f"{place}{stream}: {finding.what}."
