"""The catalog of rewards, vouchers and invitations: why one cannot be had."""

from pos_loyalty.domain.error_code import Code
from pos_loyalty.domain.error_entry import NO_SALE, NOT_SAVED, UNTOUCHED, Entry

_WITHOUT_REWARD = "Complete the sale without the reward."
_WITHOUT_VOUCHER = "Complete the sale without the voucher."

REWARDS: dict[Code, Entry] = {
    Code.REWARD_TIER: Entry("{reward} is for {tiers} members.", NOT_SAVED, _WITHOUT_REWARD),
    Code.REWARD_MEMBERS: Entry(
        "{reward} is for some members; this one is not among them.", NOT_SAVED, _WITHOUT_REWARD
    ),
    Code.REWARD_SHOP: Entry("{reward} is for other shops.", NOT_SAVED, _WITHOUT_REWARD),
    Code.REWARD_EARLY: Entry(
        "{reward} begins on {day}.", NOT_SAVED, "Complete the sale without it until that day."
    ),
    Code.REWARD_OVER: Entry("{reward} ended on {day}.", NOT_SAVED, _WITHOUT_REWARD),
    Code.REWARD_TIME: Entry(
        "{reward} is for other days or hours of the week.", NOT_SAVED, _WITHOUT_REWARD
    ),
    Code.REWARD_FIRST: Entry(
        "{reward} is for a member's first purchase.", NOT_SAVED, _WITHOUT_REWARD
    ),
    Code.REWARD_BIRTHDAY: Entry(
        "{reward} is for the days around the birthday.",
        NOT_SAVED,
        "Complete the sale without it; a birthday can be added to the member.",
    ),
    Code.REWARD_BASKET: Entry(
        "{reward} asks for more on this sale, or for other goods.",
        NOT_SAVED,
        "Add what the reward asks for, or complete the sale without it.",
    ),
    Code.REWARD_ITEMS: Entry(
        "{reward} needs {missing} more of its items on this sale.",
        NOT_SAVED,
        "Add the items, or complete the sale without the reward.",
    ),
    Code.REWARD_STOCK: Entry(
        "None of {reward} is left at this till.",
        NOT_SAVED,
        "Complete the sale without it; online the till asks for more.",
    ),
    Code.REWARD_MEMBER_STOCK: Entry(
        "{reward} was taken {limit} times, which is the most {period}.", NOT_SAVED, _WITHOUT_REWARD
    ),
    Code.REWARD_EXCLUSIVE: Entry(
        "{reward} goes with no other reward. Take one off.", NOT_SAVED, "Take a reward off."
    ),
    Code.REWARD_CHOICE: Entry(
        "Choose one for {reward}: {choices}.", NOT_SAVED, "Choose one of the things named."
    ),
    Code.REWARD_KEEP: Entry(
        "{reward} leaves at least {keep_points} points in the account.",
        NOT_SAVED,
        "Choose fewer points, or complete the sale without the reward.",
    ),
    Code.REWARD_ASKS_SERVER: Entry(
        "{reward} needs the server's yes, which did not come now.",
        NOT_SAVED,
        "Complete the sale without the reward, or try again when the line is back.",
    ),
    Code.STAMPS_SHORT: Entry(
        "{short_stamps} stamps short for {reward}.", NOT_SAVED, _WITHOUT_REWARD
    ),
    Code.VOUCHER_CHECK: Entry(
        "This voucher does not pass the check. Scan it once more.",
        UNTOUCHED,
        "Scan once more; if it stays, the voucher is damaged.",
    ),
    Code.VOUCHER_FOREIGN: Entry(
        "This voucher belongs to another program.", UNTOUCHED, _WITHOUT_VOUCHER
    ),
    Code.VOUCHER_FORGED: Entry(
        "This voucher is altered or not from our tills. Do not take it.",
        UNTOUCHED,
        "Complete the sale without it. A till that is new here is known after the next contact.",
    ),
    Code.VOUCHER_OVER: Entry("This voucher ended on {day}.", NOT_SAVED, _WITHOUT_VOUCHER),
    Code.VOUCHER_USED: Entry(
        "This voucher was used already, here on {day}.", NOT_SAVED, _WITHOUT_VOUCHER
    ),
    Code.VOUCHER_NO_MEMBER: Entry(
        "This voucher gives points. Scan the member's card first.", NOT_SAVED, "Scan the card."
    ),
    Code.VOUCHER_MAKE: Entry(
        "No vouchers were made: {wrong}.",
        NO_SALE,
        "Say how many, an amount or points above 0, and a last day that is yet to come.",
    ),
    Code.INVITATION_CHECK: Entry(
        "This invitation does not pass the check. Scan it once more.",
        UNTOUCHED,
        "Scan once more, or enroll without it.",
    ),
    Code.INVITATION_FOREIGN: Entry(
        "This invitation belongs to another program.", UNTOUCHED, "Enroll without it."
    ),
}
