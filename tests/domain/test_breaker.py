"""The circuit breaker: thousands of rows do not each try a bureau that is down, and no row delays another."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain.breaker import (
    CREDENTIALS_PAUSE,
    FAILURE_THRESHOLD,
    MAX_RETRY_AFTER,
    OPEN_BACKOFF,
    PROBE_TIMEOUT,
    CallState,
    after_call,
    call_state,
    close,
    may_call,
    release_probe,
    start_probe,
)
from credit_protection.domain.errors import (
    BureauError,
    BureauUnavailable,
    CredentialsRejected,
    InclusionStillProcessing,
    NoCredit,
    OutcomeUnknown,
    ProtocolError,
    RateLimited,
    Refused,
)
from credit_protection.domain.integrations import Integration
from credit_protection.testing.strategies import NOW, integrations

PLAIN = Integration("i1", "spc_brasil", "Birô da matriz", "cr1", {}, {}, NOW)
SECOND = timedelta(seconds=1)
EARLIER = NOW - timedelta(days=1)
DOWN = BureauUnavailable("O birô não aceitou a conexão a tempo.")
LOST = OutcomeUnknown("O birô não respondeu a tempo.")
ROWS = tuple(f"n{number}" for number in range(FAILURE_THRESHOLD))

instants = st.integers(-7200, 7200).map(lambda seconds: NOW + seconds * SECOND)
answers = st.sampled_from(
    (None, Refused("Recusado."), NoCredit("Sem crédito."), InclusionStillProcessing("Em processamento."))
)
unclear = st.sampled_from(
    (ProtocolError("Não entendido."), OutcomeUnknown("Estranho.", http_status=302), BureauError("Outro."))
)
downs = st.sampled_from(
    (
        DOWN,
        LOST,
        OutcomeUnknown("HTTP 500", http_status=500),
        RateLimited("Devagar."),
        RateLimited("Já.", retry_at=NOW - timedelta(days=1)),
    )
)
orders = st.one_of(
    st.just(CredentialsRejected("Senha recusada.")),
    st.integers(1, 10**7).map(lambda seconds: RateLimited("Devagar.", retry_at=NOW + seconds * SECOND)),
)
outcomes = st.one_of(answers, unclear, downs, orders)
rows = st.sampled_from((*ROWS, "n100", "n101"))


def states() -> st.SearchStrategy[Integration]:
    """Any state that can be stored."""
    return st.builds(
        lambda integration, until: replace(
            integration, paused_until=until, paused_since=None if until is None else EARLIER
        ),
        integrations(),
        st.none() | instants,
    )


def opened(now: datetime = NOW) -> Integration:
    """What a bureau that went down leaves behind."""
    integration = PLAIN
    for row in ROWS:
        integration = after_call(integration, row, DOWN, now)
    return integration


@dataclass(frozen=True)
class Step:
    """One call: of which row, with which outcome, and how long after the last."""

    row: str
    error: BureauError | None
    after: timedelta


def steps(of_rows: st.SearchStrategy[str], errors: st.SearchStrategy[BureauError | None]) -> st.SearchStrategy[Step]:
    return st.builds(Step, of_rows, errors, st.integers(0, 1200).map(lambda seconds: seconds * SECOND))


def run(integration: Integration, taken: Sequence[Step], now: datetime = NOW) -> tuple[Integration, datetime, int]:
    """Calls one after the other; what is left, when, and how many calls were made."""
    calls = 0
    for step in taken:
        now += step.after
        asking = start_probe(integration, now)
        probe = None if asking is integration else asking.paused_until
        if not may_call(asking, now, probe):
            continue
        calls += 1
        integration = after_call(asking, step.row, step.error, now, probe)
    return integration, now, calls


# ------------------------------------------------------------------------------------------------ what opens it


def test_failures_of_several_rows_in_a_run_open_the_breaker() -> None:
    almost = PLAIN
    for row in ROWS[:-1]:
        almost = after_call(almost, row, LOST, NOW)
        assert call_state(almost, NOW) is CallState.CLOSED
    down = after_call(almost, ROWS[-1], LOST, NOW)
    assert down.paused_until == NOW + OPEN_BACKOFF.first
    assert down.pause_reason == (
        "O birô não responde; o programa volta a tentar sozinho. Último erro: O birô não respondeu a tempo."
    )
    assert call_state(down, NOW) is CallState.OPEN
    assert call_state(down, NOW + OPEN_BACKOFF.first) is CallState.HALF_OPEN


@pytest.mark.parametrize("error", [DOWN, LOST, ProtocolError("Não entendido."), Refused("Recusado.")])
def test_rows_that_always_fail_below_the_threshold_never_open_the_breaker(error: BureauError) -> None:
    integration = PLAIN
    for number in range(100):
        integration = after_call(integration, ROWS[number % (FAILURE_THRESHOLD - 1)], error, NOW)
        assert call_state(integration, NOW) is CallState.CLOSED
    assert len(integration.failing_negativation_ids) < FAILURE_THRESHOLD


def test_failed_probe_of_a_known_failing_row_releases_the_probe_and_of_another_row_reopens() -> None:
    down = opened()
    now = NOW + OPEN_BACKOFF.first
    asking = start_probe(down, now)
    assert call_state(after_call(asking, ROWS[0], DOWN, now, asking.paused_until), now) is CallState.HALF_OPEN
    again = after_call(asking, "n100", DOWN, now, asking.paused_until)
    assert again.paused_until == now + 2 * OPEN_BACKOFF.first
    assert again.failing_negativation_ids == (*ROWS[1:], "n100")  # the last ones


@given(states(), rows, answers | unclear, instants)
def test_error_about_one_row_opens_nothing(
    integration: Integration, row: str, error: BureauError | None, now: datetime
) -> None:
    after = after_call(integration, row, error, now)
    assert after.paused_until in {None, integration.paused_until}
    assert may_call(after, now) or not may_call(integration, now)


@given(st.lists(steps(st.sampled_from(ROWS[:-1]), downs | unclear | answers)))
def test_few_rows_that_always_fail_never_open_the_breaker(taken: list[Step]) -> None:
    """A poison row, or even four of them, whatever they fail with."""
    after, now, calls = run(PLAIN, taken)
    assert calls == len(taken)
    assert may_call(after, now)


@given(st.lists(steps(rows, outcomes)), st.data())
def test_failing_rows_delay_another_by_at_most_a_pause_and_a_call_each(taken: list[Step], data: st.DataObject) -> None:
    """However often they come first, the bureau having come back for everybody else."""
    integration, now, _ = run(PLAIN, taken)
    now = max(now, integration.paused_until or now)
    poison = integration.failing_negativation_ids
    for row in data.draw(st.permutations(poison)) if poison else ():
        integration, now, calls = run(integration, [Step(row, data.draw(downs | unclear), timedelta(0))], now)
        assert calls == 1
    recovered, now, calls = run(integration, [Step("recovered", None, timedelta(0))], now)
    assert calls == 1
    assert call_state(recovered, now) is CallState.CLOSED


@given(states(), rows, downs, instants)
def test_calls_already_running_when_it_opens_change_nothing(
    integration: Integration, row: str, error: BureauError, now: datetime
) -> None:
    if integration.paused_until is not None:
        assert after_call(integration, row, error, now) is integration


# ------------------------------------------------------------------------------------------------ how long


@given(st.lists(steps(st.integers(0, 10_000).map(str), downs), max_size=200))
def test_pauses_are_bounded_however_long_the_bureau_is_down(taken: list[Step]) -> None:
    after, now, _ = run(PLAIN, taken)
    if after.paused_until is not None:
        assert after.paused_until <= now + OPEN_BACKOFF.cap


@given(states(), rows, downs, instants)
def test_one_pause_is_never_longer_than_the_cap(
    integration: Integration, row: str, error: BureauError, now: datetime
) -> None:
    asking = start_probe(integration, now)
    probe = None if asking is integration else asking.paused_until
    after = after_call(asking, row, error, now, probe)
    if after is not asking and after.paused_until is not None:
        assert after.paused_until <= now + OPEN_BACKOFF.cap


def test_pauses_grow_while_the_bureau_is_down_and_restart_after_an_answer() -> None:
    integration, now, waits = opened(), NOW, []
    for number in range(100, 108):
        waits.append(integration.paused_until - now if integration.paused_until else None)
        now = integration.paused_until or now
        asking = start_probe(integration, now)
        integration = after_call(asking, f"n{number}", DOWN, now, asking.paused_until)
    assert waits == [timedelta(seconds=seconds) for seconds in (30, 60, 120, 240, 480, 900, 900, 900)]
    back = start_probe(integration, integration.paused_until or now)
    assert after_call(back, "n1", None, now, back.paused_until) == PLAIN


@given(states(), rows, orders, instants)
def test_answer_about_the_whole_account_pauses_the_integration(
    integration: Integration, row: str, error: CredentialsRejected | RateLimited, now: datetime
) -> None:
    wanted = now + CREDENTIALS_PAUSE
    if isinstance(error, RateLimited):
        assert error.retry_at is not None
        wanted = min(error.retry_at, now + MAX_RETRY_AFTER)
    if wanted <= now:
        return
    after = after_call(integration, row, error, now)
    assert after.paused_until is not None
    assert after.paused_until == max(wanted, integration.paused_until or wanted)
    if after is not integration:
        assert (after.pause_reason, after.failing_negativation_ids) == (error.message, ())
    asking = start_probe(integration, now)
    if asking is not integration:
        assert after_call(asking, row, error, now, asking.paused_until).paused_until == wanted


def test_retry_after_counts_for_a_day_at_most() -> None:
    for_ever = RateLimited("Devagar.", retry_at=NOW + timedelta(days=400))
    assert after_call(PLAIN, "n1", for_ever, NOW).paused_until == NOW + MAX_RETRY_AFTER


def test_shorter_pause_does_not_end_a_longer_one_unless_it_answers_the_probe() -> None:
    locked_out = after_call(PLAIN, "n1", CredentialsRejected("Senha recusada."), NOW)
    for wait in (SECOND, CREDENTIALS_PAUSE):
        assert after_call(locked_out, "n2", RateLimited("Devagar.", retry_at=NOW + wait), NOW) is locked_out
    now = NOW + CREDENTIALS_PAUSE
    asking = start_probe(locked_out, now)
    throttled = after_call(asking, "n2", RateLimited("Devagar.", retry_at=now + SECOND), now, asking.paused_until)
    assert (throttled.paused_until, throttled.pause_reason) == (now + SECOND, "Devagar.")


def test_probe_that_finds_the_bureau_down_reopens_after_any_pause() -> None:
    now = NOW + CREDENTIALS_PAUSE
    asking = start_probe(after_call(PLAIN, "n1", CredentialsRejected("Senha recusada."), NOW), now)
    down = after_call(asking, "n2", DOWN, now, asking.paused_until)
    assert (down.paused_until, down.failing_negativation_ids, down.consecutive_pauses) == (
        now + OPEN_BACKOFF.first,
        ("n2",),
        1,
    )


def test_many_consecutive_pauses_do_not_overflow() -> None:
    asking = start_probe(replace(opened(), consecutive_pauses=100_000), NOW + OPEN_BACKOFF.first)
    after = after_call(asking, "n100", DOWN, NOW, asking.paused_until)
    assert after.paused_until == NOW + OPEN_BACKOFF.cap


# ------------------------------------------------------------------------------------------------ what closes it


def test_answer_without_failures_changes_nothing() -> None:
    assert after_call(PLAIN, "n1", None, NOW) is PLAIN
    assert close(PLAIN) is PLAIN
    assert start_probe(PLAIN, NOW) is PLAIN


@given(states(), rows, answers, instants)
def test_answer_closes_a_breaker_opened_by_failures(
    integration: Integration, row: str, error: BureauError | None, now: datetime
) -> None:
    after = after_call(integration, row, error, now)
    if integration.failing_negativation_ids:
        assert call_state(after, now) is CallState.CLOSED
        assert (after.failing_negativation_ids, after.consecutive_pauses, after.pause_reason) == ((), 0, "")
    else:
        assert after is integration  # a pause that the bureau asked for, or that it refused us with


@given(states(), rows, answers, instants)
def test_answered_probe_closes_any_pause(
    integration: Integration, row: str, error: BureauError | None, now: datetime
) -> None:
    asking = start_probe(integration, now)
    if asking is not integration:
        assert call_state(after_call(asking, row, error, now, asking.paused_until), now) is CallState.CLOSED


@given(states(), instants)
def test_closing_ends_any_pause(integration: Integration, now: datetime) -> None:
    mended = close(integration)
    assert may_call(mended, now)
    assert (mended.failing_negativation_ids, mended.consecutive_pauses, mended.pause_reason) == ((), 0, "")
    assert mended == replace(
        integration,
        paused_until=None,
        paused_since=None,
        pause_reason="",
        failing_negativation_ids=(),
        consecutive_pauses=0,
    )


@given(states(), rows, outcomes, instants)
def test_paused_since_is_the_first_unanswered_pause(
    integration: Integration, row: str, error: BureauError | None, now: datetime
) -> None:
    asking = start_probe(integration, now)
    after = after_call(asking, row, error, now, None if asking is integration else asking.paused_until)
    assert (after.paused_since is None) is (after.paused_until is None)
    if after.paused_since is not None:
        assert after.paused_since == (now if integration.paused_since is None else EARLIER)


def test_pauses_in_a_row_count_from_the_first() -> None:
    integration, now, _ = run(opened(), [Step(f"n{number}", DOWN, timedelta(hours=1)) for number in range(100, 105)])
    assert (integration.consecutive_pauses, integration.paused_since) == (6, NOW)
    answered, _, _ = run(integration, [Step("n1", None, timedelta(hours=1))], now)
    assert answered == PLAIN


# ------------------------------------------------------------------------------------------------ asking


@given(states(), instants)
def test_one_call_probes_and_the_others_wait(integration: Integration, now: datetime) -> None:
    asking = start_probe(integration, now)
    if call_state(integration, now) is not CallState.HALF_OPEN:
        assert asking is integration
        return
    assert asking.paused_until == now + PROBE_TIMEOUT
    assert may_call(asking, now, asking.paused_until)
    assert not may_call(asking, now)
    assert not may_call(asking, now, now - SECOND)  # the end of another probe
    assert start_probe(asking, now) is asking
    assert call_state(asking, now + PROBE_TIMEOUT) is CallState.HALF_OPEN  # its process may have died
    short = start_probe(integration, now, SECOND)
    assert short.paused_until == now + SECOND


@given(states(), rows, unclear, instants)
def test_probe_that_learns_nothing_is_released_at_once(
    integration: Integration, row: str, error: BureauError, now: datetime
) -> None:
    asking = start_probe(integration, now)
    if asking is integration:
        return
    assert asking.paused_until is not None
    after = after_call(asking, row, error, now, asking.paused_until)
    assert call_state(after, now) is CallState.HALF_OPEN
    assert after == release_probe(asking, now, asking.paused_until)


@given(states(), rows, outcomes, instants)
def test_superseded_probe_counts_as_any_call(
    integration: Integration, row: str, error: BureauError | None, now: datetime
) -> None:
    old = NOW - timedelta(days=1)
    assert after_call(integration, row, error, now, old) == after_call(integration, row, error, now)
    assert release_probe(integration, now, old) is integration


@given(st.lists(steps(st.integers(0, 10_000).map(str), st.just(DOWN)), min_size=1, max_size=300))
def test_bureau_that_is_down_is_probed_once_a_pause(taken: list[Step]) -> None:
    """Many rows that each would try: new rows, so each failure counts."""
    fresh = [replace(step, row=f"{number}-{step.row}") for number, step in enumerate(taken)]
    _, now, calls = run(PLAIN, fresh)
    assert calls <= FAILURE_THRESHOLD + (now - NOW) / OPEN_BACKOFF.first
