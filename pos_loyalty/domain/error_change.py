"""The catalog of what changes later: refunds, moves, activities, adjustments, granted tiers."""

from pos_loyalty.domain.error_code import Code
from pos_loyalty.domain.error_entry import NO_SALE, NOT_SAVED, Entry

_STANDS = "The sale stands as it was; nothing was written."

CHANGES: dict[Code, Entry] = {
    Code.FIELD_UNKNOWN: Entry(
        "The field {field} is not known.",
        NOT_SAVED,
        "Correct its name, or leave it out; docs/counter.md has the fields of each command.",
    ),
    Code.FIELD_SPELLING: Entry(
        "The field {field} is not known. Did you mean {known}?",
        NOT_SAVED,
        "Correct its name; docs/counter.md has the fields of each command.",
    ),
    Code.SALE_LINES: Entry(
        "The lines come to {lines_amount}, and the total is {total}.",
        NOT_SAVED,
        "Correct the lines or the total; together they are one sale.",
    ),
    Code.SALE_LINE: Entry(
        "Line {number} (index {line}) does not fit: {detail}.",
        NOT_SAVED,
        "Correct the line: at least one item, an amount, and a tax within it.",
    ),
    Code.SALE_PAYMENTS: Entry(
        "The payments come to more than the total.",
        NOT_SAVED,
        "Correct the payments; change that is handed back is no payment.",
    ),
    Code.SALE_TAX: Entry(
        "The tax is more than the total, or other than that of the lines.",
        NOT_SAVED,
        "Correct the tax; with lines, each says its own.",
    ),
    Code.POINTS_PENDING: Entry(
        "{pending_points} points of this member wait until {day}.",
        NOT_SAVED,
        "Complete the sale without the reward; the points can be used from that day on.",
    ),
    Code.POINTS_ENDED: Entry(
        "{ended_points} points of this member have ended.",
        NOT_SAVED,
        "Complete the sale without the reward; the owner may give points new life.",
    ),
    Code.UNDO_CHANGED: Entry(
        "This sale was refunded or moved since. Refund what is left of it.",
        _STANDS,
        "Refund what is left of the sale.",
    ),
    Code.CHANGE_ID: Entry(
        "This id belongs to something else already. Take a new one.",
        _STANDS,
        "Let each refund, move, activity and adjustment have an id of its own.",
    ),
    Code.CHANGE_ID_SHAPE: Entry(
        "The id of a change is 32 hexadecimal characters.",
        _STANDS,
        "Leave the id out, or correct it.",
    ),
    Code.REFUND_TOO_MUCH: Entry(
        "Only {left_amount} of this sale is left to refund.",
        _STANDS,
        "Refund what is left, or find the right sale.",
    ),
    Code.REFUND_NOTHING: Entry(
        "Nothing is left of this sale to refund.",
        _STANDS,
        "Look at the sale's history; goods of another sale are refunded there.",
    ),
    Code.REFUND_DISCOUNT: Entry(
        "A line of this sale is a discount: only {left_amount} is left to refund.",
        _STANDS,
        "Refund the lines with an amount each, together at most what is left of the sale.",
    ),
    Code.REFUND_LINE: Entry(
        "This sale has no line {number} (index {line}).",
        _STANDS,
        "Name lines of the sale; a refund counts them from 0, as `line_index` of `why` does.",
    ),
    Code.REFUND_LINE_LEFT: Entry(
        "Only {left_amount} of line {number} (index {line}) is left to refund.",
        _STANDS,
        "Refund what is left of the line.",
    ),
    Code.REFUND_LINE_GONE: Entry(
        "Nothing of line {number} (index {line}) is left to refund.",
        _STANDS,
        "Name another line, or find the right sale.",
    ),
    Code.REFUND_LINE_DISCOUNT: Entry(
        "Line {number} (index {line}) is a discount: it counts by itself as goods come back.",
        _STANDS,
        "Name the goods alone, with what is left of each.",
    ),
    Code.REFUND_ZERO: Entry(
        "What comes back is more than 0. Say how much.",
        _STANDS,
        "Say what comes back; of a sale that is known here, no amount is all that is left.",
    ),
    Code.REFUND_NEGATIVE: Entry(
        "What comes back is written without a minus.", _STANDS, "Leave the minus out."
    ),
    Code.REFUND_EITHER: Entry(
        "Say the amount or the lines that come back, not both.",
        _STANDS,
        "Leave one out; each line can have an amount of its own.",
    ),
    Code.REFUND_WHICH: Entry(
        "Say which sale: its sale_id, or the letters of its receipt.",
        _STANDS,
        "Send `sale_id` or `receipt`.",
    ),
    Code.REFUND_REVERSED: Entry(
        "This sale was undone already. Nothing is left to refund.",
        _STANDS,
        "Nothing: the points went back when the sale was undone.",
    ),
    Code.REFUND_NO_SALE: Entry(
        "Only a sale can be refunded. A refund is taken back by a new sale.",
        _STANDS,
        "Name a sale; what came back by mistake is sold again.",
    ),
    Code.REFUND_MEMBER: Entry(
        "This sale belongs to another member.",
        _STANDS,
        "Leave the member out, or find the right sale.",
    ),
    Code.REFUND_CLAIM: Entry(
        "This till does not know the sale. Say which amount comes back.",
        _STANDS,
        "Give the amount: the server works out the points once it has the sale.",
    ),
    Code.MOVE_NOTHING: Entry(
        "Nothing of this sale is left to move.",
        _STANDS,
        "Nothing: all of it came back, and its points went with it.",
    ),
    Code.MOVE_UNDONE: Entry(
        "This sale was undone already. Nothing of it is left to move.",
        _STANDS,
        "Nothing: the points went back when the sale was undone.",
    ),
    Code.MOVE_REWARDS: Entry(
        "A sale with rewards cannot be moved. Refund it and sell again.",
        _STANDS,
        "Refund the sale, then ring it up again for the right member.",
    ),
    Code.MOVE_CARD: Entry(
        "The points of this sale wait on its card. Enroll the card instead.",
        _STANDS,
        "Enroll the card's owner, or let the server know the card first.",
    ),
    Code.MOVE_SAME: Entry(
        "This sale is that member's already.", _STANDS, "Nothing, or choose another member."
    ),
    Code.MOVE_DAY: Entry(
        "A card can be added on the day of the sale only.",
        _STANDS,
        "An adjustment with a reason gives the points instead.",
    ),
    Code.ACTIVITY_UNKNOWN: Entry(
        "The program has no activity {activity}.", NO_SALE, "Choose one that the program names."
    ),
    Code.ACTIVITY_AUTOMATIC: Entry(
        "{activity} is counted by itself.", NO_SALE, "Nothing: the points come by themselves."
    ),
    Code.ACTIVITY_CAP: Entry(
        "{activity} gives this member nothing more for now: {reason}.",
        NO_SALE,
        "Record it again when the program allows more.",
    ),
    Code.SECOND_NAME: Entry(
        "This needs a second person's name.",
        NO_SALE,
        "Let somebody else than the cashier approve, by name.",
    ),
    Code.REASON_ABSENT: Entry(
        "Say in a few words why the points or the tier change.",
        NO_SALE,
        "Give a reason that the owner understands later.",
    ),
    Code.ADJUST_ZERO: Entry("0 points change nothing.", NO_SALE, "Give points above or below 0."),
    Code.ADJUST_BELOW: Entry(
        "Only {balance_points} points are there to take away.",
        NO_SALE,
        "Take away at most what the member has.",
    ),
    Code.POINTS_LONG: Entry(
        "So many points are never right: {limit} at most.", NO_SALE, "Check the number of points."
    ),
    Code.TIER_UNKNOWN: Entry(
        "The program has no tier {tier}.", NO_SALE, "Choose one that the program names."
    ),
    Code.TIER_NOT_SOLD: Entry(
        "The tier {tier} is not for sale.", NO_SALE, "Grant it with a reason and a second name."
    ),
    Code.TIER_UNTIL: Entry(
        "A granted tier ends on a day that is yet to come.",
        NO_SALE,
        "Give a last day after today, at most ten years from now.",
    ),
    Code.BIRTHDAY_SHAPE: Entry(
        "A birthday is a month and a day, as 05-31.", NO_SALE, "Type month and day with a dash."
    ),
}
