"""Shows a card to a webcam that is not there: for the demo and the tests.

A pinhole camera of 60 degrees looks at a card held somewhere before it, tilted and turned, under
uneven light, a little out of focus, moving, with noise and the camera's own compression. The same
seed gives the same frame.
"""

from dataclasses import dataclass
from math import cos, radians, sin, tan
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.random import Generator
    from numpy.typing import NDArray

    from pos_loyalty.devices.frames import Frame

_CARD_WIDTH_MM: Final = 85.60
_CARD_RADIUS_MM: Final = 3.18
_VIEW_DEGREES: Final = 60.0
_OVERSAMPLING: Final = 2

Range = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """How a card may be held and what the camera makes of it; each frame draws from the ranges."""

    distance_mm: Range
    tilt_degrees: float
    """Largest turn out of the camera's plane."""
    roll_degrees: float
    """Largest turn within the camera's plane."""
    defocus_pixels: Range
    """Standard deviation of the blur."""
    motion_pixels: Range
    light: Range
    """Brightness of white, 0 to 1."""
    shade: float
    """How much darker the darker side may be, 0 to 1."""
    glare: float
    """Chance that a lamp is reflected somewhere on the frame."""
    noise: Range
    """Standard deviation in steps of 255."""
    width: int = 1_280
    height: int = 720


AT_THE_COUNTER: Final = Scene(
    distance_mm=(120, 220),
    tilt_degrees=25,
    roll_degrees=180,
    defocus_pixels=(0.4, 1.2),
    motion_pixels=(0, 3),
    light=(0.55, 1.0),
    shade=0.5,
    glare=0.0,
    noise=(2, 8),
)
"""A card held to a 720p webcam by somebody who wants it to be read."""

IN_A_HURRY: Final = Scene(
    distance_mm=(100, 300),
    tilt_degrees=45,
    roll_degrees=180,
    defocus_pixels=(0.6, 2.2),
    motion_pixels=(0, 9),
    light=(0.35, 1.1),
    shade=0.7,
    glare=0.3,
    noise=(3, 14),
)
"""A cheap webcam, poor light, a moving hand: some frames are beyond any reader."""


def webcam_frame(face: "Frame", seed: int, scene: Scene = AT_THE_COUNTER) -> "Frame":
    """Return a frame (blue, green, red) in which a webcam sees `face`, the printed side of a card.

    Args:
        face: picture of a whole ID-1 card, at 200 dpi or more.
        seed: which of the possible frames.
        scene: what is possible.
    """
    import numpy as np

    generator = np.random.default_rng(seed)
    frame = _background(generator, scene)
    frame = _with_card(frame, face, generator, scene)
    frame = _lit(frame, generator, scene)
    frame = _blurred(frame, generator, scene)
    frame += generator.normal(0.0, _draw(generator, scene.noise), frame.shape).astype(np.float32)
    return _compressed(np.clip(frame, 0, 255).astype(np.uint8), generator)


def empty_frame(seed: int, scene: Scene = AT_THE_COUNTER) -> "Frame":
    """Return a frame of the same camera with no card in view."""
    import numpy as np

    generator = np.random.default_rng(seed)
    frame = _lit(_background(generator, scene), generator, scene)
    return np.clip(frame, 0, 255).astype(np.uint8)


def _draw(generator: "Generator", bounds: Range) -> float:
    return float(generator.uniform(*bounds))


def _background(generator: "Generator", scene: Scene) -> "NDArray[np.float32]":
    """Return a counter: a color with soft spots and grain."""
    import cv2
    import numpy as np

    color = generator.uniform(70, 180) + generator.uniform(-25, 25, 3)
    spots = generator.normal(0, 16, (9, 16, 1)) + generator.normal(0, 4, (9, 16, 3))
    grain = generator.normal(0, 7, (scene.height // 8, scene.width // 2, 1)).astype(np.float32)
    size = (scene.width, scene.height)
    soft = cv2.resize(spots.astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
    lines = cv2.resize(grain, size, interpolation=cv2.INTER_LINEAR)[:, :, None]
    return np.asarray(soft + lines + color, np.float32)


def _corners(generator: "Generator", scene: Scene, height_mm: float) -> "NDArray[np.float32]":
    """Return where the camera sees the four corners of the card, clockwise from its upper left."""
    import numpy as np

    focal = scene.width / 2 / tan(radians(_VIEW_DEGREES / 2))
    turns = [scene.tilt_degrees, scene.tilt_degrees, scene.roll_degrees]
    pitch, yaw, roll = (radians(_draw(generator, (-turn, turn))) for turn in turns)
    about_x = np.array([[1, 0, 0], [0, cos(pitch), -sin(pitch)], [0, sin(pitch), cos(pitch)]])
    about_y = np.array([[cos(yaw), 0, sin(yaw)], [0, 1, 0], [-sin(yaw), 0, cos(yaw)]])
    about_z = np.array([[cos(roll), -sin(roll), 0], [sin(roll), cos(roll), 0], [0, 0, 1]])
    half_width, half_height = _CARD_WIDTH_MM / 2, height_mm / 2
    flat = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], np.float64)
    card = flat * [half_width, half_height, 0] @ (about_y @ about_x @ about_z).T
    card[:, 2] += _draw(generator, scene.distance_mm)
    seen = card[:, :2] * focal / card[:, 2:]
    middle = np.array([scene.width / 2, scene.height / 2])
    # People aim at the middle and miss it; the card stays in view as far as it fits.
    slack = np.maximum(0, middle - np.abs(seen).max(axis=0)) * 0.9
    return np.asarray(seen + middle + generator.uniform(-slack, slack), np.float32)


def _with_card(
    frame: "NDArray[np.float32]", face: "Frame", generator: "Generator", scene: Scene
) -> "NDArray[np.float32]":
    """Lay the card into the frame, in perspective, its corners round."""
    import cv2
    import numpy as np

    height, width = face.shape[:2]
    corners = _corners(generator, scene, _CARD_WIDTH_MM * height / width) * _OVERSAMPLING
    outline = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(outline, corners)
    size = (scene.width * _OVERSAMPLING, scene.height * _OVERSAMPLING)
    small = (scene.width, scene.height)
    card = cv2.warpPerspective(face, matrix, size, flags=cv2.INTER_AREA)
    mask = cv2.warpPerspective(_rounded(height, width), matrix, size, flags=cv2.INTER_LINEAR)
    card = cv2.resize(card, small, interpolation=cv2.INTER_AREA).astype(np.float32)
    cover = cv2.resize(mask, small, interpolation=cv2.INTER_AREA).astype(np.float32)[:, :, None]
    return (frame + (card - frame) * cover / 255).astype(np.float32)


def _rounded(height: int, width: int) -> "Frame":
    """Return the outline of a card with round corners, white on black."""
    import cv2
    import numpy as np

    radius = round(_CARD_RADIUS_MM * width / _CARD_WIDTH_MM)
    mask = np.zeros((height, width), np.uint8)
    cv2.rectangle(mask, (radius, 0), (width - radius, height), 255, -1)
    cv2.rectangle(mask, (0, radius), (width, height - radius), 255, -1)
    for x in (radius, width - radius - 1):
        for y in (radius, height - radius - 1):
            cv2.circle(mask, (x, y), radius, 255, -1)
    return mask


def _lit(
    frame: "NDArray[np.float32]", generator: "Generator", scene: Scene
) -> "NDArray[np.float32]":
    """Light the scene from one side, with a lamp's reflection if the scene has one."""
    import numpy as np

    down, right = np.mgrid[0 : 1 : scene.height * 1j, 0 : 1 : scene.width * 1j].astype(np.float32)
    angle = _draw(generator, (0.0, 6.28))
    along = (right - 0.5) * cos(angle) + (down - 0.5) * sin(angle) + 0.5
    shade = 1 - _draw(generator, (0.0, scene.shade)) * np.clip(along, 0, 1)
    lit = frame * (shade * _draw(generator, scene.light))[:, :, None]
    if generator.random() < scene.glare:
        x, y, size = generator.uniform(0.2, 0.8), generator.uniform(0.2, 0.8), 0.05
        spot = np.exp(-((right - x) ** 2 + (down - y) ** 2) / (2 * size**2))
        lit += 220 * spot[:, :, None]
    return lit.astype(np.float32)


def _blurred(
    frame: "NDArray[np.float32]", generator: "Generator", scene: Scene
) -> "NDArray[np.float32]":
    """Blur by defocus and by the movement of the hand."""
    import cv2
    import numpy as np

    blurred = cv2.GaussianBlur(frame, (0, 0), _draw(generator, scene.defocus_pixels))
    length = _draw(generator, scene.motion_pixels)
    angle = _draw(generator, (0.0, 3.14))
    steps = max(1, round(length))
    kernel = np.zeros((2 * steps + 1, 2 * steps + 1), np.float32)
    for along in np.linspace(-length / 2, length / 2, 4 * steps + 1):
        kernel[round(steps + along * sin(angle)), round(steps + along * cos(angle))] += 1
    return np.asarray(cv2.filter2D(blurred, -1, kernel / kernel.sum()), np.float32)


def _compressed(frame: "Frame", generator: "Generator") -> "Frame":
    """Compress as a webcam does on its way through the cable."""
    import cv2
    import numpy as np

    quality = int(generator.integers(60, 92))
    is_encoded, raw = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert is_encoded
    decoded = cv2.imdecode(raw, cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.asarray(decoded, np.uint8)
