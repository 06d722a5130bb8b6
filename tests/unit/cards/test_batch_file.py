from pathlib import Path

import pytest

from pos_loyalty.cards.batch import CardBatch
from pos_loyalty.cards.batch_file import (
    KEY_BYTES,
    batch_file_key,
    read_batch_file,
    write_batch_file,
)
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused

KEY = bytes(range(KEY_BYTES))


def code_of(path: Path, key: bytes = KEY) -> Code:
    with pytest.raises(CommandRefused) as caught:
        read_batch_file(path, key)
    return caught.value.code


def test_the_key_of_batch_files_is_not_the_key_of_the_database() -> None:
    keys = {batch_file_key(KEY), batch_file_key(bytes(KEY_BYTES)), KEY}

    assert len(keys) == 3
    assert batch_file_key(KEY) in keys
    assert {len(key) for key in keys} == {KEY_BYTES}


def test_a_batch_comes_back_with_its_marks(batch: CardBatch, tmp_path: Path) -> None:
    path = tmp_path / "spring.cards"
    marked = batch.with_print_begun({batch.cards[0].number})

    write_batch_file(batch, path, KEY)
    write_batch_file(marked, path, KEY)

    assert read_batch_file(path, KEY) == marked
    assert [file.name for file in tmp_path.iterdir()] == ["spring.cards"]


def test_no_secret_is_readable_in_the_file(batch: CardBatch, tmp_path: Path) -> None:
    path = tmp_path / "spring.cards"

    write_batch_file(batch, path, KEY)

    raw = path.read_bytes()
    assert raw.startswith(b"pos-loyalty card batch")
    assert all(card.payload.encode() not in raw for card in batch.cards)
    assert path.stat().st_mode & 0o077 == 0


def test_a_file_of_another_till_or_an_altered_one_is_refused(
    batch: CardBatch, tmp_path: Path
) -> None:
    path = tmp_path / "spring.cards"
    write_batch_file(batch, path, KEY)
    raw = path.read_bytes()

    assert code_of(path, b"x" * KEY_BYTES) is Code.BATCH_DAMAGED
    for place in (70, len(raw) // 2, len(raw) - 1):
        path.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        assert code_of(path) is Code.BATCH_DAMAGED
    path.write_bytes(raw[:-40])
    assert code_of(path) is Code.BATCH_DAMAGED
    path.write_bytes(raw[:64])
    assert code_of(path) is Code.BATCH_DAMAGED


def test_a_file_of_another_kind_and_an_absent_one_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(b"\x89PNG")

    assert code_of(path) is Code.FILE_SHAPE
    assert code_of(tmp_path / "absent") is Code.FILE_ABSENT


def test_a_folder_that_cannot_be_written_is_said_in_words(batch: CardBatch, tmp_path: Path) -> None:
    with pytest.raises(CommandRefused) as caught:
        write_batch_file(batch, tmp_path / "absent" / "spring.cards", KEY)

    assert caught.value.code is Code.FILE_WRITE


def test_a_failed_write_leaves_the_old_state_and_no_rest(batch: CardBatch, tmp_path: Path) -> None:
    path = tmp_path / "taken"
    path.mkdir()

    with pytest.raises(CommandRefused) as caught:
        write_batch_file(batch, path, KEY)

    assert caught.value.code is Code.FILE_WRITE
    assert [file.name for file in tmp_path.iterdir()] == ["taken"]
