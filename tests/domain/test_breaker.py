"""The breaker: thousands of rows do not each try a bureau that is down, and no row is held up by another's fault."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain.breaker import (
    CREDENTIALS_PAUSE,
    LONGEST_CALM,
    PAUSES,
    PROBE_LASTS,
    ROWS_THAT_OPEN,
    CallState,
    Sign,
    after_call,
    call_state,
    closed,
    handed_on,
    may_call,
    probing,
    sign_of,
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
ROWS = tuple(f"n{number}" for number in range(ROWS_THAT_OPEN))

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
    """Any state that the columns can hold."""
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
    """A worker comes by: which row is next, what its call will come to, and how long after the last."""

    row: str
    error: BureauError | None
    after: timedelta


def steps(of_rows: st.SearchStrategy[str], errors: st.SearchStrategy[BureauError | None]) -> st.SearchStrategy[Step]:
    return st.builds(Step, of_rows, errors, st.integers(0, 1200).map(lambda seconds: seconds * SECOND))


def run(integration: Integration, taken: Sequence[Step], now: datetime = NOW) -> tuple[Integration, datetime, int]:
    """Workers one after the other; what is left, when, and how many calls were made."""
    calls = 0
    for step in taken:
        now += step.after
        asking = probing(integration, now)
        probe = None if asking is integration else asking.paused_until
        if not may_call(asking, now, probe):
            continue
        calls += 1
        integration = after_call(asking, step.row, step.error, now, probe)
    return integration, now, calls


# ------------------------------------------------------------------------------------------------ what opens it


def test_a_bureau_that_fails_for_several_rows_in_a_run_opens_it() -> None:
    almost = PLAIN
    for row in ROWS[:-1]:
        almost = after_call(almost, row, LOST, NOW)
        assert call_state(almost, NOW) is CallState.CLOSED
    down = after_call(almost, ROWS[-1], LOST, NOW)
    assert down.paused_until == NOW + PAUSES.first
    assert down.pause_reason == (
        "O birô não responde; o programa volta a tentar sozinho. Último erro: O birô não respondeu a tempo."
    )
    assert call_state(down, NOW) is CallState.OPEN
    assert call_state(down, NOW + PAUSES.first) is CallState.HALF_OPEN


@pytest.mark.parametrize(
    ("error", "sign"),
    [
        (None, Sign.ANSWERED),
        (Refused("Recusado."), Sign.ANSWERED),
        (NoCredit("Sem crédito."), Sign.ANSWERED),
        (InclusionStillProcessing("Em processamento."), Sign.ANSWERED),
        (DOWN, Sign.DOWN),
        (LOST, Sign.DOWN),
        (OutcomeUnknown("HTTP 500", http_status=500), Sign.DOWN),
        (OutcomeUnknown("HTTP 504", http_status=504), Sign.DOWN),
        (OutcomeUnknown("HTTP 302", http_status=302), Sign.UNCLEAR),
        (RateLimited("Devagar."), Sign.DOWN),
        (RateLimited("Devagar.", retry_at=NOW), Sign.DOWN),
        (RateLimited("Devagar.", retry_at=NOW + SECOND), Sign.CALM),
        (CredentialsRejected("Senha."), Sign.LOCKED_OUT),
        (ProtocolError("Não entendido."), Sign.UNCLEAR),
    ],
)
def test_what_an_outcome_says_about_the_bureau(error: BureauError | None, sign: Sign) -> None:
    assert sign_of(error, NOW) is sign


@pytest.mark.parametrize("error", [DOWN, LOST, ProtocolError("Não entendido."), Refused("Recusado.")])
def test_a_poison_row_or_a_few_fail_for_ever_and_pause_nobody(error: BureauError) -> None:
    integration = PLAIN
    for number in range(100):
        integration = after_call(integration, ROWS[number % (ROWS_THAT_OPEN - 1)], error, NOW)
        assert call_state(integration, NOW) is CallState.CLOSED
    assert len(integration.failing) < ROWS_THAT_OPEN


def test_a_row_of_the_run_that_asks_and_fails_again_lets_the_next_ask_and_any_other_pauses_all() -> None:
    down = opened()
    now = NOW + PAUSES.first
    asking = probing(down, now)
    assert call_state(after_call(asking, ROWS[0], DOWN, now, asking.paused_until), now) is CallState.HALF_OPEN
    again = after_call(asking, "n100", DOWN, now, asking.paused_until)
    assert again.paused_until == now + 2 * PAUSES.first
    assert again.failing == (*ROWS[1:], "n100")  # the last ones


@given(states(), rows, answers | unclear, instants)
def test_what_concerns_one_row_pauses_nobody(
    integration: Integration, row: str, error: BureauError | None, now: datetime
) -> None:
    after = after_call(integration, row, error, now)
    assert after.paused_until in {None, integration.paused_until}
    assert may_call(after, now) or not may_call(integration, now)


@given(st.lists(steps(st.sampled_from(ROWS[:-1]), downs | unclear | answers)))
def test_few_rows_that_always_fail_never_open_it(taken: list[Step]) -> None:
    """A poison row, or even four of them, whatever they fail with."""
    after, now, calls = run(PLAIN, taken)
    assert calls == len(taken)
    assert may_call(after, now)


@given(st.lists(steps(rows, outcomes)), st.data())
def test_rows_that_always_fail_keep_another_no_longer_than_a_pause_and_a_call_each(
    taken: list[Step], data: st.DataObject
) -> None:
    """However often they come first, the bureau having come back for everybody else."""
    integration, now, _ = run(PLAIN, taken)
    now = max(now, integration.paused_until or now)
    poison = integration.failing
    for row in data.draw(st.permutations(poison)) if poison else ():
        integration, now, calls = run(integration, [Step(row, data.draw(downs | unclear), timedelta(0))], now)
        assert calls == 1
    sound, now, calls = run(integration, [Step("sound", None, timedelta(0))], now)
    assert calls == 1
    assert call_state(sound, now) is CallState.CLOSED


@given(states(), rows, downs, instants)
def test_those_that_were_on_their_way_when_it_opened_change_nothing(
    integration: Integration, row: str, error: BureauError, now: datetime
) -> None:
    if integration.paused_until is not None:
        assert after_call(integration, row, error, now) is integration


# ------------------------------------------------------------------------------------------------ how long


@given(st.lists(steps(st.integers(0, 10_000).map(str), downs), max_size=200))
def test_pauses_are_bounded_however_long_the_bureau_is_down(taken: list[Step]) -> None:
    after, now, _ = run(PLAIN, taken)
    if after.paused_until is not None:
        assert after.paused_until <= now + PAUSES.cap


@given(states(), rows, downs, instants)
def test_one_pause_is_never_longer_than_the_cap(
    integration: Integration, row: str, error: BureauError, now: datetime
) -> None:
    asking = probing(integration, now)
    probe = None if asking is integration else asking.paused_until
    after = after_call(asking, row, error, now, probe)
    if after is not asking and after.paused_until is not None:
        assert after.paused_until <= now + PAUSES.cap


def test_pauses_grow_while_the_bureau_stays_down_and_begin_anew_after_an_answer() -> None:
    integration, now, waits = opened(), NOW, []
    for number in range(100, 108):
        waits.append(integration.paused_until - now if integration.paused_until else None)
        now = integration.paused_until or now
        asking = probing(integration, now)
        integration = after_call(asking, f"n{number}", DOWN, now, asking.paused_until)
    assert waits == [timedelta(seconds=seconds) for seconds in (30, 60, 120, 240, 480, 900, 900, 900)]
    back = probing(integration, integration.paused_until or now)
    assert after_call(back, "n1", None, now, back.paused_until) == PLAIN


@given(states(), rows, orders, instants)
def test_what_the_bureau_says_of_the_whole_account_is_obeyed(
    integration: Integration, row: str, error: CredentialsRejected | RateLimited, now: datetime
) -> None:
    wanted = now + CREDENTIALS_PAUSE
    if isinstance(error, RateLimited):
        assert error.retry_at is not None
        wanted = min(error.retry_at, now + LONGEST_CALM)
    if wanted <= now:
        return
    after = after_call(integration, row, error, now)
    assert after.paused_until is not None
    assert after.paused_until == max(wanted, integration.paused_until or wanted)
    if after is not integration:
        assert (after.pause_reason, after.failing) == (error.message, ())
    asking = probing(integration, now)
    if asking is not integration:
        assert after_call(asking, row, error, now, asking.paused_until).paused_until == wanted


def test_a_wish_for_calm_counts_for_a_day_at_most() -> None:
    for_ever = RateLimited("Devagar.", retry_at=NOW + timedelta(days=400))
    assert after_call(PLAIN, "n1", for_ever, NOW).paused_until == NOW + LONGEST_CALM


def test_a_shorter_or_equal_pause_does_not_end_a_longer_one_unless_it_answers_who_asks() -> None:
    locked_out = after_call(PLAIN, "n1", CredentialsRejected("Senha recusada."), NOW)
    for wait in (SECOND, CREDENTIALS_PAUSE):
        assert after_call(locked_out, "n2", RateLimited("Devagar.", retry_at=NOW + wait), NOW) is locked_out
    now = NOW + CREDENTIALS_PAUSE
    asking = probing(locked_out, now)
    calm = after_call(asking, "n2", RateLimited("Devagar.", retry_at=now + SECOND), now, asking.paused_until)
    assert (calm.paused_until, calm.pause_reason) == (now + SECOND, "Devagar.")


def test_who_asks_after_any_pause_and_finds_the_bureau_down_pauses_all() -> None:
    now = NOW + CREDENTIALS_PAUSE
    asking = probing(after_call(PLAIN, "n1", CredentialsRejected("Senha recusada."), NOW), now)
    down = after_call(asking, "n2", DOWN, now, asking.paused_until)
    assert (down.paused_until, down.failing, down.pauses) == (now + PAUSES.first, ("n2",), 1)


def test_years_of_pauses_are_no_trouble() -> None:
    asking = probing(replace(opened(), pauses=100_000), NOW + PAUSES.first)
    after = after_call(asking, "n100", DOWN, NOW, asking.paused_until)
    assert after.paused_until == NOW + PAUSES.cap


# ------------------------------------------------------------------------------------------------ what closes it


def test_all_is_well_is_not_written_down() -> None:
    assert after_call(PLAIN, "n1", None, NOW) is PLAIN
    assert closed(PLAIN) is PLAIN
    assert probing(PLAIN, NOW) is PLAIN


@given(states(), rows, answers, instants)
def test_an_answer_closes_what_a_run_of_failures_opened_at_once(
    integration: Integration, row: str, error: BureauError | None, now: datetime
) -> None:
    after = after_call(integration, row, error, now)
    if integration.failing:
        assert call_state(after, now) is CallState.CLOSED
        assert (after.failing, after.pauses, after.pause_reason) == ((), 0, "")
    else:
        assert after is integration  # a pause that the bureau asked for, or that it refused us with


@given(states(), rows, answers, instants)
def test_an_answer_to_who_asks_closes_any_pause(
    integration: Integration, row: str, error: BureauError | None, now: datetime
) -> None:
    asking = probing(integration, now)
    if asking is not integration:
        assert call_state(after_call(asking, row, error, now, asking.paused_until), now) is CallState.CLOSED


@given(states(), instants)
def test_a_person_opens_the_way_whatever_stood_in_it(integration: Integration, now: datetime) -> None:
    mended = closed(integration)
    assert may_call(mended, now)
    assert (mended.failing, mended.pauses, mended.pause_reason) == ((), 0, "")
    assert mended == replace(integration, paused_until=None, paused_since=None, pause_reason="", failing=(), pauses=0)


@given(states(), rows, outcomes, instants)
def test_it_is_known_since_when_nobody_answered(
    integration: Integration, row: str, error: BureauError | None, now: datetime
) -> None:
    asking = probing(integration, now)
    after = after_call(asking, row, error, now, None if asking is integration else asking.paused_until)
    assert (after.paused_since is None) is (after.paused_until is None)
    if after.paused_since is not None:
        assert after.paused_since == (now if integration.paused_since is None else EARLIER)


def test_pauses_in_a_row_count_from_the_first() -> None:
    integration, now, _ = run(opened(), [Step(f"n{number}", DOWN, timedelta(hours=1)) for number in range(100, 105)])
    assert (integration.pauses, integration.paused_since) == (6, NOW)
    answered, _, _ = run(integration, [Step("n1", None, timedelta(hours=1))], now)
    assert answered == PLAIN


# ------------------------------------------------------------------------------------------------ asking


@given(states(), instants)
def test_one_asks_and_the_others_wait(integration: Integration, now: datetime) -> None:
    asking = probing(integration, now)
    if call_state(integration, now) is not CallState.HALF_OPEN:
        assert asking is integration
        return
    assert asking.paused_until == now + PROBE_LASTS
    assert may_call(asking, now, asking.paused_until)
    assert not may_call(asking, now)
    assert not may_call(asking, now, now - SECOND)  # the end of somebody else's probe
    assert probing(asking, now) is asking
    assert call_state(asking, now + PROBE_LASTS) is CallState.HALF_OPEN  # its process may have died
    short = probing(integration, now, SECOND)
    assert short.paused_until == now + SECOND


@given(states(), rows, unclear, instants)
def test_who_learns_nothing_lets_the_next_ask_at_once(
    integration: Integration, row: str, error: BureauError, now: datetime
) -> None:
    asking = probing(integration, now)
    if asking is integration:
        return
    assert asking.paused_until is not None
    after = after_call(asking, row, error, now, asking.paused_until)
    assert call_state(after, now) is CallState.HALF_OPEN
    assert after == handed_on(asking, now, asking.paused_until)


@given(states(), rows, outcomes, instants)
def test_a_probe_that_another_has_followed_is_one_call_among_others(
    integration: Integration, row: str, error: BureauError | None, now: datetime
) -> None:
    old = NOW - timedelta(days=1)
    assert after_call(integration, row, error, now, old) == after_call(integration, row, error, now)
    assert handed_on(integration, now, old) is integration


@given(st.lists(steps(st.integers(0, 10_000).map(str), st.just(DOWN)), min_size=1, max_size=300))
def test_a_bureau_that_is_down_is_asked_once_a_pause(taken: list[Step]) -> None:
    """However many rows wait, each of which would try by itself: fresh rows, so each failure tells."""
    fresh = [replace(step, row=f"{number}-{step.row}") for number, step in enumerate(taken)]
    _, now, calls = run(PLAIN, fresh)
    assert calls <= ROWS_THAT_OPEN + (now - NOW) / PAUSES.first
