"""When a delivery is tried again."""

from datetime import UTC, datetime

import pytest

from threescore.config import Settings
from threescore.events.retries import LONGEST_RETRY_AFTER, read_retry_after, wait_after


def test_ten_attempts_over_about_three_days() -> None:
    waits = Settings.from_environment({}).webhook_waits
    assert len(waits) + 1 == 10
    assert 2.7 < sum(waits) / 86_400 < 3.3
    assert list(waits) == sorted(waits)


def test_waits_are_jittered_and_end() -> None:
    found = {wait_after(1, (100.0,), None) for _ in range(50)}
    assert len(found) > 40
    assert all(wait is not None and 80 <= wait <= 120 for wait in found)
    assert wait_after(2, (100.0,), None) is None
    assert wait_after(2, (100.0,), 5.0) is None


def test_the_receivers_wish_counts() -> None:
    assert wait_after(1, (100.0,), 7.0) == 7.0


def test_a_receiver_cannot_have_all_attempts_at_once() -> None:
    """It may ask for zero seconds, or for a time that has passed by our clock."""
    wait = wait_after(1, (100.0,), 0.0)
    assert wait is not None
    assert wait >= 80


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("99999999999999999999999999", LONGEST_RETRY_AFTER),
        ("Sun, 29 Nov 2026 03:01:00 GMT", 60.0),
        ("Sun, 29 Nov 2026 02:00:00 GMT", 0.0),
        ("Mon, 29 Nov 2027 03:00:00 GMT", LONGEST_RETRY_AFTER),
        ("-5", None),
        ("soon", None),
        ("Sun, 29 Nov 99999999999999999999 03:00:00 GMT", None),
        ("1.5", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert read_retry_after(value, datetime(2026, 11, 29, 3, 0, tzinfo=UTC)) == seconds
