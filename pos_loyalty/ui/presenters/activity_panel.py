"""The list of what gives points beside a purchase, and the page of the second name."""

from typing import Final

from pos_loyalty.domain.earning_rule import ActivityRule, Approval
from pos_loyalty.ui.presenters.counter_screen import ListPanel, ListRow
from pos_loyalty.ui.presenters.counter_state import CounterState
from pos_loyalty.ui.presenters.formatting import full_name, signed_points

TITLE: Final = "Points for something else"


def given_by_hand(state: CounterState) -> tuple[ActivityRule, ...]:
    """Return the activities that somebody at a till may record."""
    rules = state.program.activities if state.program else ()
    return tuple(rule for rule in rules if rule.approval is not Approval.AUTOMATIC)


def rule_of(state: CounterState, activity: str) -> ActivityRule | None:
    """Return an activity by its id."""
    return next((rule for rule in given_by_hand(state) if rule.id == activity), None)


def activity_list(state: CounterState) -> ListPanel:
    """Return the activities for the member on the sale."""
    member = state.draft.member
    if member is None:
        return ListPanel(TITLE, (), empty="Scan the member's card first.")
    rows = tuple(
        ListRow(
            key=rule.id,
            title=rule.name,
            detail="needs a second name" if rule.approval is Approval.OWNER else "",
            trailing=signed_points(rule.points),
            icon="star",
            selected=place == state.selected,
        )
        for place, rule in enumerate(given_by_hand(state))
    )
    note = f"For {full_name(member.name, card_hint=member.card_hint)}."
    return ListPanel(TITLE, rows, empty="This program gives points for purchases only.", note=note)


def second_name_panel(state: CounterState) -> ListPanel:
    """Return what the second person approves."""
    rule = rule_of(state, state.activity.activity)
    member = state.draft.member
    if rule is None or member is None:
        return ListPanel(TITLE, (), empty="Scan the member's card first.")
    who = full_name(member.name, card_hint=member.card_hint)
    rows = (ListRow("", rule.name, trailing=signed_points(rule.points)),)
    note = f"{who} gets these points if a second person agrees. Both names are kept."
    return ListPanel(TITLE, rows, note=note, is_steps=True)
