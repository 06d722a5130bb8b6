"""The words of the first picture, which the screens after it go on showing."""

from typing import Final

OPENING: Final = "One moment: the till is opening."
AMOUNT_TITLE: Final = "Sale amount"
AMOUNT: Final = "0.00"
COMPLETE: Final = "Complete sale"
