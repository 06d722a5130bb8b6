import numpy as np
import pytest

from pos_loyalty.devices.frame_distortion import (
    AT_THE_COUNTER,
    IN_A_HURRY,
    Scene,
    empty_frame,
    webcam_frame,
)
from tests.unit.devices.conftest import face


@pytest.mark.parametrize("scene", [AT_THE_COUNTER, IN_A_HURRY])
def test_a_seed_gives_the_same_frame_each_time_and_another_seed_another(scene: Scene) -> None:
    frame = webcam_frame(face(0), 7, scene)

    assert frame.shape == (720, 1_280, 3)
    assert frame.dtype == np.uint8
    assert np.array_equal(frame, webcam_frame(face(0), 7, scene))
    assert not np.array_equal(frame, webcam_frame(face(0), 8, scene))


def test_the_card_is_in_the_frame() -> None:
    """A card lit evenly and held still at 15 cm covers about 29 % of what a webcam sees."""
    still = Scene(
        distance_mm=(150, 150),
        tilt_degrees=0,
        roll_degrees=0,
        defocus_pixels=(0.4, 0.4),
        motion_pixels=(0, 0),
        light=(1, 1),
        shade=0,
        glare=0,
        noise=(0, 0),
    )
    red = np.zeros((540, 856, 3), np.uint8)
    red[:, :, 2] = 255

    frame = webcam_frame(red, 1, still).astype(int)

    is_card = (frame[:, :, 2] > 200) & (frame[:, :, 0] < 60) & (frame[:, :, 1] < 60)
    assert is_card.mean() == pytest.approx(0.27, abs=0.03)


def test_an_empty_frame_has_no_card() -> None:
    assert empty_frame(3).shape == (720, 1_280, 3)
