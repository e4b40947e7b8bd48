"""Processes that fetch the same rows start at different ones; a process without competitors keeps the order."""

from hypothesis import given
from hypothesis import strategies as st

from credit_protection.adapters.queue.embedded.pacing import MAX_FACTOR, ContentionWindow

DUE = [f"n{number}" for number in range(100)]


def test_process_without_competitors_keeps_the_order() -> None:
    contention = ContentionWindow()
    assert contention.next_window() == 1
    assert contention.pick(DUE, 8) == DUE


def test_process_that_lost_a_claim_starts_at_another_place() -> None:
    contention = ContentionWindow(lambda below: below // 2)
    contention.record_lost_claim()
    assert contention.next_window() == 2
    assert contention.pick(DUE, 8) == DUE[46:54]


def test_window_doubles_with_lost_claims_and_halves_without() -> None:
    contention = ContentionWindow()
    factors = []
    for _ in range(6):
        contention.record_lost_claim()
        contention.record_lost_claim()
        factors.append(contention.next_window())
    factors += [contention.next_window() for _ in range(6)]
    assert factors == [2, 4, 8, MAX_FACTOR, MAX_FACTOR, MAX_FACTOR, 8, 4, 2, 1, 1, 1]


@given(st.integers(0, 40), st.integers(1, 20), st.integers(0, 10**9))
def test_pick_returns_as_many_as_allowed_and_no_row_twice(due: int, limit: int, drawn: int) -> None:
    contention = ContentionWindow(lambda below: drawn % below)
    contention.record_lost_claim()
    contention.next_window()
    picked = list(contention.pick(DUE[:due], limit))
    assert len(picked) == len(set(picked)) == min(due, limit)


def test_every_row_can_be_picked() -> None:
    picked: set[str] = set()
    for number in range(len(DUE)):
        contention = ContentionWindow(lambda below, number=number: number % below)  # type: ignore[misc] # bound now
        contention.record_lost_claim()
        contention.next_window()
        picked.update(contention.pick(DUE, 8))
    assert picked == set(DUE)
