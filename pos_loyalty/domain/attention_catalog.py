"""Every kind of item on the owner's list: what happened, what it cost, what can be done.

One catalog for the window, the till without a window, the server's commands and the
settling itself: a choice that is not here cannot be made. Sentences have fields in
braces: ``till`` (who and where), ``points``, ``member`` (a name, where one is known) and
the facts of the item's detail. No personal data stands in an item.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_FACT: Final = re.compile(r"\b([a-z_]+)=([^\s;]+)")
_FIELD: Final = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to settle an item: a button's words, and in a line what follows from it.

    ``is_owners``: it frees points or allowance, so it is the owner's at the server. At a till
    a cashier could else take the allowance again and again.
    """

    id: str
    label: str
    consequence: str
    is_owners: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of item: a title, what happened, what it cost, and the choices, the safe one first.

    ``cost`` is empty where it costs nothing; it is only shown with points, and with their
    worth in money where somebody loses them.
    """

    title: str
    happened: str
    cost: str = ""
    is_loss: bool = False
    choices: tuple[Choice, ...]


SEEN: Final = Choice("seen", "Seen", "Nothing changes; the item leaves the list.")
_COUNTED: Final = "{points} points were counted as the till said."

KINDS: Final[Mapping[str, Kind]] = {
    "fork": Kind(
        title="A till existed twice",
        happened=(
            "The data of {till} was restored or copied, and both copies sold. The till began a"
            " new journal. What only one copy had is carried over under its own item."
        ),
        choices=(SEEN,),
    ),
    "carried_over": Kind(
        title="Sales were carried over",
        happened=(
            "{till} began a new journal and brought {events} events along that were not here yet."
        ),
        cost="They moved {points} points.",
        choices=(SEEN,),
    ),
    "till_twice": Kind(
        title="A till may exist twice",
        happened=(
            "{till} answered with an old word. Its folder may have been copied or restored."
            " Everything counted once. Make sure that the till runs on one PC only."
        ),
        choices=(SEEN,),
    ),
    "restored": Kind(
        title="These books were restored",
        happened=(
            "{till} knew more than these books: they come from a backup. All tills send again"
            " what is missing, and nothing is granted until each has reported."
        ),
        choices=(SEEN,),
    ),
    "overdraft": Kind(
        title="More points used than this till had",
        happened=(
            "{till} gave {member} rewards for more points than it had a right to use. No till"
            " does that by itself: its disk may have been restored or copied."
        ),
        cost="{points} points are above its rights.",
        is_loss=True,
        choices=(
            Choice("ask", "Ask the member", "The balance stays; next points cover it."),
            Choice("seen", "Seen", "The balance stays, and nobody is asked."),
        ),
    ),
    "lending_missing": Kind(
        title="Lent points of which no lending was heard",
        happened=(
            "{till} gave {member} rewards for points that another till of its shop had lent it"
            " through the hub, and for a week nothing was heard of the lending. The hub's or the"
            " other till's data may be lost."
        ),
        cost="{points} points are above its rights.",
        choices=(
            Choice("ask", "Ask the member", "The balance stays; next points cover it."),
            Choice("seen", "Seen", "The balance stays, and nobody is asked."),
        ),
    ),
    "allowance_used": Kind(
        title="Points were used twice",
        happened=(
            "While {till} was offline, {member} used points there, within the allowance, that had"
            " been used elsewhere."
        ),
        cost="{points} points are not covered.",
        is_loss=True,
        choices=(
            Choice("ask", "Ask the member", "Next points cover it; till then it is risk."),
            Choice("accept", "Accept the loss", "The allowance is free again.", is_owners=True),
        ),
    ),
    "till_lost": Kind(
        title="A till was lost",
        happened=(
            "{till} will not come back. Its sales are here up to event {last}, heard at {heard}."
            " What it sold after that, from event {first} on, is missing."
        ),
        choices=(SEEN,),
    ),
    "rights_released": Kind(
        title="Points of a lost till were freed",
        happened="The owner freed what {till} could still spend when it was lost.",
        cost="{points} points can be used twice, should it come back.",
        is_loss=True,
        choices=(
            Choice("accept", "Accept the risk", "It no longer counts as risk.", is_owners=True),
        ),
    ),
    "rights_left": Kind(
        title="Points are reserved for an old journal",
        happened=(
            "{till} began a new journal. For the old one points stay reserved, as a copy of the"
            " old disk could still spend them."
        ),
        cost="{points} points cannot be used elsewhere.",
        choices=(
            Choice("keep", "Keep them reserved", "Nothing can be lost; nobody can use them."),
            Choice(
                "release",
                "Free them",
                "Usable again; an old copy could use them too.",
                is_owners=True,
            ),
        ),
    ),
    "allowance_written_off": Kind(
        title="An allowance was written off",
        happened="The owner no longer counts what {till} could still take when it was lost.",
        cost="It was {points} points.",
        choices=(SEEN,),
    ),
    "differs": Kind(
        title="A sale counted other points",
        happened=(
            "{till} counted a sale by rules that these books compute otherwise, as when the"
            " program changed while it was offline. The till's points count."
        ),
        cost="The difference is {points} points.",
        choices=(SEEN,),
    ),
    "quarantined": Kind(
        title="An event was set aside",
        happened=(
            "{till} sent something that cannot be counted: {reason}. Its bytes are kept, and"
            " everything after it counts."
        ),
        choices=(SEEN,),
    ),
    "refund_waits": Kind(
        title="A refund of a sale that is not here",
        happened=(
            "{till} refunded {refunded} of a sale that these books do not hold. It is counted when"
            " the sale comes. If it never does, the goods may be another merchant's."
        ),
        cost="{points} points wait with it.",
        choices=(SEEN,),
    ),
    "refund_above": Kind(
        title="More came back than was sold",
        happened=(
            "{till} refunded {refunded}. Of that {above} are above what was left of the sale, as"
            " when the same goods came back at two tills. The points of that part stay as they are."
        ),
        cost="{points} points were given back too often at the till.",
        is_loss=True,
        choices=(SEEN,),
    ),
    "refund_differs": Kind(
        title="A refund took back something else",
        happened=(
            "{till} took back {said_points} points and {said_stamps} stamps of a sale, as when it"
            " had not heard that goods of it came back elsewhere. {counted_points} points and"
            " {counted_stamps} stamps count."
        ),
        cost="The difference is {points} points.",
        choices=(SEEN,),
    ),
    "points_forgiven": Kind(
        title="Spent points were forgiven",
        happened=(
            "{till} took goods back from {member}, who had spent their points already. The program"
            " forgives them (already_spent is clamp)."
        ),
        cost="{points} points stay with the member for goods that came back.",
        is_loss=True,
        choices=(SEEN,),
    ),
    "move_left_debt": Kind(
        title="A sale moved away from points that were spent",
        happened=(
            "{till} moved a sale from {member}, who had spent points of it, to another member, who"
            " has them now."
        ),
        cost="{points} points are a debt that the next points of {member} repay.",
        choices=(SEEN,),
    ),
    "activity_above": Kind(
        title="An activity above its limit",
        happened=(
            "{till} recorded {activity} for {member}. The rules did not allow all of it"
            " ({because}): {counted} points count."
        ),
        cost="{points} points were not counted.",
        choices=(
            Choice("leave", "Leave it", "The points are not given."),
            Choice("give", "Give them", "The member gets the points all the same.", is_owners=True),
        ),
    ),
    "adjustment_above": Kind(
        title="More was to be taken than there was",
        happened=(
            "{till} wanted to take {asked} points from {member}. {taken} were there; an adjustment"
            " never goes below zero."
        ),
        cost="{points} points were not taken.",
        choices=(SEEN,),
    ),
    "voucher_twice": Kind(
        title="A voucher was used twice",
        happened=(
            "{till} took a voucher ({worth}) that had been used already, as when two tills were"
            " offline. The first use counts."
        ),
        cost="{points} points of the second use were not given.",
        choices=(SEEN,),
    ),
    "stamps_short": Kind(
        title="A stamp card was used twice",
        happened=(
            "{till} gave {member} the reward {reward} for a card of stamps ({stamp_card}) that had"
            " been used or taken back elsewhere: {short} stamps were missing. The sale stands, and"
            " the next stamps fill the card first."
        ),
        choices=(SEEN,),
    ),
    "tier_unknown": Kind(
        title="A tier that the program does not have",
        happened="{till} gave {member} the tier {tier}, which no version of the program has.",
        choices=(SEEN,),
    ),
    "cap_above": Kind(
        title="Tills together gave more than a cap allows",
        happened=(
            "{member} was at several tills that did not know of each other. Together they went"
            " {above} above the cap of the rule {rule}. Nothing is taken back."
        ),
        cost="{points} points are above the cap.",
        is_loss=True,
        choices=(SEEN,),
    ),
    "stock_above": Kind(
        title="A reward was given too often",
        happened=(
            "{till} gave the reward {reward} {above} more than its limit ({limit}) allows, as when"
            " tills did not know of each other."
        ),
        cost="It cost {points} points.",
        choices=(SEEN,),
    ),
    "unknown_card": Kind(
        title="A card that nobody issued",
        happened="{till} sold on a card that is in no batch. Its points wait until it is issued.",
        cost="{points} points wait on it.",
        choices=(SEEN,),
    ),
    "later": Kind(
        title="Waits for an update of the server",
        happened="{till} is newer than this server and sent an event that it has no rule for yet.",
        choices=(SEEN,),
    ),
    "judged": Kind(
        title="Counted after the update",
        happened="The server was updated and judged what had waited for it: {verdict}.",
        cost="It moved {points} points.",
        choices=(SEEN,),
    ),
    "card_taken": Kind(
        title="Two members, one card",
        happened=(
            "While {till} was offline, it gave {member} a card that {other} had by then."
            " The card stayed with the first; the other needs a new one, or this one."
        ),
        choices=(
            Choice("leave", "Leave it", "The card stays with the first member."),
            Choice("give", "Give it to this member", "From now on it earns for this member."),
        ),
    ),
    "card_twice": Kind(
        title="A card of two batches",
        happened="{till} issued a card that is in another batch already. The first batch holds.",
        choices=(SEEN,),
    ),
    "card_not_issued": Kind(
        title="Enrolled with a card that nobody issued",
        happened="{till} enrolled {member} with a card that is in no batch. The card works.",
        choices=(SEEN,),
    ),
    "card_window": Kind(
        title="A blocked card was used",
        happened=(
            "A card of {member} was paused or blocked. {till} had not heard of it and took the"
            " card once more."
        ),
        cost="{points} points were used.",
        is_loss=True,
        choices=(SEEN,),
    ),
    "same_phone": Kind(
        title="One phone, two members",
        happened=(
            "{member} and {other} have the same phone number, as when one person signed up at two"
            " shops that were offline, or a number has a new owner."
        ),
        cost="The younger account has {points} points.",
        choices=(
            Choice("apart", "Two people", "Both stay; this is not asked again."),
            Choice("merge", "One person", "Each card may then use all. Can be undone."),
        ),
    ),
    "merged": Kind(
        title="Two accounts became one",
        happened=(
            "At a till somebody said that two accounts with the same phone number are one"
            " person's. Each card may use the points of both now."
        ),
        cost="The younger account brought {points} points.",
        choices=(
            SEEN,
            Choice("unmerge", "Take it apart", "Both are as they were before."),
        ),
    ),
    "field_conflict": Kind(
        title="Two tills changed the same field",
        happened=(
            "{till} changed the {field} of {member} while another till had changed it already."
            " The one that arrived last stands."
        ),
        choices=(
            Choice("keep", "Keep it so", "The one that arrived last stands."),
            Choice("other", "Take the other", "The one that arrived first stands again."),
        ),
    ),
}
"""Kind to its words. A kind that is not here is shown as :data:`UNKNOWN`."""

UNKNOWN: Final = Kind(
    title="Something to look at", happened="{till}: {kind}. {detail}", choices=(SEEN,)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An item in plain words; ``cost`` is empty where it cost nothing."""

    title: str
    happened: str
    cost: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Who and where: names of till, shop and member, each empty where nobody is known."""

    till: str = ""
    shop: str = ""
    member: str = ""
    other: str = ""

    @property
    def full_name(self) -> str:
        """The till with its shop, as a sentence begins with it."""
        if not self.till:
            return "a till"
        return f"{self.till} in {self.shop}" if self.shop else self.till


def tell(kind: str, *, detail: str, where: Where, points: int, money: str = "") -> Told:
    """Return an item in plain words; ``money`` is what the points are worth, written out."""
    words = kind_of(kind)
    facts = facts_of(detail) | {
        "kind": kind.replace("_", " "),
        "detail": detail,
        "till": where.full_name,
        "member": where.member or "a member",
        "other": where.other or "another member",
        "points": f"{points:,}",
    }
    cost = sentence(words.cost, facts) if points else ""
    worth = f" At most {money} by the program." if cost and money and words.is_loss else ""
    return Told(title=words.title, happened=sentence(words.happened, facts), cost=f"{cost}{worth}")


def kind_of(kind: str) -> Kind:
    """Return the words of a kind; one of a newer server has words that always fit."""
    return KINDS.get(kind, UNKNOWN)


def choices_of(kind: str) -> tuple[str, ...]:
    """Return the ids of the choices of a kind."""
    return tuple(choice.id for choice in kind_of(kind).choices)


def till_choices_of(kind: str) -> tuple[str, ...]:
    """Return the ids of the choices that may be made at a till, too."""
    return tuple(choice.id for choice in kind_of(kind).choices if not choice.is_owners)


def owners_choices(kind: str) -> str:
    """Return the labels of the choices that are made at the server alone; empty without any."""
    return ", ".join(choice.label for choice in kind_of(kind).choices if choice.is_owners)


def choice_of(kind: str, choice: str) -> Choice:
    """Return a choice; one that this version does not know is shown by its id."""
    known = {each.id: each for each in kind_of(kind).choices}
    return known.get(choice, Choice(choice, choice.replace("_", " ").capitalize(), ""))


def other_member(detail: str) -> str:
    """Return the id of the other member of an item that is about two; empty where it is not."""
    facts = facts_of(detail)
    return facts.get("older") or facts.get("has") or ""


def facts_of(detail: str) -> dict[str, str]:
    """Read the facts ``name=value`` of an item's detail; a text without any is its reason."""
    facts = dict(_FACT.findall(detail))
    return facts or {"reason": detail}


def sentence(template: str, facts: Mapping[str, str]) -> str:
    """Fill a template; a field without a fact is passed over in silence."""
    text = " ".join(_FIELD.sub(lambda found: facts.get(found[1], ""), template).split())
    text = re.sub(r"\s+([.,:])", r"\1", text)
    return text[:1].upper() + text[1:]
