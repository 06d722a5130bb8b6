"""The owner's list in the window: read it, look at an item, choose. Never on the sale's way."""

from pos_loyalty.services.attention import AttentionItem, AttentionList, ItemSettled
from pos_loyalty.ui.presenters import strips
from pos_loyalty.ui.presenters.counter_state import CounterState, Mode
from pos_loyalty.ui.presenters.desk import Desk


class AttentionFlow:
    """Opens an item and settles it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @property
    def _state(self) -> CounterState:
        return self._desk.state

    def count(self) -> None:
        """Read how many items are open; while the list is on screen, all of it."""
        services = self._desk.services
        if self._state.mode in {Mode.ATTENTION, Mode.ATTENTION_ITEM}:
            self.read()
        else:
            self._desk.run(services.attention_count, self._counted)

    def read(self) -> None:
        """Read the list."""
        self._desk.run(self._desk.services.attention, self._listed)

    def open_item(self, key: str) -> None:
        """Look at an item; whoever presses twice must not have chosen by that."""
        self._state.attention.item = key
        self._state.mode = Mode.ATTENTION_ITEM
        self._state.selected = 0
        self._desk.be_deaf(until_typed=False)

    def back(self) -> None:
        """Go back from an item to the list, to the line that it has there."""
        attention = self._state.attention
        keys = [item.item for item in attention.items]
        self._state.mode = Mode.ATTENTION
        self._state.selected = keys.index(attention.item) if attention.item in keys else 0

    def choose(self, choice: str) -> None:
        """Settle the item on screen."""
        item = self._state.attention.shown
        if item is None or item.chosen is not None or self._desk.is_deaf:
            return
        services, key = self._desk.services, item.item
        self._desk.begin_saving()
        self._desk.run(lambda: services.settle_item(key, choice), self._settled, self._not_settled)

    def _settled(self, done: ItemSettled) -> None:
        attention = self._state.attention
        attention.items = tuple(
            done.item if item.item == done.item.item else item for item in attention.items
        )
        attention.open_count = max(0, attention.open_count - int(done.is_first))
        self.back()
        self._desk.say(strips.item_settled(done))
        self._desk.end_saving()
        self.read()

    def _not_settled(self, error: Exception) -> None:
        self._desk.end_saving()
        self._desk.refuse(error)

    def _counted(self, open_count: int) -> None:
        self._state.attention.open_count = open_count

    def _listed(self, listed: AttentionList) -> None:
        attention = self._state.attention
        attention.open_count = listed.open_count
        attention.items = _open_first(listed.items)


def _open_first(items: tuple[AttentionItem, ...]) -> tuple[AttentionItem, ...]:
    """Put what waits for a choice above what is settled; each part newest first."""
    return tuple(sorted(items, key=lambda item: item.chosen is not None))
