"""What the window looks like now: its colors, sizes, fonts, style and palette.

Every widget is given the one `Theme` of the window and asks it while it paints, so a
change of theme or scale is a repaint. There is no application style sheet.
"""

from dataclasses import dataclass
from functools import cache

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import (
    QAccessibilityHints,
    QColor,
    QFont,
    QGuiApplication,
    QPalette,
    QStyleHints,
)
from PySide6.QtWidgets import QApplication, QStyleFactory

from pos_loyalty.ui.fonts import make_font
from pos_loyalty.ui.look import DARK, LIGHT, Mode, Tokens, TypeRole


@dataclass(frozen=True)
class TierLook:
    """How a member tier looks: a word alone is never left to color."""

    fill: str
    text: str
    icon: str
    pips: int


TIER_LOOKS = {
    "member": TierLook(fill="475467", text="FFFFFF", icon="user", pips=0),
    "bronze": TierLook(fill="8A4B1E", text="FFFFFF", icon="award", pips=1),
    "silver": TierLook(fill="C3CCD8", text="1C2430", icon="award", pips=2),
    "gold": TierLook(fill="F2B90C", text="241A00", icon="star", pips=3),
    "platinum": TierLook(fill="1E2A4A", text="E8EEFF", icon="gem", pips=4),
}


def tier_look(tier_id: str) -> TierLook:
    """Return the look of a tier; a tier that the owner named himself looks like the first."""
    return TIER_LOOKS.get(tier_id, TIER_LOOKS["member"])


class Theme(QObject):
    """The current colors, sizes and fonts; ``changed`` asks everyone to paint anew."""

    changed = Signal()

    def __init__(
        self, *, mode: Mode = Mode.LIGHT, scale: float = 1.0, parent: QObject | None = None
    ) -> None:
        """Start with a mode and a scale; `apply_to` gives them to the application."""
        super().__init__(parent)
        self._mode = mode
        self._scale = scale
        self._fonts: dict[tuple[int, int], QFont] = {}
        self._contrast_tokens: Tokens | None = None
        style, accessibility = _hints()
        style.colorSchemeChanged.connect(self._system_changed)
        accessibility.contrastPreferenceChanged.connect(self._tell_everyone)

    @property
    def mode(self) -> Mode:
        """What the person chose."""
        return self._mode

    @property
    def is_dark(self) -> bool:
        """Whether the dark colors are shown now."""
        if self._mode is Mode.SYSTEM:
            return _hints()[0].colorScheme() == Qt.ColorScheme.Dark
        return self._mode is Mode.DARK

    @property
    def tokens(self) -> Tokens:
        """The colors shown now; those of the desktop where it asks for high contrast."""
        if self._contrast_tokens is not None:
            return self._contrast_tokens
        return DARK if self.is_dark else LIGHT

    @property
    def scale(self) -> float:
        """How much larger than designed everything is painted."""
        return self._scale

    def px(self, designed: float) -> int:
        """Return a designed length in pixels of this window."""
        return round(designed * self._scale)

    def color(self, name: str) -> QColor:
        """Return a token, such as ``"primary_soft"``, as a color."""
        return QColor(f"#{getattr(self.tokens, name)}")

    def font(self, role: TypeRole, *, px: int | None = None) -> QFont:
        """Return the font of a role; ``px`` replaces its designed size where text must shrink."""
        size, weight = role.value
        key = (self.px(px or size), weight)
        if key not in self._fonts:
            self._fonts[key] = make_font(*key)
        return self._fonts[key]

    def set_mode(self, mode: Mode) -> None:
        """Change between light, dark and what the desktop says."""
        self._mode = mode
        self._tell_everyone()

    def set_scale(self, scale: float) -> None:
        """Change the scale, for example after a move to another screen."""
        if scale != self._scale:
            self._scale = scale
            self._fonts.clear()
            self._tell_everyone()

    def apply_to(self, application: QApplication) -> None:
        """Give style, font and palette to the application."""
        application.setStyle(QStyleFactory.create("Fusion"))
        self._dress(application)

    def palette(self) -> QPalette:
        """Return the colors for the few widgets that Qt paints itself."""
        role, group = QPalette.ColorRole, QPalette.ColorGroup
        palette = QPalette()
        pairs = {
            role.Window: "bg",
            role.WindowText: "text",
            role.Base: "surface",
            role.AlternateBase: "surface2",
            role.Text: "text",
            role.Button: "surface2",
            role.ButtonText: "text",
            role.BrightText: "bad",
            role.ToolTipBase: "surface",
            role.ToolTipText: "text",
            role.PlaceholderText: "text2",
            role.Highlight: "primary",
            role.HighlightedText: "on_primary",
            role.Link: "primary",
            role.Mid: "border",
            role.Midlight: "divider",
            role.Dark: "border",
            role.Light: "surface",
        }
        for each, token in pairs.items():
            palette.setColor(each, self.color(token))
        for each in (role.WindowText, role.Text, role.ButtonText):
            palette.setColor(group.Disabled, each, self.color("disabled_text"))
        return palette

    def _tell_everyone(self) -> None:
        application = QApplication.instance()
        if isinstance(application, QApplication):
            self._dress(application)
        self.changed.emit()

    def _dress(self, application: QApplication) -> None:
        self._contrast_tokens = None
        if _wants_high_contrast():
            # Without a palette of ours, the application shows the desktop's again.
            application.setPalette(QPalette())
            self._contrast_tokens = tokens_of(application.palette())
        application.setPalette(self.palette())
        application.setFont(self.font(TypeRole.BODY))

    def _system_changed(self) -> None:
        if self._mode is Mode.SYSTEM:
            self._tell_everyone()


def tokens_of(palette: QPalette) -> Tokens:
    """Return the colors of a palette as ours: for a desktop that asks for high contrast."""
    role = QPalette.ColorRole

    def color(of: QPalette.ColorRole) -> str:
        return palette.color(of).name()[1:].upper()

    ink, ground = color(role.WindowText), color(role.Window)
    marked, on_marked = color(role.Highlight), color(role.HighlightedText)
    disabled = palette.color(QPalette.ColorGroup.Disabled, role.WindowText).name()[1:].upper()
    return Tokens(
        bg=ground,
        surface=ground,
        surface2=ground,
        divider=ink,
        border=ink,
        text=ink,
        text2=ink,
        primary=marked,
        on_primary=on_marked,
        primary_pressed=marked,
        primary_soft=ground,
        on_primary_soft=ink,
        ok=ink,
        ok_soft=ground,
        warn=ink,
        warn_soft=ground,
        bad=ink,
        on_bad=ground,
        bad_soft=ground,
        accent=marked,
        accent_pressed=marked,
        on_accent=on_marked,
        accent_text=ink,
        focus=ink,
        disabled_text=disabled,
    )


def _wants_high_contrast() -> bool:
    """Return whether the desktop asks for high contrast."""
    return _hints()[1].contrastPreference() is Qt.ContrastPreference.HighContrast


@cache
def _hints() -> tuple[QStyleHints, QAccessibilityHints]:
    """Return what the desktop wishes.

    WORKAROUND: PySide 6.11.3 marks the hints on accessibility as deleted as soon as
    nobody in Python holds the style hints, so both are held as long as the application.
    """
    hints = QGuiApplication.styleHints()
    return hints, hints.accessibility()
