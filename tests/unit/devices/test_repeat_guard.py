from pos_loyalty.devices.repeat_guard import RepeatGuard


def test_F44_the_same_code_within_two_seconds_is_ignored() -> None:
    guard = RepeatGuard()

    assert not guard.is_repeat("A", 0)
    assert guard.is_repeat("A", 1_999)
    assert not guard.is_repeat("B", 2_000)
    assert not guard.is_repeat("A", 4_000)


def test_F44_a_card_held_in_view_counts_once() -> None:
    guard = RepeatGuard()

    counted = sum(not guard.is_repeat("A", at_ms) for at_ms in range(0, 30_000, 500))

    assert counted == 1


def test_after_forgetting_every_card_counts_again() -> None:
    guard = RepeatGuard()
    guard.is_repeat("A", 0)

    guard.forget()

    assert not guard.is_repeat("A", 1)
