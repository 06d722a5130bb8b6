"""Left zone during a sign-up: the card, what it brings, and below it name and consent."""

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from pos_loyalty.ui.look import PANEL_RADIUS
from pos_loyalty.ui.presenters.counter_screen import Action, SignUpFields, SignUpPanel
from pos_loyalty.ui.theme import Theme, TypeRole
from pos_loyalty.ui.views.words import CounterWords
from pos_loyalty.ui.widgets.canvas import Canvas, placed
from pos_loyalty.ui.widgets.check_button import CheckButton
from pos_loyalty.ui.widgets.keypad_key import KeypadKey
from pos_loyalty.ui.widgets.painted import Painted, tell
from pos_loyalty.ui.widgets.text_field import TextField
from pos_loyalty.ui.widgets.text_painting import Align, fitted

_PADDING = 16
_FIELD = 56
_GAP = 10
_BENEFIT = 58
_CARD_SHARE = 0.52
_CARD_HEIGHT_MIN = 96


class SignUpPanelView(Painted):
    """A picture of the card, the benefits, the field for the first name and the consent."""

    name_edited = Signal(str)
    action_pressed = Signal(str)

    def __init__(self, theme: Theme, words: CounterWords, parent: QWidget | None = None) -> None:
        """Make the field and the two keys."""
        super().__init__(theme, parent)
        self._panel: SignUpPanel | None = None
        self.name = TextField(theme, icon="user", parent=self)
        self.name.keep_room_at_end(60)
        self.name.edited.connect(self.name_edited)
        self.letters = KeypadKey(theme, is_flat=True, parent=self)
        self.letters.show_face("", icon="keyboard", name=words.letters)
        self.letters.clicked.connect(lambda: self.action_pressed.emit(Action.LETTERS.value))
        self.consent = CheckButton(theme, self)
        self.consent.clicked.connect(lambda: self.action_pressed.emit(Action.CONSENT.value))

    def show_panel(self, panel: SignUpPanel, fields: SignUpFields | None) -> None:
        """Show the card, and the fields where the sign-up has come so far."""
        if panel != self._panel:
            self._panel = panel
            told = ". ".join(f"{title}: {below}" for _, title, below in panel.benefits)
            tell(self, name=f"{panel.card_note} {panel.card_hint}", description=told)
            self.update()
        for widget in (self.name, self.letters, self.consent):
            widget.setVisible(fields is not None)
        if fields is not None:
            self.name.show_text(fields.name_text, placeholder=fields.name_placeholder)
            self.consent.show_check(fields.consent_label, ticked=fields.consent, key="F5")

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the fields to the bottom."""
        super().resizeEvent(event)
        px = self.theme.px
        width = self.width() - px(2 * _PADDING)
        consent_top = self.height() - px(_PADDING + _FIELD)
        name_top = consent_top - px(_GAP + _FIELD)
        self.name.setGeometry(placed(self, QRectF(px(_PADDING), name_top, width, px(_FIELD))))
        letters = QRectF(px(_PADDING) + width - px(52), name_top + px(4), px(48), px(48))
        self.letters.setGeometry(placed(self, letters))
        self.letters.raise_()
        consent = QRectF(px(_PADDING), consent_top, width, px(_FIELD))
        self.consent.setGeometry(placed(self, consent))

    def paint(self, canvas: Canvas) -> None:
        """Paint card and benefits."""
        canvas.fill(canvas.area, "surface", radius=PANEL_RADIUS)
        panel = self._panel
        if panel is None:
            return
        px, area = canvas.px, canvas.area
        left, width = px(_PADDING), area.width() - px(2 * _PADDING)
        bottom = area.height() - px(_PADDING + 2 * _FIELD + _GAP + 14)
        benefits_height = px(_BENEFIT) * len(panel.benefits)
        room = bottom - px(_PADDING) - benefits_height - px(12)
        height = min(max(room, px(_CARD_HEIGHT_MIN)), width * _CARD_SHARE)
        card = QRectF(left, px(_PADDING), width, height)
        self._paint_card(canvas, card, panel)
        spare = max(bottom - card.bottom() - px(12) - benefits_height, 0.0)
        top = card.bottom() + px(12) + min(spare / 2, px(20))
        for number, (icon, title, below) in enumerate(panel.benefits):
            y = top + number * px(_BENEFIT)
            if y + px(_BENEFIT) > bottom + px(6):
                break
            self._paint_benefit(canvas, y, icon, title, below)

    def _paint_card(self, canvas: Canvas, card: QRectF, panel: SignUpPanel) -> None:
        px = canvas.px
        canvas.fill(card, "primary", radius=PANEL_RADIUS)
        inner = card.adjusted(px(20), px(14), -px(20), -px(12))
        head = QRectF(inner.left(), inner.top(), inner.width(), px(32))
        shop = fitted(
            panel.shop_name, self.theme, TypeRole.BUTTON, head.width(), sizes=(22, 20, 18)
        )
        canvas.lines(head, shop, "on_primary")
        foot = QRectF(inner.left(), inner.bottom() - px(30), inner.width(), px(30))
        half = foot.width() * 0.6
        hint = QRectF(foot.left(), foot.top(), half, foot.height())
        canvas.line(hint, panel.card_hint, self.theme.font(TypeRole.BUTTON, px=20), "on_primary")
        note = QRectF(foot.left() + half, foot.top(), foot.width() - half, foot.height())
        text = fitted(
            panel.card_note, self.theme, TypeRole.BUTTON, note.width(), sizes=(18, 16, 14)
        )
        canvas.lines(note, text, "on_primary", align=Align.TRAILING)

    def _paint_benefit(self, canvas: Canvas, top: float, icon: str, title: str, below: str) -> None:
        px = canvas.px
        side = px(26)
        canvas.icon(QRectF(px(_PADDING + 8), top + px(14), side, side), icon, "primary")
        left = px(_PADDING + 8) + side + px(14)
        width = canvas.area.width() - left - px(_PADDING)
        head = fitted(title, self.theme, TypeRole.BODY_STRONG, width, sizes=(17, 16, 15))
        line = fitted(below, self.theme, TypeRole.BODY, width, sizes=(17, 16, 15, 14), lines_max=2)
        # Two small lines take the room between the rows.
        is_tight = len(line.lines) > 1
        head_top = top + px(-1 if is_tight else 4)
        canvas.lines(QRectF(left, head_top, width, px(24)), head, "text")
        line_box = QRectF(left, head_top + px(23), width, px(38 if is_tight else 26))
        canvas.lines(line_box, line, "text2")
