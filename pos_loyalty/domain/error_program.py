"""The catalog of what an owner meets who asks why, and who tries a program on past sales."""

from pos_loyalty.domain.error_code import Code
from pos_loyalty.domain.error_entry import NO_SALE, Entry

PROGRAMS: dict[Code, Entry] = {
    Code.WHY_ABSENT: Entry(
        "No event and no member here is called {subject}.",
        NO_SALE,
        "Ask for the id of a sale or another event, or for a member's id or phone number.",
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
}
