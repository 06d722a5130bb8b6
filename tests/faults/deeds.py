"""What a till does in a process of its own, so that a test can kill it or break its disk.

Run as `python -m tests.faults.deeds NAME WORDS…`; the last line printed is JSON.
"""

import datetime as dt
import errno
import itertools
import json
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pos_loyalty.domain.errors import LoyaltyError
from pos_loyalty.domain.ids import EventId, MemberId, SaleId
from pos_loyalty.services.adjust_points import AdjustPoints
from pos_loyalty.services.back_up import BackUp, BackUpHandler
from pos_loyalty.services.enroll_member import EnrollMember
from pos_loyalty.services.grant_tier import GrantTier
from pos_loyalty.services.last_sales import ReadLastSales
from pos_loyalty.services.move_sale import MoveSale
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.services.refund_sale import RefundSale
from pos_loyalty.services.undo_sale import UndoSale
from pos_loyalty.store.backup import try_backup
from pos_loyalty.till import Till
from tests.faults.disk_images import ACKS
from tests.faults.disk_shim import shim
from tests.faults.file_deeds import FILE_DEEDS
from tests.faults.prepared import CARD, prepare, sample, silent, tables
from tests.sample_till import enroll, event_ids, sell

SALE_ID = SaleId("5a1e" * 8)
CHANGE_ID = EventId("c4a9" * 8)


def do_sale(till: Till, member: MemberId) -> None:
    """A sale that redeems, so that every table of a sale is touched."""
    till.record_sale(
        RecordSale(total=3300, member_id=member, sale_id=SALE_ID, found_by="card", cashier="Eve")
    )


def do_undo(till: Till, member: MemberId) -> None:
    """Undo the sale that was prepared."""
    del member
    till.undo_sale(UndoSale())


def do_enroll(till: Till, member: MemberId) -> None:
    """Enroll somebody with the blank card that was prepared."""
    del member
    card = blank_card_key()
    till.enroll_member(EnrollMember(card_key=card, name="Bo Sample", phone="+4915112345678"))


def do_refund(till: Till, member: MemberId) -> None:
    """Refund a part of the sale that was prepared."""
    del member
    till.refund_sale(RefundSale(newest_sale(till), amount=12_345, refund_id=CHANGE_ID))


def do_move(till: Till, member: MemberId) -> None:
    """Move the sale that was prepared to the other member."""
    del member
    till.move_sale(MoveSale(newest_sale(till), other_member(till), event_id=CHANGE_ID))


def do_adjust(till: Till, member: MemberId) -> None:
    """Take points away by hand."""
    till.adjust_points(AdjustPoints(member, -20, "Wrong card", "Mo", event_id=CHANGE_ID))


def do_grant(till: Till, member: MemberId) -> None:
    """Grant a tier, which writes the member's row, too."""
    day = dt.date(2027, 1, 1)
    till.grant_tier(GrantTier(member, "gold", day, "Why", "Mo", event_id=CHANGE_ID))


def newest_sale(till: Till) -> SaleId:
    """Return the sale that `prepare` made."""
    return till.last_sales(ReadLastSales(1))[0].sale_id


def other_member(till: Till) -> MemberId:
    """Return the second member, who is there for this deed alone."""
    with till.context.store.read() as work:
        (found,) = work.members.find("Bo", 1)
    return found.member


def blank_card_key() -> Any:  # noqa: ANN401 - a CardKey
    """Return the key of the card that `prepare` made."""
    return CARD * 32


DEEDS: dict[str, Callable[[Till, MemberId], None]] = {
    "sale": do_sale,
    "undo": do_undo,
    "enroll": do_enroll,
    "refund": do_refund,
    "move": do_move,
    "adjust": do_adjust,
    "grant": do_grant,
}


def killed_everywhere(root: Path, deed_name: str, where: str) -> Iterator[dict[str, Any]]:
    """Do a deed again and again; kill -9 it at its 1st, 2nd, 3rd … statement or disk change.

    Yields for each round whether the deed said that it was done, and whether the
    folder then holds all of it, or nothing of it.
    """
    template = root / "template"
    member = prepare(template)
    if deed_name == "move":
        with sample(template, seed=4).open() as till:
            enroll(till, "Bo Other")
    before = tables(template)
    deed = DEEDS[deed_name]
    whole = root / "whole"
    shutil.copytree(template, whole)
    with sample(whole, seed=2).open() as till:
        deed(till, member)
    after = tables(whole)
    for number in itertools.count(1):
        place = root / "round"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(template, place)
        process = os.fork()
        if process == 0:
            _do_until_killed(place, member, deed, where, number)
        _, status = os.waitpid(process, 0)
        said_done = not os.WIFSIGNALED(status)
        assert not said_done or os.WEXITSTATUS(status) == 0
        reopened = sample(place, seed=3)
        reopened.open().close()
        finding = reopened.finding()
        found = tables(place)
        yield {
            "said_done": said_done,
            "nothing": found == before,
            "all": found == after,
            "finding": None if finding is None else finding.what,
        }
        if said_done:
            return


def _do_until_killed(
    place: Path, member: MemberId, deed: Callable[[Till, MemberId], None], where: str, number: int
) -> None:
    """Run in the forked process; ends by a signal, or by leaving without any clean-up."""
    if where == "disk":
        shim().disk_watch(bytes(place / "data"))
    till = sample(place, seed=2).open()
    if where == "disk":
        shim().disk_kill(number)
    else:
        statements = itertools.count(1)

        def trace(statement: str) -> None:
            del statement
            if next(statements) == number:
                os.kill(os.getpid(), signal.SIGKILL)

        till.context.store._writer.set_trace_callback(trace)
    deed(till, member)
    os._exit(0)


def deed_kill(root: str, deed_name: str, where: str) -> list[dict[str, Any]]:
    """Kill a deed everywhere; see `killed_everywhere`."""
    return list(killed_everywhere(Path(root), deed_name, where))


def deed_kill_files(root: str, deed_name: str) -> list[dict[str, Any]]:
    """Kill a backup, a restore or a migration at each change of the disk."""
    base = Path(root)
    template = base / "template"
    prepare(template)
    deed = FILE_DEEDS[deed_name]
    deed.prepare(template)
    rounds: list[dict[str, Any]] = []
    for number in itertools.count(1):
        place = base / "round"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(template, place)
        process = os.fork()
        if process == 0:
            deed.before()
            shim().disk_watch(bytes(place))
            shim().disk_kill(number)
            deed.do(place)
            os._exit(0)
        _, status = os.waitpid(process, 0)
        said_done = not os.WIFSIGNALED(status)
        rounds.append({"said_done": said_done, **deed.look(place)})
        if said_done:
            return rounds
    raise AssertionError


def deed_fail(
    root: str, error_name: str, forever: str, deed_name: str, checkpoint: str
) -> list[dict[str, Any]]:
    """Let each disk change of a deed fail, once or from then on; tell what was said and is.

    With `checkpoint`, each commit also folds the WAL into the file, so that this part
    fails, too.
    """
    template = Path(root) / "template"
    member = prepare(template)
    before = tables(template)
    rounds: list[dict[str, Any]] = []
    for number in itertools.count(1):
        place = Path(root) / f"round-{number}"
        shutil.copytree(template, place)
        shim().disk_watch(bytes(place / "data"))
        sample_till = sample(place, seed=2)
        with sample_till.open() as till:
            if checkpoint == "checkpoint":
                till.context.store._writer.execute("PRAGMA wal_autocheckpoint = 1")
            shim().disk_fail(number, getattr(errno, error_name), int(forever == "forever"))
            code = ""
            try:
                DEEDS[deed_name](till, member)
            except LoyaltyError as error:
                code = error.code.value
            changes = shim().disk_count()
            reads = _can_read(till)
            shim().disk_fail(-1, 0, 0)
            present = tables(place) != before
            crashed = _changed_after_crash(place, Path(root) / "crashed", before)
            again = _works_again(till, member)
        finding = sample_till.finding()
        rounds.append(
            {
                "code": code,
                "present": present,
                "present_after_crash": crashed,
                "reads": reads,
                "again": again,
                "finding": None if finding is None else finding.what,
            }
        )
        shutil.rmtree(place)
        if changes < number:
            return rounds
    raise AssertionError


def deed_fail_backup(root: str, error_name: str) -> list[dict[str, Any]]:
    """Let the stick that takes the backup refuse from its n-th change on."""
    base = Path(root)
    stick = base / "stick"
    stick.mkdir(parents=True)
    prepare(base)
    till = sample(base, seed=5)
    back_up = BackUpHandler(till.keys, clock=till.clock, ids=till.ids, progress=silent)
    back_up(BackUp(till.data, stick / "shop.backup"))
    older = (stick / "shop.backup").read_bytes()
    with till.open() as opened:
        sell(opened, None, 700)
    rounds: list[dict[str, Any]] = []
    for number in itertools.count(1):
        shim().disk_watch(bytes(stick))
        shim().disk_fail(number, getattr(errno, error_name), 1)
        code = ""
        try:
            back_up(BackUp(till.data, stick / "shop.backup", may_replace=True))
        except LoyaltyError as error:
            code = error.code.value
        shim().disk_off()
        files = sorted(path.name for path in stick.iterdir())
        is_older = (stick / "shop.backup").read_bytes() == older
        manifest = try_backup(stick / "shop.backup", till.key(), progress=silent)
        rounds.append({"code": code, "files": files, "older": is_older, "events": manifest.events})
        if not code:
            return rounds
        for leftover in stick.glob("shop.backup.*"):
            leftover.unlink()
    raise AssertionError


def deed_read_only(root: str) -> dict[str, Any]:
    """Open a till on a disk that takes no writes; then let the disk turn so while it is open."""
    base = Path(root)
    member = prepare(base)
    answer: dict[str, Any] = {}
    shim().disk_watch(bytes(base / "data"))
    shim().disk_fail(1, errno.EROFS, 1)
    try:
        sample(base).open()
    except LoyaltyError as error:
        answer["opening"] = error.code.value
    shim().disk_fail(-1, 0, 0)
    with sample(base, seed=2).open() as till:
        shim().disk_fail(1, errno.EROFS, 1)
        try:
            do_sale(till, member)
        except LoyaltyError as error:
            answer["selling"] = error.code.value
        answer["reads"] = _can_read(till)
        shim().disk_fail(-1, 0, 0)
        answer["again"] = _works_again(till, member)
    answer["present"] = _holds(base)
    return answer


def _can_read(till: Till) -> bool:
    with till.context.store.read() as work:
        return bool(work.connection.execute("SELECT COUNT(*) FROM event").fetchone()[0])


def _works_again(till: Till, member: MemberId) -> str:
    try:
        sell(till, member, 500)
    except LoyaltyError as error:
        return error.code.value
    return ""


def _holds(place: Path) -> bool:
    connection = sample(place).reader()
    try:
        return SALE_ID in event_ids(connection)
    finally:
        connection.close()


def _changed_after_crash(place: Path, copy: Path, before: dict[str, list[Any]]) -> bool:
    """Tell what a restart would find if the program died now: recovery reads the WAL anew."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(place, copy, ignore=shutil.ignore_patterns("*-shm"))
    sample(copy).open().close()
    return tables(copy) != before


def deed_record_sales(root: str, log: str, mode: str, sales: str) -> dict[str, Any]:
    """Sell under the recorder; each promise is written to the file of promises."""
    base = Path(root)
    member = prepare(base)
    shutil.copytree(base, Path(log).with_suffix(".start"))
    shim().disk_record(bytes(base), log.encode())
    with sample(base, seed=2).open() as till:
        writer = till.context.store._writer
        writer.execute(f"PRAGMA synchronous = {mode}")
        writer.execute("PRAGMA wal_autocheckpoint = 40")
        promises = os.open(base / ACKS, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for _ in range(int(sales)):
            done = sell(till, member, 1200)
            os.write(promises, done.sale_id.encode())
        os.close(promises)
    shim().disk_off()
    return {}


def deed_record_creation(root: str, log: str) -> dict[str, Any]:
    """Make a new till under the recorder, sell once, and promise it."""
    base = Path(root)
    (base / "data").mkdir(parents=True)
    (base / "keys").mkdir()
    shutil.copytree(base, Path(log).with_suffix(".start"))
    shim().disk_record(bytes(base), log.encode())
    with sample(base).open() as till:
        promises = os.open(base / ACKS, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        done = sell(till, None, 1200)
        os.write(promises, done.sale_id.encode())
        os.close(promises)
    shim().disk_off()
    return {}


def deed_open_at_once(root: str, count: str) -> list[str]:
    """Open one folder from many processes at the same moment; each holds it until all tried."""
    base = Path(root)
    start_read, start_write = os.pipe()
    answers_read, answers_write = os.pipe()
    end_read, end_write = os.pipe()
    processes: list[int] = []
    for number in range(int(count)):
        process = os.fork()
        if process == 0:
            os.close(start_write)
            os.close(end_write)
            os.read(start_read, 1)
            try:
                till = sample(base, seed=number + 10).open()
            except LoyaltyError as error:
                os.write(answers_write, f"{error.code.value}\n".encode())
            else:
                os.write(answers_write, b"open\n")
                os.read(end_read, 1)
                till.close()
            os._exit(0)
        processes.append(process)
    os.close(start_write)
    with os.fdopen(answers_read) as answers:
        said = [next(answers).strip() for _ in processes]
    os.close(end_write)
    for process in processes:
        os.waitpid(process, 0)
    return said


def deed_hold_lock(root: str, seconds: str) -> dict[str, Any]:
    """Hold the write lock of the database for a while, as another program might."""
    import time

    connection = sample(Path(root)).tool()
    connection.execute("BEGIN IMMEDIATE")
    sys.stdout.write("locked\n")
    sys.stdout.flush()
    time.sleep(float(seconds))
    connection.execute("ROLLBACK")
    connection.close()
    return {}


if __name__ == "__main__":
    random.seed(1)
    deed, *words = sys.argv[1:]
    answer = globals()[f"deed_{deed.replace('-', '_')}"](*words)
    sys.stdout.write(json.dumps(answer) + "\n")
