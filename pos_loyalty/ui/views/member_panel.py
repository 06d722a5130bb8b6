"""Left zone while a member is on the sale: who, how many points, and what is ready to use."""

from dataclasses import dataclass

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from pos_loyalty.ui.look import PANEL_RADIUS
from pos_loyalty.ui.presenters.counter_screen import MemberPanel
from pos_loyalty.ui.theme import Theme, TypeRole
from pos_loyalty.ui.views.words import CounterWords
from pos_loyalty.ui.widgets.canvas import Canvas, placed
from pos_loyalty.ui.widgets.member_parts import Avatar, ProgressBar, TierPill
from pos_loyalty.ui.widgets.painted import Painted, tell
from pos_loyalty.ui.widgets.reward_button import HEIGHT as REWARD_HEIGHT
from pos_loyalty.ui.widgets.reward_button import RewardKey
from pos_loyalty.ui.widgets.text_painting import (
    Align,
    Fitted,
    cap_height,
    fitted,
    text_width,
    wrapped,
)

_PADDING = 16
_HEAD = 60
_NOTE = 22
_NOTE_LINES = 3
_POINTS = 54
_BAR = 16
_NEXT = 28
_STAMPS = 28
_STAMP_BAR = 12
_STAMP_BAR_SHARE = 0.42
_REWARDS_TITLE = 30
_REWARD_GAP = 8
_COACHING = 62
_COACHING_LINES = 2
_HEIGHT_TIGHT = 512
_AIR_MAX = 6
_REWARDS_BEFORE_COACHING = 2


@dataclass(frozen=True)
class _Places:
    """Where the parts stand, top edges in pixels; a part that found no room is None."""

    note: float
    points: float
    bar: float
    next_line: float
    stamps: float
    rewards_title: float
    rewards: float
    rewards_shown: int
    coaching: float | None


class MemberPanelView(Painted):
    """Paints the texts; the parts with a life of their own are widgets."""

    reward_pressed = Signal(int)

    def __init__(self, theme: Theme, words: CounterWords, parent: QWidget | None = None) -> None:
        """Make the parts; rewards are made when they are needed."""
        super().__init__(theme, parent)
        self._words = words
        self._panel: MemberPanel | None = None
        self._avatar = Avatar(theme, self)
        self._tier = TierPill(theme, self)
        self._bar = ProgressBar(theme, self)
        self._stamp_bars: list[ProgressBar] = []
        self.rewards: list[RewardKey] = []

    def show_panel(self, panel: MemberPanel) -> bool:
        """Show a member; return whether there are new rewards for the tab order."""
        if panel == self._panel:
            return False
        self._panel = panel
        self._avatar.show_initials(panel.initials, tier_id=panel.tier.id)
        self._tier.show_tier(panel.tier)
        if panel.progress is not None:
            self._bar.show_progress(panel.progress)
            tell(self._bar, name=f"{self._words.progress}: {panel.next_label} {panel.next_missing}")
        self._show_stamps(panel)
        count_before = len(self.rewards)
        while len(self.rewards) < len(panel.rewards):
            key = RewardKey(self.theme, self)
            key.clicked.connect(lambda _checked=False, key=key: self._pressed(key))
            self.rewards.append(key)
        for key, reward in zip(self.rewards, panel.rewards, strict=False):
            key.show_reward(reward)
        told = (panel.tier.name, panel.card_hint, f"{panel.points} {panel.points_word}", panel.gain)
        stamps = (each.text for each in panel.stamps)
        rest = (panel.as_of, panel.spendable_note, panel.dates, *stamps, panel.coaching)
        tell(self, name=panel.name, description=". ".join(each for each in told + rest if each))
        self._arrange()
        self.update()
        return len(self.rewards) > count_before

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Place the parts anew."""
        super().resizeEvent(event)
        self._arrange()

    def paint(self, canvas: Canvas) -> None:
        """Paint the panel's texts."""
        canvas.fill(canvas.area, "surface", radius=PANEL_RADIUS)
        panel = self._panel
        if panel is None:
            return
        places = self._places(panel)
        self._paint_head(canvas, panel)
        for number, (note, ink) in enumerate(self._notes(panel)):
            box = self._row(places.note + number * canvas.px(_NOTE), _NOTE)
            canvas.lines(box, note, ink)
        self._paint_points(canvas, panel, self._row(places.points, _POINTS))
        if panel.next_label or panel.next_missing:
            self._paint_pair(
                canvas, self._row(places.next_line, _NEXT), panel.next_label, panel.next_missing
            )
        self._paint_stamps(canvas, panel, places.stamps)
        title = self._row(places.rewards_title, _REWARDS_TITLE)
        canvas.line(title, panel.rewards_title, self.theme.font(TypeRole.LABEL), "text2")
        if not panel.rewards and panel.rewards_empty:
            self._paint_empty(canvas, self._row(places.rewards, REWARD_HEIGHT), panel.rewards_empty)
        if places.coaching is not None:
            self._paint_coaching(canvas, self._row(places.coaching, _COACHING), panel.coaching)

    def _notes(self, panel: MemberPanel) -> list[tuple[Fitted, str]]:
        """Return, line by line, how old the balance is, what may be used of it here and when."""
        width = self.width() - self.theme.px(2 * _PADDING)
        lines: list[tuple[Fitted, str]] = []
        notes = ((panel.as_of, "warn"), (panel.spendable_note, "warn"), (panel.dates, "text2"))
        for note, ink in notes:
            text = fitted(
                note, self.theme, TypeRole.NOTE, width, sizes=(15, 14), lines_max=_NOTE_LINES
            )
            lines += [(Fitted(text.font, (line,)), ink) for line in text.lines if line]
        return lines

    def _row(self, top: float, designed_height: float) -> QRectF:
        px = self.theme.px
        return QRectF(px(_PADDING), top, self.width() - px(2 * _PADDING), px(designed_height))

    def _paint_head(self, canvas: Canvas, panel: MemberPanel) -> None:
        px = canvas.px
        left = px(_PADDING + _HEAD + 12)
        room = canvas.area.width() - left - px(_PADDING)
        name = fitted(panel.name, self.theme, TypeRole.NAME, room, sizes=(26, 24, 22, 20))
        canvas.lines(QRectF(left, px(_PADDING - 2), room, px(34)), name, "text")
        after = left + (self._tier.width() + px(10) if panel.tier.name else 0)
        hint = QRectF(after, px(_PADDING + 34), canvas.area.width() - after - px(_PADDING), px(28))
        canvas.line(hint, panel.card_hint, self.theme.font(TypeRole.NOTE), "text2")

    def _paint_points(self, canvas: Canvas, panel: MemberPanel, box: QRectF) -> None:
        gain_font = self.theme.font(TypeRole.PRIMARY)
        gain_width = text_width(panel.gain, gain_font) if panel.gain else 0.0
        room = box.width() - gain_width - canvas.px(12)
        points = fitted(panel.points, self.theme, TypeRole.POINTS, room, sizes=(44, 38, 32, 26))
        canvas.lines(box, points, "accent_text")
        left = box.left() + text_width(points.lines[0] if points.lines else "", points.font)
        left += canvas.px(10)
        # The word stands on the line of the figures, not in the middle of their height.
        font = self.theme.font(TypeRole.BODY, px=18)
        lower = (cap_height(points.font) - cap_height(font)) / 2
        word = QRectF(left, box.top() + lower, box.left() + room - left, box.height())
        canvas.line(word, panel.points_word, font, "text2")
        if panel.gain:
            gain = QRectF(box.right() - gain_width, box.top(), gain_width, box.height())
            canvas.line(gain, panel.gain, gain_font, "ok", align=Align.TRAILING)

    def _paint_pair(self, canvas: Canvas, box: QRectF, leading: str, trailing: str) -> None:
        font = self.theme.font(TypeRole.BODY)
        width = min(text_width(trailing, font), box.width() * 0.5) if trailing else 0.0
        end = QRectF(box.right() - width, box.top(), width, box.height())
        canvas.line(end, trailing, font, "text2", align=Align.TRAILING)
        start = QRectF(box.left(), box.top(), end.left() - canvas.px(10) - box.left(), box.height())
        text = fitted(leading, self.theme, TypeRole.BODY_STRONG, start.width(), sizes=(17, 16, 15))
        canvas.lines(start, text, "text")

    def _show_stamps(self, panel: MemberPanel) -> None:
        while len(self._stamp_bars) < len(panel.stamps):
            self._stamp_bars.append(ProgressBar(self.theme, self))
        for bar, stamps in zip(self._stamp_bars, panel.stamps, strict=False):
            bar.show_progress(stamps.progress)
            tell(bar, name=f"{self._words.progress}: {stamps.text}")

    def _paint_stamps(self, canvas: Canvas, panel: MemberPanel, top: float) -> None:
        """Paint what is on each stamp card; its bar stands at the end of the line."""
        for place, stamps in enumerate(panel.stamps):
            row = self._row(top + place * canvas.px(_STAMPS), _STAMPS)
            room = row.width() * (1 - _STAMP_BAR_SHARE) - canvas.px(10)
            text = fitted(stamps.text, self.theme, TypeRole.BODY_STRONG, room, sizes=(16, 15, 14))
            canvas.lines(QRectF(row.left(), row.top(), room, row.height()), text, "text")

    def _paint_empty(self, canvas: Canvas, box: QRectF, text: str) -> None:
        px = canvas.px
        canvas.fill(box, "surface2")
        side = px(22)
        canvas.icon(
            QRectF(box.left() + px(15), box.center().y() - side / 2, side, side), "gift", "text2"
        )
        left = box.left() + px(15) + side + px(11)
        room = QRectF(left, box.top(), box.right() - px(12) - left, box.height())
        shown = fitted(text, self.theme, TypeRole.BODY, room.width(), sizes=(17, 16), lines_max=2)
        canvas.lines(room, shown, "text2")

    def _paint_coaching(self, canvas: Canvas, box: QRectF, text: str) -> None:
        canvas.fill(box, "primary_soft")
        room = box.adjusted(canvas.px(12), 0, -canvas.px(12), 0)
        shown = Fitted(self.theme.font(TypeRole.BODY), ())
        for size in (17, 16, 15, 14):
            font = self.theme.font(TypeRole.BODY, px=size)
            shown = Fitted(font, wrapped(text, font, room.width(), lines_max=_COACHING_LINES))
            if "".join(shown.lines).replace(" ", "") == text.replace(" ", ""):
                break
        canvas.lines(room, shown, "on_primary_soft")

    def _places(self, panel: MemberPanel) -> _Places:
        """Return where the parts stand; what finds no room is left out from the bottom up."""
        px = self.theme.px
        air = self._air()
        note = px(_PADDING + _HEAD + 8) + air
        # The line for "as of" is kept free, so that going offline moves nothing.
        points = note + px(_NOTE) * max(len(self._notes(panel)), 1)
        bar = points + px(_POINTS + 4) + air
        next_line = bar + (px(_BAR + 6) if panel.progress is not None else 0)
        has_next = panel.next_label or panel.next_missing or not panel.stamps
        stamps = next_line + (px(_NEXT) if has_next else 0)
        rewards_title = stamps + px(_STAMPS) * len(panel.stamps) + 2 * air
        rewards = rewards_title + px(_REWARDS_TITLE) + air
        bottom = self.height() - px(_PADDING)
        step = px(REWARD_HEIGHT + _REWARD_GAP)
        wanted = max(len(panel.rewards), 1)
        coaching = bottom - px(_COACHING) if panel.coaching else None
        above = min(wanted, _REWARDS_BEFORE_COACHING)
        if coaching is not None and rewards + wanted * step > coaching:
            is_tight = rewards + above * step > coaching or wanted > above
            coaching = None if is_tight else coaching
        room = (coaching if coaching is not None else bottom + px(_REWARD_GAP)) - rewards
        return _Places(
            note=note,
            points=points,
            bar=bar,
            next_line=next_line,
            stamps=stamps,
            rewards_title=rewards_title,
            rewards=rewards,
            rewards_shown=min(len(panel.rewards), max(int(room // step), 0)),
            coaching=coaching,
        )

    def _air(self) -> int:
        """Return what a taller window adds between the parts: by its height, never by state."""
        spare = self.height() / self.theme.scale - _HEIGHT_TIGHT
        return self.theme.px(min(max(spare / 16, 0), _AIR_MAX))

    def _arrange(self) -> None:
        panel, px = self._panel, self.theme.px
        if panel is None:
            return
        places = self._places(panel)
        self._avatar.setGeometry(
            placed(self, QRectF(px(_PADDING), px(_PADDING), px(_HEAD), px(_HEAD)))
        )
        left = px(_PADDING + _HEAD + 12)
        hint_width = text_width(panel.card_hint, self.theme.font(TypeRole.NOTE))
        room = self.width() - left - px(_PADDING + 10) - hint_width
        width = min(self._tier.width_wanted(), max(room, px(60)))
        self._tier.setVisible(bool(panel.tier.name))
        self._tier.setGeometry(placed(self, QRectF(left, px(_PADDING + 34), width, px(28))))
        self._bar.setVisible(panel.progress is not None)
        self._bar.setGeometry(placed(self, self._row(places.bar, _BAR)))
        for place, bar in enumerate(self._stamp_bars):
            row = self._row(places.stamps + place * px(_STAMPS), _STAMPS)
            width = row.width() * _STAMP_BAR_SHARE
            top = row.center().y() - px(_STAMP_BAR) / 2
            box = QRectF(row.right() - width, top, width, px(_STAMP_BAR))
            bar.setGeometry(placed(self, box))
            bar.setVisible(place < len(panel.stamps))
        step = px(REWARD_HEIGHT + _REWARD_GAP)
        for place, key in enumerate(self.rewards):
            key.setVisible(place < places.rewards_shown)
            row = self._row(places.rewards + place * step, REWARD_HEIGHT)
            key.setGeometry(placed(self, row))

    def _pressed(self, key: RewardKey) -> None:
        if key.position:
            self.reward_pressed.emit(key.position)
