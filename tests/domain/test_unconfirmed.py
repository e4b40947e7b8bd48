"""A record that stands by the word of a file or a person alone: it is never included, and never told as removed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain import removals, transmissions
from credit_protection.domain.bureau_answers import (
    Accepted,
    Answer,
    Done,
    ExecutionResult,
    LookupResult,
    NotExecuted,
    RecordFound,
    RecordNotFound,
    RecordState,
    Rejected,
    Unknown,
    is_another_record,
)
from credit_protection.domain.capabilities import Capabilities, Registry, RemovalKey
from credit_protection.domain.documents import Cpf
from credit_protection.domain.negativations import Negativation, sync_transmission
from credit_protection.domain.observations import AnswerContext, record_answer
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import RemovalCause, RemovalTrigger
from credit_protection.domain.state_table import Action, Observed
from credit_protection.testing import samples

if TYPE_CHECKING:
    from datetime import datetime

NOW = samples.NOW
CPF, DUE = "90010020055", date(2026, 8, 10)
SECOND = timedelta(seconds=1)
removal_answers: st.SearchStrategy[Answer] = st.sampled_from(
    [
        Done(),
        Done(ExecutionResult.ALREADY_IN_EFFECT),
        Done(ExecutionResult.NOT_FOUND),
        Accepted(),
        Rejected("17", "dados divergentes"),
        NotExecuted("biro_indisponivel", "fora do ar"),
        Unknown("resultado_desconhecido", "sem resposta"),
    ]
)
lookup_answers: st.SearchStrategy[LookupResult] = st.just(RecordNotFound()) | st.sampled_from(RecordState).map(
    RecordFound
)
capabilities = st.builds(
    Capabilities,
    registry=st.just(Registry.SPC),
    find=st.booleans(),
    polling=st.booleans(),
    callback=st.booleans(),
    removal_key=st.sampled_from(RemovalKey),
    include_is_repeatable=st.booleans(),
    remove_is_repeatable=st.booleans(),
    not_found_is_an_answer=st.booleans(),
)


def unconfirmed(gateway: Capabilities) -> Negativation:
    plain = samples.negativation("n1", ["invoice-1"])
    stands = replace(plain, observed=Observed.PRESENT, is_adopted=True, is_unconfirmed=True, inclusion_claims=0)
    return sync_transmission(stands, gateway, NOW)


def wanted_away(negativation: Negativation, gateway: Capabilities, now: datetime) -> Negativation:
    trigger = RemovalTrigger(RemovalCause.SETTLEMENT, now, now.date())
    return removals.request_removal(negativation, trigger, gateway, now).negativation


def claim(negativation: Negativation, gateway: Capabilities, now: datetime) -> Negativation:
    reason = RemovalReason.PAYMENT if negativation.transmission.action is Action.REMOVE else None
    return transmissions.claim(negativation, gateway, now=now, worker="w", reason=reason).negativation


def answer(
    negativation: Negativation, result: Answer | LookupResult, gateway: Capabilities, now: datetime
) -> Negativation:
    held = negativation.transmission.claim
    assert held is not None
    context = AnswerContext(now=now, today=now.date(), capabilities=gateway, jitter=0.5, notice_days=10)
    return record_answer(negativation, held, result, context).negativation


WITH_LOOKUP = Capabilities(registry=Registry.SPC, not_found_is_an_answer=True)
WITHOUT_LOOKUP = replace(WITH_LOOKUP, find=False, remove_is_repeatable=True)


def test_removal_of_an_unconfirmed_record_looks_it_up_first() -> None:
    record = wanted_away(unconfirmed(WITH_LOOKUP), WITH_LOOKUP, NOW)
    assert record.transmission.action is Action.LOOK_UP
    found = answer(claim(record, WITH_LOOKUP, NOW), RecordFound(RecordState.PRESENT, "B-1"), WITH_LOOKUP, NOW + SECOND)
    assert (found.is_unconfirmed, found.known_at, found.bureau_id) == (False, NOW + SECOND, "B-1")
    assert found.transmission.action is Action.REMOVE


@pytest.mark.parametrize("gateway", [WITH_LOOKUP, WITHOUT_LOOKUP])
def test_unconfirmed_record_that_is_not_found_stays_and_a_person_is_asked(gateway: Capabilities) -> None:
    record = wanted_away(unconfirmed(gateway), gateway, NOW)
    missing: Answer | LookupResult = RecordNotFound() if gateway.find else Done(ExecutionResult.NOT_FOUND)
    asked = answer(claim(record, gateway, NOW), missing, gateway, NOW + SECOND)
    assert (asked.observed, asked.is_closed) == (Observed.PRESENT, False)
    assert asked.transmission.block is not None
    assert asked.transmission.block.code == "nao_encontrada"
    stated = removals.attest_absent(
        asked, actor_id="ana", remark="não consta no portal", today=NOW.date(), capabilities=gateway, now=NOW + SECOND
    ).negativation
    assert (stated.observed, stated.is_closed) == (Observed.GONE, True)


@pytest.mark.parametrize(
    ("shown", "is_other"),
    [
        ({}, False),
        ({"document": CPF, "reference": "REF-1"}, False),
        ({"document": CPF[1:], "reference": "0REF-1"}, CPF[0] != "0"),
        ({"document": "***.100.200-**", "reference": "REF-1"}, False),
        ({"document": "***.100.201-**", "reference": "REF-1"}, True),
        ({"document": CPF, "reference": "REF-2"}, True),
        ({"document": CPF, "reference": "REF-2", "due_date": DUE}, False),
        ({"document": CPF, "reference": "00REF-1", "due_date": DUE + timedelta(days=90)}, False),
        ({"document": CPF, "due_date": DUE + timedelta(days=2)}, False),
        ({"document": CPF, "due_date": DUE - timedelta(days=1)}, True),
        ({"document": "52998224725", "reference": "REF-1", "due_date": DUE}, True),
    ],
)
def test_other_record_under_the_key_is_told_by_what_the_bureau_shows(shown: dict[str, Any], is_other: bool) -> None:
    found = RecordFound(RecordState.PRESENT, "B-1", **shown)
    assert is_another_record(found, Cpf(CPF), "REF-1", DUE) is is_other


def test_nothing_is_sent_where_the_id_shows_another_record() -> None:
    record = wanted_away(unconfirmed(WITH_LOOKUP), WITH_LOOKUP, NOW)
    other = RecordFound(RecordState.PRESENT, "B-1", document="52998224725")
    asked = answer(claim(record, WITH_LOOKUP, NOW), other, WITH_LOOKUP, NOW + SECOND)
    assert asked.transmission.block is not None
    assert asked.transmission.block.code == "registro_de_outro"
    assert (asked.observed, asked.is_unconfirmed) == (Observed.PRESENT, True)


@given(st.data(), capabilities)
def test_adopted_record_is_never_included_and_closes_only_when_the_bureau_shows_that_it_left(
    data: st.DataObject, gateway: Capabilities
) -> None:
    record, now = unconfirmed(gateway), NOW
    if data.draw(st.booleans(), "removal is desired"):
        record = wanted_away(record, gateway, now)
    for _ in range(8):
        now += timedelta(minutes=data.draw(st.sampled_from([0, 1, 30]), "minutes"))
        if data.draw(st.booleans(), "reversed"):
            others = tuple(each for each in record.triggers if not each.is_settlement)
            kept = replace(record, triggers=others) if not record.removal_claims else record
            record = sync_transmission(kept, gateway, now) if not record.is_closed else record
        if not transmissions.is_claimable(record.transmission, max(now, record.transmission.due_at)):
            break
        now = max(now, record.transmission.due_at)
        before = record
        claimed = claim(record, gateway, now)
        if claimed.transmission.claim is None:
            break
        is_removal = before.transmission.action is Action.REMOVE
        result: Answer | LookupResult = data.draw(removal_answers if is_removal else lookup_answers, "answer")
        record = answer(claimed, result, gateway, now + SECOND)
        assert record.transmission.action is not Action.INCLUDE
        assert record.observed is not Observed.ABSENT
        shows = isinstance(result, RecordFound) or (isinstance(result, Done) and result.result is not _MISSING)
        if record.is_closed and before.is_unconfirmed:
            assert shows


_MISSING = ExecutionResult.NOT_FOUND
