"""`counter`: the till without a window, for integrations and for tests from outside."""

import argparse
import sys
from pathlib import Path

from pos_loyalty.cli.till_folder import add_currency, add_shop, open_for_command
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import LoyaltyError, StoreBug

_COMMANDS = """
commands, one JSON object a line:
  {"do":"scan","text":TEXT}
  {"do":"enroll","card":PAYLOAD, 12-digit number or null,"phone":…,"name":…,"birthday":"05-31",
   "invited_by":ID or "invitation":LETTERS,"offers_consent":true,"different_person":true}
  {"do":"sale","member":ID or null,"total":"21.00","rewards":[{"id":…,"points":n,"item":…}],
   "sale_id":…,"voucher":CODE,"found_by":"card","tax":"3.35",
   "payments":[{"kind":"card","amount":"21.00"}],
   "lines":[{"sku":…,"category":…,"quantity":3,"unit_price":"7.00","amount":"21.00","tax":…}]}
  {"do":"undo"}: the newest sale, or {"do":"undo","sale_id":…}: this one, for 5 minutes
  {"do":"refund","sale_id":ID or "receipt":TEXT,"amount":"5.00" or
   "lines":[{"line":0,"amount":"5.00","quantity":1}],"member":ID}: without amount and lines
   all that is left
  {"do":"move","sale_id":ID,"member":ID,"approved_by":…}: to the right member; adds a
   forgotten card, too
  {"do":"activity","member":ID,"activity":…,"reference":…,"approved_by":…}
  {"do":"adjust","member":ID,"points":-20,"reason":…,"approved_by":…}
  {"do":"tier","member":ID,"tier":…,"until":"2027-12-31","reason":…,"approved_by":…},
   or with "bought":true instead of the last three
  {"do":"voucher","code":CODE}: what it is worth
  {"do":"member","id"|"card"|"phone":…}
  {"do":"history","member":ID}
  {"do":"why","sale_id":ID or "event":ID or "member":ID or phone number}: by which rule
  {"do":"program"}   {"do":"sync"}   {"do":"status"}
  {"do":"attention"}: the owner's list, with "open":true what nobody has settled yet
  {"do":"settle","item":ITEM,"choice":CHOICE}
A sale on a card that this till does not know yet takes "card":PAYLOAD instead of a member;
a known card has a member, whose id "scan" answers. The lines of a refund are counted from 0:
"line_index" in "why". Amounts are texts in commands, "30.30", and minor units in answers, 3030.
Changes refuse a field that they do not know; other commands answer with "unknown_fields".
Whoever stands at the till can be named with sales and changes: "cashier".
Each change takes an id of its own (32 hexadecimal digits) that makes it safe to ask twice:
"sale_id", "refund_id", "move_id", "activity_id", "adjustment_id", "grant_id".
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _COMMANDS
    parser.add_argument("--data", type=Path, required=True, help="the till's data folder")
    add_currency(parser)
    add_shop(parser)


def run(arguments: argparse.Namespace) -> int:
    """Answer lines until the input ends."""
    import msgspec

    from pos_loyalty.counter import CounterSession, refusal
    from pos_loyalty.services.logging_setup import log_to, report_fault

    data, currency = arguments.data, arguments.currency
    with open_for_command(data, currency=currency, shop=arguments.shop) as till:
        log_to(data / "logs")
        till.sync.start()
        session = CounterSession(till)
        for line in sys.stdin.buffer:
            if not line.strip():
                continue
            try:
                answer = session.answer(line)
            except Exception as error:  # noqa: BLE001 - the last resort: a caller gets an answer, and the next line works
                report_fault(error)
                answer = refusal(fault(error))
            sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
            sys.stdout.buffer.flush()
    return 0


def fault(error: Exception) -> LoyaltyError:
    """Return what a caller is told of a fault of our own."""
    return StoreBug(Code.PROGRAM_FAULT, owner="the owner", detail=type(error).__name__)
