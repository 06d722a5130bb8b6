"""The catalog of what an owner meets who asks the books why, or tries a program on past sales."""

from pos_loyalty.domain.error_code import Code
from pos_loyalty.domain.error_entry import NO_SALE, Entry

PROGRAMS: dict[Code, Entry] = {
    Code.WHY_ABSENT: Entry(
        "{subject} is no sale's or member's id here, and no member's phone number.",
        NO_SALE,
        "Names are not searched: ask for a sale's id, a member's id, or a phone number.",
    ),
    Code.BOOKS_ABSENT: Entry(
        "There is no file {file}. Check the name; `server init` makes new books.",
        NO_SALE,
        "Say where the server's books are; `./pos server init` makes new ones.",
    ),
    Code.REPLAY_EMPTY: Entry(
        "No member bought anything since {since}. Choose an earlier day.",
        NO_SALE,
        "Choose an earlier day; a program is tried on sales with a member.",
    ),
    Code.REPLAY_CURRENCY: Entry(
        "This program is in {currency}, and the sales are in {sales_currency}.",
        NO_SALE,
        "Write the program in the currency of the shop.",
    ),
    Code.PROGRAM_CURRENCY: Entry(
        "This program is in {currency}; the shop sells in {shop_currency}.",
        NO_SALE,
        "Write the amounts in the shop's currency: `./pos program new TEMPLATE FILE --currency`.",
    ),
    Code.PROGRAM_PAST: Entry(
        "A program cannot begin in the past. Say --from now, or a later time.",
        NO_SALE,
        "Sales that were made keep their points; choose now or a later time.",
    ),
    Code.PROGRAM_SERVER: Entry(
        "This till has joined {merchant}. Programs are published at its server.",
        NO_SALE,
        "At the server: `./pos program publish FILE --from TIME --database URL`.",
    ),
    Code.PROGRAM_TEMPLATE: Entry(
        "There is no template called {template}. They are: {templates}.",
        NO_SALE,
        "`./pos program templates` lists them.",
    ),
}
