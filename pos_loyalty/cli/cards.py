"""`cards issue`, `cards sheet`, `cards commands`: what the owner prints."""

import argparse
import csv
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pos_loyalty.cli.till_folder import add_shop, open_for_command
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused

if TYPE_CHECKING:
    from pos_loyalty.cards.batch import CardBatch, IssuedCard
    from pos_loyalty.cards.design import CardDesign
    from pos_loyalty.cards.sheet import Progress
    from pos_loyalty.domain.ids import MerchantId
    from pos_loyalty.till import Till

_FOLDER: Final = "cards"
"""Where batch files lie in a till's data folder, unless told otherwise."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the three commands take."""
    commands = parser.add_subparsers(dest="cards_command", required=True, metavar="COMMAND")

    issue = commands.add_parser("issue", help="make a batch of blank cards")
    issue.add_argument(
        "--data",
        type=Path,
        required=True,
        help="the till's data folder; an empty one becomes a till",
    )
    issue.add_argument("--count", type=int, required=True, help="how many cards, 1 to 10,000")
    add_shop(issue)
    issue.add_argument(
        "--out", type=Path, help="the encrypted batch file (default: in the data folder)"
    )
    issue.add_argument("--json", action="store_true", help="answer in JSON")
    issue.set_defaults(cards_run=_issue)

    sheet = commands.add_parser("sheet", help="print a batch to a PDF and read every code back")
    sheet.add_argument("--batch", type=Path, required=True, help="the batch file")
    sheet.add_argument("--out", type=Path, required=True, help="the PDF file to write")
    sheet.add_argument(
        "--layout", choices=("a4", "id1"), default="a4", help="ten on A4, or one a page (id1)"
    )
    sheet.add_argument(
        "--data", type=Path, help="the till's data folder (default: where the batch file lies)"
    )
    sheet.add_argument("--csv", type=Path, help="also a table for a print shop: number, payload")
    sheet.add_argument("--png", type=Path, help="also a picture of each card, into this folder")
    sheet.add_argument("--name", help="the shop's name on the card (default: the till's shop)")
    sheet.add_argument("--line", help="what stands under the name")
    sheet.add_argument("--color", help="the card's color, like #144A42")
    sheet.add_argument(
        "--again", action="store_true", help="print the printed ones again, marked as copies"
    )
    sheet.add_argument("--json", action="store_true", help="answer in JSON")
    sheet.set_defaults(cards_run=_sheet)

    commands_sheet = commands.add_parser(
        "commands", help="print the sheet of commands for a till with a scanner alone"
    )
    commands_sheet.add_argument(
        "--data", type=Path, required=True, help="the data folder of a till of the shop"
    )
    commands_sheet.add_argument("--out", type=Path, required=True, help="the PDF file to write")
    commands_sheet.add_argument("--json", action="store_true", help="answer in JSON")
    commands_sheet.set_defaults(cards_run=_commands)


def run(arguments: argparse.Namespace) -> int:
    """Run the chosen one of the three."""
    return int(arguments.cards_run(arguments))


def _issue(arguments: argparse.Namespace) -> int:
    """Make a batch: its keys and numbers go into the till's journal, its secrets into the file.

    The file is written first, under another name: cards that were recorded can be printed, and no
    printed card is unknown.
    """
    from pos_loyalty.cards.batch_file import write_batch_file

    data: Path = arguments.data
    with open_for_command(data, shop=arguments.shop) as till:
        batch = _new_batch(till, arguments.count)
        out: Path = arguments.out or data / _FOLDER / f"{batch.batch}.cards"
        if out.exists():
            raise CommandRefused(Code.FILE_EXISTS, file=str(out))
        if arguments.out is None:
            _make_folder(out.parent)
        draft = out.with_name(f".{out.name}.draft")
        write_batch_file(batch, draft, _key(data))
        try:
            _record(till, batch)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        draft.replace(out)
    if arguments.json:
        print(json.dumps({"batch": batch.batch, "cards": len(batch.cards), "file": str(out)}))
    else:
        from pos_loyalty.services.command_name import command_line

        words = ("--batch", out, "--data", data, "--out", "cards.pdf")
        print(f"{_counted(len(batch.cards), 'blank card')} in {out}")
        print(f"Next: {command_line('cards', 'sheet', *words)}")
    return 0


def _new_batch(till: "Till", count: int) -> "CardBatch":
    """Draw the cards; no number that this till knows is drawn again."""
    from pos_loyalty.cards.batch import issue_batch
    from pos_loyalty.domain.ids import BatchId

    ids, shop = till.context.ids, till.shop
    with till.context.store.read() as known:
        return issue_batch(
            merchant=shop.merchant,
            count=count,
            batch=BatchId(ids.next_id()),
            random_bytes=ids.random_bytes,
            shop_name=shop.shop_name or shop.merchant_name,
            is_number_taken=lambda number: known.cards.by_number(number) is not None,
        )


def _record(till: "Till", batch: "CardBatch") -> None:
    from pos_loyalty.domain.event import NewCard
    from pos_loyalty.services.issue_cards import IssueCards

    cards = [NewCard(key=card.card_key, number=card.number) for card in batch.cards]
    till.issue_cards(IssueCards(batch=batch.batch, cards=cards))


def _sheet(arguments: argparse.Namespace) -> int:
    """Print what of a batch was not printed yet. Works while the till is open."""
    from pos_loyalty.cards.batch_file import read_batch_file, write_batch_file
    from pos_loyalty.cards.design import CardDesign
    from pos_loyalty.cards.sheet import SheetLayout, write_sheet

    path: Path = arguments.batch
    if not path.is_file():
        raise CommandRefused(Code.FILE_ABSENT, file=str(path))
    key = _key(arguments.data or path.resolve().parent.parent)
    batch = read_batch_file(path, key)
    design = CardDesign.parse(
        shop_name=arguments.name or batch.shop_name, line=arguments.line, color=arguments.color
    )
    report = write_sheet(
        batch,
        arguments.out,
        design,
        _progress(),
        layout=SheetLayout(arguments.layout),
        is_reprint=arguments.again,
        save_marks=lambda marked: write_batch_file(marked, path, key),
    )
    cards = batch.handed_out_cards() if arguments.again else batch.new_cards()
    if arguments.csv:
        _write_csv(cards, arguments.csv)
    if arguments.png:
        _write_pictures(cards, design, arguments.png)
    if arguments.json:
        facts = {"file": str(report.path), "cards": report.cards, "pages": report.pages}
        print(json.dumps(facts | {"copies": report.copies, "verified": report.cards}))
    else:
        cards_read, pages = _counted(report.cards, "card"), _counted(report.pages, "page")
        print(f"{cards_read} on {pages} in {report.path}; every code was read")
    return 0


def _commands(arguments: argparse.Namespace) -> int:
    """Print the command sheet of the shop. Works while the till is open: it is only read."""
    from pos_loyalty.cards.command_sheet import write_command_sheet
    from pos_loyalty.domain.card_payload import merchant_tag

    merchant, shop_name = _shop(arguments.data)
    report = write_command_sheet(arguments.out, shop_name=shop_name, tag=merchant_tag(merchant))
    if arguments.json:
        print(json.dumps({"file": str(report.path), "codes": report.codes}))
    else:
        print(f"{report.codes} commands in {report.path}; every code was read")
    return 0


def _shop(data: Path) -> "tuple[MerchantId, str]":
    """Return whose till this is, and the shop's name."""
    from contextlib import closing

    from pos_loyalty.domain.ids import MerchantId
    from pos_loyalty.store.data_folder import DataFolder
    from pos_loyalty.store.database import connect_reader
    from pos_loyalty.store.errors import translating
    from pos_loyalty.store.settings import Setting, SettingRepository

    key = _till_key(data)
    with closing(connect_reader(DataFolder(data).database, key)) as connection, translating():
        text = SettingRepository(connection).text
        name = text(Setting.SHOP_NAME) or text(Setting.MERCHANT_NAME)
        return MerchantId(text(Setting.MERCHANT)), name


def _key(data: Path) -> bytes:
    """Return the key of this till's batch files."""
    from pos_loyalty.cards.batch_file import batch_file_key

    return batch_file_key(_till_key(data))


def _till_key(data: Path) -> bytes:
    """Return the key of this till's database."""
    from pos_loyalty.store.data_folder import DataFolder
    from pos_loyalty.store.keys import BestKeys
    from pos_loyalty.store.opening import read_key

    return read_key(DataFolder(data), BestKeys())


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _progress() -> "Progress":
    """Return what shows the progress on a terminal, and nothing where there is none."""
    from pos_loyalty.cards.sheet import silent

    return _show_progress if sys.stderr.isatty() else silent


def _show_progress(done: int, total: int) -> None:
    end = "\n" if done == total else ""
    print(f"\r{done} of {total} cards read back", end=end, file=sys.stderr, flush=True)


def _write_csv(cards: "Sequence[IssuedCard]", path: Path) -> None:
    """Write numbers and payloads; only the owner of the file may read it, for these are secrets."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(("number", "payload"))
            table.writerows((card.number, card.payload) for card in cards)
    except OSError as error:
        raise CommandRefused(Code.FILE_WRITE, file=str(path)) from error


def _write_pictures(cards: "Sequence[IssuedCard]", design: "CardDesign", folder: Path) -> None:
    """Write a picture of each card, named after its number."""
    import cv2

    from pos_loyalty.cards.card_picture import card_picture

    _make_folder(folder)
    for card in cards:
        path = folder / f"{card.number}.png"
        _, raw = cv2.imencode(".png", card_picture(card, design))
        try:
            path.write_bytes(raw.tobytes())
        except OSError as error:
            raise CommandRefused(Code.FILE_WRITE, file=str(path)) from error


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandRefused(Code.FILE_WRITE, file=str(folder)) from error
