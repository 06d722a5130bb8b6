import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFontMetricsF, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from pos_loyalty.ui import theme as theme_module
from pos_loyalty.ui.look import DARK, LIGHT, Mode, Tokens, TypeRole, scale_for
from pos_loyalty.ui.theme import TIER_LOOKS, Theme, tier_look, tokens_of

# What is written on what, and the least ratio it needs: WCAG 2.2, 1.4.3 and 1.4.11.
TEXT, LARGE_OR_EDGE = 4.5, 3.0
PAIRS = [
    ("text", "bg", TEXT),
    ("text", "surface", TEXT),
    ("text", "surface2", TEXT),
    ("text2", "bg", TEXT),
    ("text2", "surface", TEXT),
    ("text2", "surface2", TEXT),
    ("on_primary", "primary", TEXT),
    ("on_primary", "primary_pressed", TEXT),
    ("on_primary_soft", "primary_soft", TEXT),
    ("primary", "surface", TEXT),
    ("primary", "primary_soft", LARGE_OR_EDGE),
    ("ok", "surface", TEXT),
    ("ok", "ok_soft", TEXT),
    ("warn", "surface", TEXT),
    ("warn", "warn_soft", TEXT),
    ("bad", "bad_soft", TEXT),
    ("on_bad", "bad", TEXT),
    ("on_accent", "accent", TEXT),
    ("on_accent", "accent_pressed", TEXT),
    ("accent_text", "surface", TEXT),
    ("border", "bg", LARGE_OR_EDGE),
    ("border", "surface", LARGE_OR_EDGE),
    ("focus", "bg", LARGE_OR_EDGE),
    ("focus", "surface", LARGE_OR_EDGE),
    ("disabled_text", "surface", LARGE_OR_EDGE),
    ("disabled_text", "surface2", LARGE_OR_EDGE),
]


def _luminance(color: str) -> float:
    channels = [int(color[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(first: str, second: str) -> float:
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS)
def test_every_pair_of_colors_can_be_read(
    tokens: Tokens, ink: str, ground: str, least: float
) -> None:
    colors = tokens._asdict()

    assert _contrast(colors[ink], colors[ground]) >= least


@pytest.mark.parametrize("look", TIER_LOOKS.values(), ids=list(TIER_LOOKS))
def test_every_tier_can_be_read(look: object) -> None:
    fields = vars(look)

    assert _contrast(fields["text"], fields["fill"]) >= 6.7


def test_an_unknown_tier_looks_like_the_first() -> None:
    assert tier_look("house friend") == TIER_LOOKS["member"]


@pytest.mark.parametrize(
    ("dpi", "size", "percent", "expected"),
    [
        (85, (1920, 1080), 100, 1.0),
        (96, (1920, 1080), 100, 96 / 85),
        (200, (3840, 2160), 100, 1.5),
        (200, (1366, 768), 100, 768 / 720),
        (30, (1920, 1080), 100, 1.0),
        (400, (3840, 2160), 100, 1.0),
        (85, (1920, 1080), 140, 1.4),
        (85, (1024, 720), 140, 1.0),
        (85, (1920, 1080), 500, 1.4),
        (85, (1920, 1080), 10, 0.9),
    ],
)
def test_scale_follows_the_screen_and_leaves_room_for_the_counter(
    dpi: float, size: tuple[int, int], percent: int, expected: float
) -> None:
    scale = scale_for(physical_dpi=dpi, width_px=size[0], height_px=size[1], percent=percent)

    assert scale == pytest.approx(expected)


@pytest.mark.parametrize("role", [TypeRole.AMOUNT, TypeRole.KEY, TypeRole.BODY, TypeRole.LABEL])
def test_figures_are_all_of_one_width(theme: Theme, role: TypeRole) -> None:
    metrics = QFontMetricsF(theme.font(role))
    widths = {round(metrics.horizontalAdvance(figure), 3) for figure in "0123456789"}

    assert len(widths) == 1


def test_bundled_fonts_bring_every_weight(theme: Theme) -> None:
    widths = [
        QFontMetricsF(theme.font(role, px=40)).horizontalAdvance("Complete sale")
        for role in (TypeRole.BODY, TypeRole.LABEL, TypeRole.NAME)
    ]

    assert widths == sorted(widths)
    assert len(set(widths)) == 3


def test_mode_changes_colors_of_application_and_tells_the_widgets(theme: Theme) -> None:
    told: list[bool] = []
    theme.changed.connect(lambda: told.append(theme.is_dark))

    theme.set_mode(Mode.DARK)

    assert told == [True]
    window = QApplication.palette().color(QPalette.ColorRole.Window)
    assert window.name().upper() == f"#{DARK.bg}"


def test_system_mode_follows_the_desktop(theme: Theme) -> None:
    hints = QGuiApplication.styleHints()
    theme.set_mode(Mode.SYSTEM)

    assert theme.is_dark == (hints.colorScheme() is Qt.ColorScheme.Dark)


def test_high_contrast_shows_the_colors_of_the_desktop(
    theme: Theme, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(theme_module, "_wants_high_contrast", lambda: True)

    theme.set_mode(Mode.DARK)
    tokens = theme.tokens

    assert tokens not in (LIGHT, DARK)
    assert tokens.text2 == tokens.text
    assert _contrast(tokens.text, tokens.bg) >= 7
    monkeypatch.undo()
    theme.set_mode(Mode.DARK)
    assert theme.tokens == DARK


def test_a_palette_of_black_and_yellow_gives_black_and_yellow() -> None:
    palette = QPalette(QColor("black"))
    palette.setColor(QPalette.ColorRole.WindowText, QColor("yellow"))

    tokens = tokens_of(palette)

    assert (tokens.surface, tokens.ok, tokens.border) == ("000000", "FFFF00", "FFFF00")


def test_new_scale_makes_lengths_and_fonts_larger(theme: Theme) -> None:
    before = theme.font(TypeRole.BODY).pixelSize()

    theme.set_scale(1.5)

    assert theme.px(48) == 72
    assert theme.font(TypeRole.BODY).pixelSize() > before
