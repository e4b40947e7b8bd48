"""The map of removal reasons: proposed from any bureau's list, corrected by a person, and never in a removal's way."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.findings import Severity
from credit_protection.domain.reasons import (
    LABELS,
    REQUIRED_REASONS,
    BureauReason,
    ReasonCode,
    ReasonMap,
    RemovalReason,
    all_findings,
    edited,
    meanings,
    propose,
    required_findings,
)

R = RemovalReason
SECOND_BUREAU = [
    BureauReason("PG", "Pagamento da dívida"),
    BureauReason("RN", "Renegociação"),
    BureauReason("OJ", "Ordem judicial"),
    BureauReason("SC", "Solicitação do credor"),
]
CODES = st.text("ABCDEFGHIJ0123456789", min_size=1, max_size=3)
DESCRIPTIONS = st.one_of(
    st.sampled_from([*LABELS.values(), "Pagamento da dívida", "MOTIVO NAO IDENTIFICADO", "Solicitação do devedor", ""]),
    st.text(max_size=20),
)
LISTS = st.lists(st.builds(BureauReason, CODES, DESCRIPTIONS), max_size=8)
REASONS = st.sampled_from(RemovalReason)
HINTS = st.dictionaries(REASONS, CODES)


@st.composite
def maps(draw: st.DrawFn) -> ReasonMap:
    """A map as it comes about: proposed from a list, then corrected by a person."""
    listed, hints = draw(LISTS), draw(HINTS)
    proposed = propose(ReasonMap(), listed, hints)
    codes = st.sampled_from(["", *proposed.listed]) if proposed.listed else CODES
    changes = draw(st.dictionaries(REASONS, codes))
    return edited(proposed, listed, hints, codes=changes, fallback=draw(st.none() | codes), actor_id="ana")


def codes_of(reasons: ReasonMap) -> dict[RemovalReason, str]:
    return {reason: each.code for reason, each in reasons.codes.items()}


# ------------------------------------------------------------------------------------------------------- the proposal


def test_second_bureaus_list_is_understood_by_its_words() -> None:
    proposed = propose(ReasonMap(), SECOND_BUREAU, {})
    expected = {R.PAYMENT: "PG", R.RENEGOTIATION: "RN", R.CREDITOR_REQUEST: "SC", R.COURT_ORDER: "OJ"}
    assert codes_of(proposed) == expected
    assert proposed.fallback == ReasonCode("SC")
    assert proposed.missing == (R.PARTIAL_PAYMENT, R.CORRECTION, R.DISPUTE, R.FRAUD, R.DEATH, R.OTHER)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *((label, {reason}) for reason, label in LABELS.items()),
        ("PAGAMENTO DA DIVIDA", {R.PAYMENT}),
        ("Dívida paga", {R.PAYMENT}),
        ("Quitação", {R.PAYMENT}),
        ("Liquidação do débito", {R.PAYMENT}),
        ("Pagamento total ou parcial", {R.PAYMENT}),
        ("ATUALIZACAO DE VALOR - PAGAMENTO PARCIAL", {R.CORRECTION, R.PARTIAL_PAYMENT}),
        ("Amortização", {R.PARTIAL_PAYMENT}),
        ("Pagamento de acordo", {R.RENEGOTIATION}),
        ("Pagamento/Acordo", {R.PAYMENT, R.RENEGOTIATION}),
        ("Decisão judicial", {R.COURT_ORDER}),
        ("Determinação do juiz", {R.COURT_ORDER}),
        ("Falecimento do titular", {R.DEATH}),
        ("Inclusão indevida", {R.CORRECTION}),
        ("Inclusão por erro", {R.CORRECTION}),
        ("POR SOLICITACAO DO CLIENTE", {R.CREDITOR_REQUEST}),
        ("Exclusão pelo associado", {R.CREDITOR_REQUEST}),
        ("Baixa a pedido", {R.CREDITOR_REQUEST}),
        ("Outras situações", {R.OTHER}),
        # not clear: nobody is told a reason that may be untrue
        ("Não pagamento", set()),
        ("Falta de pagamento", set()),
        ("MOTIVO NAO IDENTIFICADO", set()),
        ("Solicitação do devedor", set()),
        ("Solicitação do Procon", set()),
        ("Acordo judicial", set()),
        ("Pagamento por fraude", set()),
        ("Comunicado devolvido dos correios", set()),
        ("Credor", set()),
        ("", set()),
    ],
)
def test_meaning_of_a_description(text: str, expected: set[RemovalReason]) -> None:
    assert meanings(text) == expected
    assert meanings(f"  {text.upper()} ") == expected


def test_text_that_says_the_least_besides_is_chosen_and_of_equal_ones_the_first() -> None:
    listed = [
        BureauReason("1", "Pagamento ou acordo"),
        BureauReason("2", "Pagamento da dívida por novo boleto"),
        BureauReason("3", "Pagamento da dívida"),
        BureauReason("4", "Quitação da dívida"),
    ]
    assert codes_of(propose(ReasonMap(), listed, {})) == {R.PAYMENT: "3", R.RENEGOTIATION: "1"}


def test_code_speaks_where_its_description_says_nothing() -> None:
    listed = [BureauReason("PAGAMENTO_PARCIAL", ""), BureauReason("FRAUDE", "Renegociação")]
    assert codes_of(propose(ReasonMap(), listed, {})) == {
        R.PARTIAL_PAYMENT: "PAGAMENTO_PARCIAL",
        R.RENEGOTIATION: "FRAUDE",
    }


def test_declared_code_is_taken_before_words_and_sent_as_the_bureau_writes_it() -> None:
    listed = [BureauReason("X", "Pagamento"), BureauReason("quitacao", "Motivo 7")]
    assert codes_of(propose(ReasonMap(), listed, {R.PAYMENT: "QUITAÇÃO", R.FRAUD: "FRAUDE"})) == {R.PAYMENT: "quitacao"}


def test_fallback_claims_the_least() -> None:
    assert propose(ReasonMap(), [*SECOND_BUREAU, BureauReason("OU", "Outros")], {}).fallback == ReasonCode("OU")
    assert propose(ReasonMap(), SECOND_BUREAU[:3], {}).fallback is None


@given(stored=maps(), hints=HINTS)
def test_empty_list_changes_nothing(stored: ReasonMap, hints: Mapping[RemovalReason, str]) -> None:
    assert propose(stored, [], hints) == stored


@given(stored=maps(), listed=LISTS, hints=HINTS)
def test_proposal_holds_listed_codes_keeps_a_persons_and_is_stable(
    stored: ReasonMap, listed: list[BureauReason], hints: Mapping[RemovalReason, str]
) -> None:
    after = propose(stored, listed, hints)
    assert propose(after, listed, hints) == after
    known = {each.code for each in listed}
    if not known:
        return
    assert set(after.listed) == known
    fallback = () if after.fallback is None else (after.fallback,)
    assert {each.code for each in (*after.codes.values(), *fallback)} <= known
    for reason, each in stored.codes.items():
        if each.set_by and each.code in known:
            assert after.codes[reason] == each
    untouched = propose(ReasonMap(), listed, hints)
    for reason in RemovalReason:
        if reason not in stored.codes or not stored.codes[reason].set_by or stored.codes[reason].code not in known:
            assert after.codes.get(reason) == untouched.codes.get(reason)
    if stored.fallback is not None and stored.fallback.set_by and stored.fallback.code in known:
        assert after.fallback == stored.fallback


# ------------------------------------------------------------------------------------------------------------ a person


def test_person_sets_and_takes_back() -> None:
    proposed = propose(ReasonMap(), SECOND_BUREAU, {})
    mine = edited(
        proposed, SECOND_BUREAU, {}, codes={R.DISPUTE: " OJ ", R.PAYMENT: "RN"}, fallback="RN", actor_id="ana"
    )
    assert mine.codes[R.DISPUTE] == ReasonCode("OJ", "ana")
    assert mine.codes[R.PAYMENT] == ReasonCode("RN", "ana")
    assert mine.fallback == ReasonCode("RN", "ana")
    assert list(mine.codes) == [reason for reason in RemovalReason if reason in mine.codes]
    assert (
        edited(mine, SECOND_BUREAU, {}, codes={R.DISPUTE: "", R.PAYMENT: " "}, fallback="", actor_id="ana") == proposed
    )


@pytest.mark.parametrize(("codes", "fallback"), [({R.PAYMENT: "PAGAMENTO"}, None), ({}, "XX"), ({R.FRAUD: "pg"}, None)])
def test_unlisted_code_is_refused(codes: dict[RemovalReason, str], fallback: str | None) -> None:
    proposed = propose(ReasonMap(), SECOND_BUREAU, {})
    with pytest.raises(InvalidInput, match="PG, RN, OJ, SC") as caught:
        edited(proposed, SECOND_BUREAU, {}, codes=codes, fallback=fallback, actor_id="ana")
    assert caught.value.code == "motivo_desconhecido"


def test_any_code_is_taken_where_the_bureau_never_listed_one() -> None:
    mine = edited(ReasonMap(), [], {}, codes={R.PAYMENT: "7"}, fallback=None, actor_id="ana")
    assert mine.codes == {R.PAYMENT: ReasonCode("7", "ana")}
    assert mine.candidates(R.PAYMENT, {}) == ("7",)


# --------------------------------------------------------------------------------------------------- what is sent


@given(reasons=maps(), reason=REASONS, hints=HINTS)
def test_there_is_always_a_code_to_send_and_each_once(
    reasons: ReasonMap, reason: RemovalReason, hints: Mapping[RemovalReason, str]
) -> None:
    codes = reasons.candidates(reason, hints)
    assert codes
    assert len(set(codes)) == len(codes)
    if reason in reasons.codes:
        assert codes[0] == reasons.codes[reason].code
    elif reasons.fallback is not None:
        assert codes[0] == reasons.fallback.code
    elif reasons.listed:
        assert codes == reasons.listed[:1]
    if reasons.listed:
        assert codes[-1] in reasons.listed
        assert set(codes) <= set(reasons.listed)


def test_gateways_own_default_is_sent_where_nothing_was_ever_listed() -> None:
    assert ReasonMap().candidates(R.PAYMENT, {R.PAYMENT: "PAGAMENTO"}) == ("PAGAMENTO",)
    assert ReasonMap().candidates(R.PAYMENT, {}) == ("",)


# --------------------------------------------------------------------------------------------------- what is missing


@given(reasons=maps())
def test_inclusions_are_refused_exactly_while_a_required_reason_has_no_code(reasons: ReasonMap) -> None:
    findings = required_findings(reasons)
    assert bool(findings) is any(reason not in reasons.codes for reason in REQUIRED_REASONS)
    for finding in findings:
        assert (finding.code, finding.severity) == ("baixa_sem_motivo", Severity.BLOCK)
        for reason in REQUIRED_REASONS:
            assert (LABELS[reason] in finding.message) is (reason not in reasons.codes)
    assert all_findings(reasons)[: len(findings)] == findings
    told = " ".join(finding.message for finding in all_findings(reasons))
    if reasons.listed:
        assert all(LABELS[reason] in told for reason in reasons.missing)


def test_messages_say_what_to_do() -> None:
    never = required_findings(ReasonMap())[0].message
    assert "pagamento e solicitação do credor" in never
    assert "products sync" in never
    partly = all_findings(propose(ReasonMap(), SECOND_BUREAU[1:3], {}))
    assert [finding.code for finding in partly] == ["baixa_sem_motivo", "motivo_sem_codigo"]
    assert "--set payment=CÓDIGO" in partly[0].message
    assert "'RN'" in partly[1].message
    assert all_findings(ReasonMap(listed=("1",), codes={reason: ReasonCode("1") for reason in RemovalReason})) == []
