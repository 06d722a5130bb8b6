"""A reward that the member can have now; a tap puts it on the sale or takes it off."""

from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QWidget

from pos_loyalty.ui.presenters.counter_screen import RewardButton
from pos_loyalty.ui.theme import Theme, TypeRole
from pos_loyalty.ui.widgets.canvas import Canvas, key_cap_width
from pos_loyalty.ui.widgets.painted import Pressable, tell
from pos_loyalty.ui.widgets.text_painting import fitted

HEIGHT = 60


class RewardKey(Pressable):
    """Shows name, cost and balance after; chosen ones are filled and carry a check mark."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(theme, parent)
        self.setCheckable(True)
        self._reward: RewardButton | None = None

    @property
    def position(self) -> int:
        """The position of the reward shown; 0 for none."""
        return self._reward.position if self._reward else 0

    def show_reward(self, reward: RewardButton) -> None:
        """Show a reward."""
        if reward == self._reward:
            return
        self._reward = reward
        self.setEnabled(reward.enabled)
        self.setChecked(reward.chosen)
        tell(self, name=f"{reward.name}, {reward.detail}", description=reward.key)
        self.update()

    def paint(self, canvas: Canvas) -> None:
        """Paint icon, two lines and the key."""
        reward = self._reward
        if reward is None:
            return
        px, area = canvas.px, canvas.area
        fill, border, ink, ink2, edge = self._colors(reward)
        canvas.fill(area, fill, border=border)
        side = px(22)
        icon = "check" if reward.chosen else reward.icon or "gift"
        canvas.icon(QRectF(px(15), area.center().y() - side / 2, side, side), icon, ink)
        cap_width = key_cap_width(self.theme, reward.key)
        left, right = px(15) + side + px(11), area.right() - px(10)
        if cap_width:
            cap = QRectF(right - cap_width, area.center().y() - px(13), cap_width, px(26))
            canvas.key_cap(cap, reward.key, ink=ink, edge=edge)
            right = cap.left() - px(10)
        top = QRectF(left, area.center().y() - px(23), right - left, px(24))
        name = fitted(reward.name, self.theme, TypeRole.BUTTON, top.width(), sizes=(18, 17, 16, 15))
        canvas.lines(top, name, ink)
        below = QRectF(left, area.center().y() + px(2), right - left, px(20))
        canvas.line(below, reward.detail, self.theme.font(TypeRole.HINT), ink2)

    def _colors(self, reward: RewardButton) -> tuple[str, str | None, str, str, str]:
        """Return fill, border, ink, second ink and edge of the key."""
        if not self.isEnabled():
            return ("surface2", "divider", "disabled_text", "disabled_text", "disabled_text")
        if reward.chosen:
            fill = "accent_pressed" if self.isDown() else "accent"
            return (fill, "on_accent", "on_accent", "on_accent", "on_accent")
        if self.isDown():
            return ("primary_soft", "primary", "on_primary_soft", "on_primary_soft", "border")
        return ("surface", "border", "text", "text2", "border")
