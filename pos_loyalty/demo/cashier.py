"""Plays errands at the real window: scans, types, presses, and writes down what the screen says."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pos_loyalty.demo.day_plan import Errand, Task
from pos_loyalty.demo.demo_camera import DemoCamera, Photographer
from pos_loyalty.demo.folder import DemoFailed, SampleCard
from pos_loyalty.demo.hands import Hands
from pos_loyalty.demo.screen import Screen

_READ_SECONDS: Final = 0.7
"""So long a card is held still before it is turned a little."""
_TURNS_MAX: Final = 40
_BETWEEN_COMMITS_SECONDS: Final = 0.65
"""Nobody is faster, and the window takes nothing that comes faster for a second sale."""
_TYPED_AT_ONCE_MAX: Final = 7
"""More signs at once, that fast, are a hand scanner's."""
_IMPATIENT_PRESSES: Final = 5


class AnswerList:
    """The list of what the screen answered, as the checker of the books reads it."""

    def __init__(self, path: Path, till: str) -> None:
        self._path = path
        self._till = till

    def note(self, answer: str, **fields: object) -> None:
        """Add an answer; it is on disk before anything else happens."""
        line = json.dumps({"answer": answer, "till": self._till, **fields}, ensure_ascii=False)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


class Cashier:
    """Somebody who knows the counter well. ``is_offline`` is only noted, never acted upon."""

    def __init__(
        self,
        screen: Screen,
        hands: Hands,
        camera: DemoCamera,
        photographer: Photographer,
        answers: AnswerList,
    ) -> None:
        self.is_offline = False
        self.scans = 0
        self._screen = screen
        self._hands = hands
        self._camera = camera
        self._photographer = photographer
        self._answers = answers
        self._committed_at = 0.0
        self._amounts = 0
        self._searches = 0
        self._errands: dict[Errand, Callable[[Task], None]] = {
            Errand.SALE: self._sale,
            Errand.AMOUNT_FIRST: self._amount_first,
            Errand.IMPATIENT: self._impatient,
            Errand.UNDONE: self._undone,
            Errand.REWARD: self._reward,
            Errand.SIGN_UP_PHONE: self._sign_up,
            Errand.SIGN_UP_NAME: self._sign_up,
            Errand.NO_CARD: self._no_card,
            Errand.BY_NAME: self._by_name,
            Errand.BY_NUMBER: self._by_number,
            Errand.FOREIGN_CARD: self._foreign_card,
            Errand.WRONG_NUMBER: self._wrong_number,
            Errand.PRODUCT: self._product,
            Errand.LOOK: self._look,
        }

    def do(self, task: Task) -> None:
        """Do one errand, from whatever the last one left on screen.

        Raises:
            DemoFailed: the screen did not say what it had to.
        """
        try:
            self._errands[task.errand](task)
        except DemoFailed as error:
            raise DemoFailed(f"During the errand '{task.errand.value}': {error}") from error

    # --- errands

    def _sale(self, task: Task) -> None:
        self._scan_member(task.card)
        self._amount(task.total)
        self._complete()
        self._note_sale(number=task.card.number)

    def _amount_first(self, task: Task) -> None:
        self._amount(task.total)
        self._scan_member(task.card)
        self._complete()
        self._note_sale(number=task.card.number)

    def _impatient(self, task: Task) -> None:
        self._scan_member(task.card)
        self._amount(task.total)
        self._complete(presses=_IMPATIENT_PRESSES)
        self._note_sale(number=task.card.number)

    def _undone(self, task: Task) -> None:
        self._sale(task)
        total = self._screen.total
        self._hands.press("F8")
        self._wait_strip("Undone.")
        self._committed_at = time.monotonic()
        balance = self._screen.points_on_strip
        self._answers.note("undo", total=total, number=task.card.number, balance=balance)

    def _reward(self, task: Task) -> None:
        self._scan_member(task.card)
        self._amount(task.total)
        reward = self._screen.ready_reward()
        if reward is None:
            raise DemoFailed(f"{task.card.name} has no reward on screen: {self._screen.strip}")
        self._hands.tap(reward)
        self._hands.wait_for(lambda: "Press Enter to give it." in self._screen.strip, "a reward")
        self._complete()
        self._note_sale(number=task.card.number)
        if not self._screen.saved.redeemed:
            raise DemoFailed(f"The reward was not given: {self._screen.strip}")

    def _sign_up(self, task: Task) -> None:
        self._scan(task.card)
        self._hands.wait_for(lambda: self._screen.is_sign_up_open, "a sign-up")
        if task.errand is Errand.SIGN_UP_NAME:
            self._hands.type(task.text)
            self._hands.wait_for(lambda: self._screen.name_typed == task.text, "the name")
        else:
            for digit in task.text:
                self._hands.tap(self._screen.keypad_key(digit))
            self._hands.wait_for(lambda: self._screen.amount == task.text, "the phone number")
        self._commit("points. Type the amount.")
        shown = self._screen.member
        balance = shown.balance if shown else 0
        self._answers.note("enroll", number=task.card.number, balance=balance)
        self._amount(task.total)
        self._complete()
        self._note_sale(number=task.card.number)

    def _no_card(self, task: Task) -> None:
        self._amount(task.total)
        self._rest()
        self._hands.press("F6")
        self._wait_strip("Saved. This sale is without a card.")
        self._committed_at = time.monotonic()
        self._note_sale()

    def _by_name(self, task: Task) -> None:
        name = task.card.name
        self._open_search()
        self._type_search(name[:_TYPED_AT_ONCE_MAX])
        self._hands.wait_for(lambda: self._row_of(name) is not None, f"{name} in the list")
        place = self._row_of(name)
        for _ in range(place or 0):
            self._hands.press("Down")
        self._enter()
        self._ensure_member(name)
        self._amount(task.total)
        self._complete()
        self._note_sale(name=name)

    def _by_number(self, task: Task) -> None:
        self._open_search()
        self._type_search(task.card.number)
        self._enter()
        self._ensure_member(task.card.name)
        self._amount(task.total)
        self._complete()
        self._note_sale(number=task.card.number)

    def _foreign_card(self, task: Task) -> None:
        self._scan(task.card)
        self._wait_strip("This card belongs to another program.")
        self._leave()

    def _wrong_number(self, task: Task) -> None:
        number = task.card.number
        wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
        self._open_search()
        self._type_search(wrong)
        before = self._screen.strip
        self._enter()
        self._hands.wait_for(lambda: self._screen.strip != before, "a word on a wrong number")
        if self._screen.member is not None:
            raise DemoFailed(f"A wrong number found {self._screen.member.name}")
        self._leave()

    def _product(self, task: Task) -> None:
        self._hands.type(task.text)
        self._hands.press("Enter")
        self._wait_strip("That is a product")

    def _look(self, task: Task) -> None:
        self._scan_member(task.card)
        shown = self._screen.member
        balance = shown.balance if shown else 0
        self._answers.note("member", number=task.card.number, balance=balance)
        self._leave()

    # --- what errands are made of

    def _scan_member(self, card: SampleCard) -> None:
        self._scan(card)
        self._ensure_member(card.name)

    def _scan(self, card: SampleCard) -> None:
        """Switch the camera on and hold the card to it, turned a little until it is read."""
        self._open_search()
        button = self._screen.list_button("Camera")
        times_on = self._camera.times_on
        if button is not None:
            self._hands.tap(button)
        self._hands.wait_for(lambda: self._screen.is_camera_open, "the camera's picture")
        self._hands.wait_for(lambda: self._camera.times_on > times_on, "the camera")
        waiting = self._screen.strip
        frame = self._photographer.next_frame(card)
        for _ in range(_TURNS_MAX):
            self._camera.show(frame)
            if self._hands.wait_at_most(_READ_SECONDS, lambda: self._screen.strip != waiting):
                self.scans += 1
                return
            frame = self._photographer.another_frame(card)
        raise DemoFailed(f"The camera does not read card {card.number}")

    def _ensure_member(self, name: str) -> None:
        self._hands.wait_for(lambda: self._screen.member is not None, f"{name} on the sale")
        shown = self._screen.member
        if shown is None or shown.name != name:
            raise DemoFailed(f"The card of {name} brought {shown.name if shown else 'nobody'}")

    def _amount(self, total: int) -> None:
        """Type an amount: on the keyboard and on the keypad by turns."""
        self._amounts += 1
        if self._amounts % 2:
            self._hands.type(str(total))
        else:
            for digit in str(total):
                self._hands.tap(self._screen.keypad_key(digit))
        self._hands.wait_for(lambda: self._screen.total == total, f"the amount {total}")

    def _complete(self, *, presses: int = 1) -> None:
        self._commit("Saved.", presses=presses)

    def _commit(self, answer: str, *, presses: int = 1) -> None:
        """Press Enter, or tap the big button, and wait for what the strip answers."""
        self._rest()
        self._hands.wait_for(self._screen.primary().isEnabled, "the big button")
        if presses == 1 and self._amounts % 2:
            self._hands.tap(self._screen.primary())
        else:
            for _ in range(presses):
                self._hands.press("Enter")
        self._hands.wait_for(lambda: answer in self._screen.strip, f"'{answer}'")
        self._committed_at = time.monotonic()

    def _enter(self) -> None:
        """Press Enter, no sooner after the last time than a person would."""
        self._rest()
        self._hands.press("Enter")
        self._committed_at = time.monotonic()

    def _rest(self) -> None:
        """Let the moment pass in which a second press would be the same press."""
        left = self._committed_at + _BETWEEN_COMMITS_SECONDS - time.monotonic()
        self._hands.wait_at_most(max(0.0, left), lambda: False)

    def _open_search(self) -> None:
        """Open the search: by key and by tap in turns."""
        self._searches += 1
        if self._searches % 2:
            self._hands.press("F3")
        else:
            self._hands.tap(self._screen.bottom_button("Find"))
        self._hands.wait_for(lambda: self._screen.list_button("Camera") is not None, "the search")

    def _type_search(self, text: str) -> None:
        for end in range(_TYPED_AT_ONCE_MAX, len(text) + _TYPED_AT_ONCE_MAX, _TYPED_AT_ONCE_MAX):
            self._hands.type(text[end - _TYPED_AT_ONCE_MAX : end])
            typed = text[:end]
            self._hands.wait_for(lambda typed=typed: self._screen.search_typed == typed, "search")

    def _row_of(self, name: str) -> int | None:
        rows = self._screen.found
        return next((place for place, row in enumerate(rows) if row.startswith(name)), None)

    def _leave(self) -> None:
        """Step back until the counter is idle."""
        for _ in range(_TYPED_AT_ONCE_MAX):
            if self._screen.strip.startswith("Ready."):
                return
            before = self._screen.strip
            self._hands.press("Esc")
            self._hands.wait_for(lambda before=before: self._screen.strip != before, "a step back")
        raise DemoFailed(f"The counter does not become idle: {self._screen.strip}")

    def _wait_strip(self, start: str) -> None:
        self._hands.wait_for(lambda: self._screen.strip.startswith(start), f"'{start}'")

    def _note_sale(self, **whose: str) -> None:
        """Write down what the screen says of the sale just saved."""
        saved, shown = self._screen.saved, self._screen.member
        balance = {"balance": shown.balance} if shown is not None and whose else {}
        self._answers.note(
            "sale",
            total=self._screen.total,
            earned=saved.earned,
            redeemed=saved.redeemed,
            offline=self.is_offline,
            **whose,
            **balance,
        )
