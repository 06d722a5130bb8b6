"""The look of the till: colors, type sizes, scale, style and palette.

Every widget is given the one `Theme` of the window and asks it while it paints, so a
change of theme or scale is a repaint. There is no application style sheet.
"""

from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import cache

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import (
    QAccessibilityHints,
    QColor,
    QFont,
    QFontDatabase,
    QGuiApplication,
    QPalette,
    QStyleHints,
)
from PySide6.QtWidgets import QApplication, QStyleFactory

from pos_loyalty.assets import assets_folder

FAMILIES = ("Noto Sans", "Noto Sans Arabic")
WIDTH_MIN = 1024
HEIGHT_MIN = 720
_DPI_DESIGN = 85.0
_DPI_BELIEVABLE = (60.0, 300.0)
_SCALE_RANGE = (1.0, 1.5)
_PERCENT_RANGE = (90, 140)


@dataclass(frozen=True)
class Tokens:
    """The colors of one theme as RRGGBB; every pair that carries text passes WCAG 2.2 AA."""

    bg: str
    surface: str
    surface2: str
    divider: str
    border: str
    text: str
    text2: str
    primary: str
    on_primary: str
    primary_pressed: str
    primary_soft: str
    on_primary_soft: str
    ok: str
    ok_soft: str
    warn: str
    warn_soft: str
    bad: str
    on_bad: str
    bad_soft: str
    accent: str
    accent_pressed: str
    on_accent: str
    accent_text: str
    focus: str
    disabled_text: str


LIGHT = Tokens(
    bg="F2F4F7",
    surface="FFFFFF",
    surface2="E8ECF2",
    divider="D3DAE4",
    border="7C879A",
    text="141A24",
    text2="475467",
    primary="1B4DB1",
    on_primary="FFFFFF",
    primary_pressed="113276",
    primary_soft="E2EBFC",
    on_primary_soft="163F92",
    ok="12693A",
    ok_soft="DFF3E6",
    warn="7A4A00",
    warn_soft="FFF0D1",
    bad="B42318",
    on_bad="FFFFFF",
    bad_soft="FDE6E3",
    accent="F2A900",
    accent_pressed="D99700",
    on_accent="241A00",
    accent_text="7A4A00",
    focus="1B4DB1",
    disabled_text="667085",
)

DARK = Tokens(
    bg="0E131B",
    surface="171F2A",
    surface2="232D3B",
    divider="2F3B4C",
    border="74829A",
    text="F1F4F9",
    text2="B5C0D0",
    primary="8FB4FF",
    on_primary="0A1B40",
    primary_pressed="C3D7FF",
    primary_soft="1D2F55",
    on_primary_soft="C3D7FF",
    ok="67D598",
    ok_soft="12331F",
    warn="FFC650",
    warn_soft="3A2A05",
    bad="FF9488",
    on_bad="431A15",
    bad_soft="431A15",
    accent="FFC650",
    accent_pressed="E0A92F",
    on_accent="241A00",
    accent_text="FFC650",
    focus="8FB4FF",
    disabled_text="8D9AAE",
)


@dataclass(frozen=True)
class TierLook:
    """How a member level looks: a word alone is never left to color."""

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
    """Return the look of a level; a level that the owner named himself looks like the first."""
    return TIER_LOOKS.get(tier_id, TIER_LOOKS["member"])


class TypeRole(Enum):
    """The type scale: pixels at scale 1 and weight."""

    AMOUNT = (56, 700)
    POINTS = (44, 700)
    PRIMARY = (24, 600)
    NAME = (26, 700)
    KEY = (30, 600)
    TITLE = (18, 700)
    STRIP = (19, 600)
    BUTTON = (18, 600)
    BODY = (17, 400)
    BODY_STRONG = (17, 600)
    LABEL = (16, 600)
    NOTE = (16, 400)
    HINT = (14, 400)
    CAP = (13, 400)


class Mode(StrEnum):
    """What the person chose; SYSTEM follows the desktop."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


def scale_for(*, physical_dpi: float, width_px: int, height_px: int, percent: int = 100) -> float:
    """Return how much larger than designed everything is painted.

    Aims at the same size in millimeters on every screen, but never so large that less
    than 1024×720 designed pixels are left. A density outside 60 to 300 dpi is a screen
    that does not know its size. ``percent`` is the person's own wish, 90 to 140.
    """
    low, high = _DPI_BELIEVABLE
    scale = physical_dpi / _DPI_DESIGN if low <= physical_dpi <= high else 1.0
    scale = min(max(scale, _SCALE_RANGE[0]), _SCALE_RANGE[1])
    scale *= min(max(percent, _PERCENT_RANGE[0]), _PERCENT_RANGE[1]) / 100
    return min(scale, max(width_px / WIDTH_MIN, 0.5), max(height_px / HEIGHT_MIN, 0.5))


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
            font = QFont(list(FAMILIES))
            font.setPixelSize(key[0])
            font.setWeight(QFont.Weight(weight))
            font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
            self._fonts[key] = font
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


def load_fonts() -> None:
    """Make the bundled fonts known to Qt; once, before the first window.

    Raises:
        FileNotFoundError: a font of the installation is missing or unreadable.
    """
    for path in sorted((assets_folder() / "fonts").glob("*.ttf")):
        if QFontDatabase.addApplicationFont(str(path)) < 0:
            raise FileNotFoundError(f"the font {path.name} cannot be read")
