"""Rules 2, 3 and 7: the guards. `invalid_candidates.INVALID_MUTATIONS` lists all that can be wrong."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from credit_protection.domain.capabilities import FieldLimit, Overflow
from credit_protection.domain.customers import Customer, Invoice, InvoiceStatus, SubscriptionStatus
from credit_protection.domain.documents import PersonType, parse_document
from credit_protection.domain.findings import Finding, Severity, blocks
from credit_protection.domain.guards import (
    Candidate,
    GuardSettings,
    InclusionTerms,
    TelecomGuard,
    evaluate,
    years_before,
)
from credit_protection.domain.guards.checks import allowed_charges, field_text
from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.money import ZERO, Money
from credit_protection.domain.natures import InclusionNature
from credit_protection.testing.strategies import (
    NATURE,
    TODAY,
    calendars,
    candidates,
    guard_settings,
    natures,
    overdue_invoices,
)
from tests.domain.invalid_candidates import (
    ANA,
    CAPABILITIES,
    F1,
    F2,
    FINE_AND_INTEREST,
    INVALID_MUTATIONS,
    PADARIA,
    SETTINGS,
    TERMS,
    WRONG_DOCUMENTS,
    InvalidMutation,
    first,
)
from tests.domain.message_checks import assert_says_what_to_do

WITHOUT_ADVICE = {"atraso_minimo", "valor_nao_positivo", "campo_abreviado", "texto_com_controle"}
"""Codes whose sentence states what is so and leaves it to the operator what to do."""


def codes(candidate: Candidate, terms: InclusionTerms = TERMS) -> list[str]:
    return [finding.code for finding in evaluate(candidate, terms)]


def person_type_of(candidate: Candidate) -> PersonType:
    return parse_document(candidate.customer.document).person_type


def clean(mutation: InvalidMutation) -> Candidate:
    return PADARIA if mutation.person_type is PersonType.PJ else ANA


def one_invoice(**changes: object) -> Candidate:
    return replace(ANA, invoices=(replace(F1, **changes),))  # type: ignore[arg-type]


def with_settings(**changes: object) -> InclusionTerms:
    return replace(TERMS, settings=replace(SETTINGS, **changes))  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------ the table


def test_examples_have_no_findings() -> None:
    assert evaluate(ANA, TERMS) == []
    assert evaluate(PADARIA, TERMS) == []


@pytest.mark.parametrize("mutation", [*WRONG_DOCUMENTS, *INVALID_MUTATIONS], ids=lambda mutation: mutation.name)
def test_one_invalid_mutation_gives_exactly_its_finding(mutation: InvalidMutation) -> None:
    assert evaluate(*mutation.mutate(clean(mutation), TERMS)) == [mutation.finding]


@pytest.mark.parametrize("mutation", [*WRONG_DOCUMENTS, *INVALID_MUTATIONS], ids=lambda mutation: mutation.name)
def test_every_finding_is_a_sentence_that_says_what_to_do(mutation: InvalidMutation) -> None:
    message = mutation.finding.message
    if mutation.finding.code in WITHOUT_ADVICE:
        assert message[0].isupper()
        assert message.endswith(".")
    else:
        assert_says_what_to_do(message)


@given(candidates())
def test_clean_candidate_has_no_findings(candidate: Candidate) -> None:
    assert evaluate(candidate, TERMS) == []


@given(candidates(), calendars())
def test_clean_candidate_has_no_findings_under_any_calendar(candidate: Candidate, calendar: BusinessCalendar) -> None:
    late_enough = all(calendar.on_or_after(invoice.due_date) < TODAY for invoice in candidate.invoices)
    assert codes(candidate, replace(TERMS, calendar=calendar)) == [] or not late_enough


@given(candidates())
def test_mutated_clean_candidate_gives_exactly_its_finding(candidate: Candidate) -> None:
    for mutation in (*WRONG_DOCUMENTS, *INVALID_MUTATIONS):
        if not mutation.suits(person_type_of(candidate)):
            continue
        findings = evaluate(*mutation.mutate(candidate, TERMS))
        expected = mutation.finding
        assert [(found.code, found.severity, found.field) for found in findings] == [
            (expected.code, expected.severity, expected.field)
        ]
        of_invoice = candidate.invoices[0].id if expected.invoice_id else None
        assert findings[0].invoice_id == of_invoice
        assert findings[0].message.endswith(".")


@given(candidates(), st.lists(st.sampled_from(INVALID_MUTATIONS), max_size=8, unique_by=lambda mutation: mutation.part))
@example(ANA, [INVALID_MUTATIONS[1], INVALID_MUTATIONS[4], INVALID_MUTATIONS[8], INVALID_MUTATIONS[9]])
def test_all_guards_are_evaluated_so_findings_add_up(candidate: Candidate, several: list[InvalidMutation]) -> None:
    fitting = [mutation for mutation in several if mutation.suits(person_type_of(candidate))]
    mutated, terms = candidate, TERMS
    for mutation in fitting:
        mutated, terms = mutation.mutate(mutated, terms)

    assert set(codes(mutated, terms)) == {mutation.finding.code for mutation in fitting}


def test_wrong_document_hides_no_other_finding() -> None:
    nameless = replace(ANA.customer, document="90010020056", name="")
    assert set(codes(replace(ANA, customer=nameless, nature_code="99"))) == {
        "cpf_digitos",
        "natureza_desconhecida",
        "nome_ausente",
    }


@given(candidates(), st.data())
def test_order_of_the_invoices_does_not_matter(candidate: Candidate, data: st.DataObject) -> None:
    mutation = data.draw(st.sampled_from(INVALID_MUTATIONS))
    mutated, terms = (
        mutation.mutate(candidate, TERMS) if mutation.suits(person_type_of(candidate)) else (candidate, TERMS)
    )
    shuffled = replace(mutated, invoices=tuple(data.draw(st.permutations(mutated.invoices))))

    assert sorted(map(repr, evaluate(shuffled, terms))) == sorted(map(repr, evaluate(mutated, terms)))


@given(candidates(), guard_settings(), calendars())
def test_evaluation_is_deterministic(candidate: Candidate, settings: GuardSettings, calendar: BusinessCalendar) -> None:
    terms = replace(TERMS, settings=settings, calendar=calendar)
    assert evaluate(candidate, terms) == evaluate(candidate, terms)


def test_findings_come_in_the_order_of_the_guards() -> None:
    worst = Candidate(Customer("c1", "", "12ABC34501DE35", ANA.customer.address), ANA.subscription, (), "99")
    terms = replace(TERMS, holds={"c1": "óbito"}, capabilities=replace(CAPABILITIES, include=False))

    assert codes(worst, terms) == [
        "cnpj_alfanumerico",
        "gateway_pessoa",
        "natureza_desconhecida",
        "nome_ausente",
        "sem_fatura",
        "nao_negativar",
    ]


# ------------------------------------------------------------------------------------------------ document, nature


def test_gateway_that_accepts_letters_gives_no_finding() -> None:
    company = replace(PADARIA, customer=replace(PADARIA.customer, document="12.ABC.345/01DE-35"))

    assert codes(company) == ["cnpj_alfanumerico"]
    assert codes(company, replace(TERMS, capabilities=replace(CAPABILITIES, alphanumeric_cnpj=True))) == []


def test_gateway_refuses_only_the_person_type_that_it_does_not_include() -> None:
    only_companies = replace(TERMS, capabilities=replace(CAPABILITIES, includes_pf=False))
    only_people = replace(TERMS, capabilities=replace(CAPABILITIES, includes_pj=False))

    assert (codes(ANA, only_companies), codes(PADARIA, only_companies)) == (["gateway_pessoa"], [])
    assert (codes(ANA, only_people), codes(PADARIA, only_people)) == ([], ["gateway_pessoa"])


@given(candidates(), natures())
def test_nature_is_never_accepted_for_a_person_that_it_does_not_admit(
    candidate: Candidate, nature: InclusionNature
) -> None:
    terms = replace(TERMS, natures={nature.code: nature})
    findings = evaluate(replace(candidate, nature_code=nature.code), terms)

    if nature.person_types is None:
        assert [(found.code, found.severity) for found in findings] == [("natureza_sem_marca", Severity.WARN)]
    elif person_type_of(candidate) in nature.person_types:
        assert findings == []
    else:
        assert [(found.code, found.severity) for found in findings] == [("natureza_pessoa", Severity.BLOCK)]


# ------------------------------------------------------------------------------------------------ the person


@pytest.mark.parametrize(
    ("today", "birth", "minor"),
    [
        (date(2026, 9, 15), date(2008, 9, 15), False),  # eighteen today
        (date(2026, 9, 15), date(2008, 9, 16), True),  # tomorrow
        (date(2026, 2, 28), date(2008, 2, 29), True),  # born on 29 February: eighteen on 1 March
        (date(2026, 3, 1), date(2008, 2, 29), False),
        (date(2028, 2, 29), date(2010, 2, 28), False),
        (date(2028, 2, 29), date(2010, 3, 1), True),
    ],
)
def test_eighteen_years_are_counted_to_the_day(today: date, birth: date, minor: bool) -> None:
    person = replace(ANA, customer=replace(ANA.customer, birth_date=birth), invoices=())
    found = codes(person, replace(TERMS, today=today))

    assert ("menor_de_idade" in found) is minor


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)), st.integers(0, 130))
def test_years_before_is_the_same_day_or_28_february(day: date, years: int) -> None:
    earlier = years_before(day, years)

    assert earlier.year == day.year - years
    if (day.month, day.day) == (2, 29) and (earlier.month, earlier.day) != (2, 29):
        assert (earlier.month, earlier.day) == (2, 28)
    else:
        assert (earlier.month, earlier.day) == (day.month, day.day)


def test_years_before_29_february_is_28_february_in_a_common_year() -> None:
    assert years_before(date(2024, 2, 29), 5) == date(2019, 2, 28)
    assert years_before(date(2024, 2, 29), 4) == date(2020, 2, 29)


def test_company_needs_no_birth_date() -> None:
    assert PADARIA.customer.birth_date is None
    assert evaluate(PADARIA, TERMS) == []


def test_address_of_blanks_is_no_address() -> None:
    blank = replace(ANA.customer, address=replace(ANA.customer.address, street=" ", postal_code="\t"))
    assert codes(replace(ANA, customer=blank)) == ["endereco_incompleto"]


def test_each_missing_part_of_the_address_is_named() -> None:
    nowhere = replace(ANA.customer, address=replace(ANA.customer.address, street="", district="", city=""))
    (finding,) = evaluate(replace(ANA, customer=nowhere), TERMS)

    assert finding.message == (
        "O endereço do cliente está sem: logradouro, bairro, cidade. Complete o cadastro no ERP."
    )


def test_complement_is_optional() -> None:
    assert ANA.customer.address.complement == ""


# ------------------------------------------------------------------------------------------------ the invoices


def test_candidate_needs_at_least_one_invoice() -> None:
    (finding,) = evaluate(replace(ANA, invoices=()), TERMS)
    assert finding == Finding("sem_fatura", Severity.BLOCK, "Escolha pelo menos uma fatura vencida.", "invoices")


def test_each_invoice_at_fault_is_named() -> None:
    findings = evaluate(replace(ANA, invoices=(replace(F1, customer_id="x"), replace(F2, customer_id="y"))), TERMS)

    assert [(found.code, found.invoice_id) for found in findings] == [
        ("fatura_de_outro_cliente", "1001"),
        ("fatura_de_outro_cliente", "1002"),
    ]


def test_invoice_of_another_customer_gives_no_second_finding_about_the_service() -> None:
    assert codes(one_invoice(customer_id="x", subscription_id="y")) == ["fatura_de_outro_cliente"]


@pytest.mark.parametrize(
    ("of_integration", "of_invoice"), [("cr-1", "cr-1"), ("cr-1", None), (None, "cr-2"), (None, None)]
)
def test_invoice_of_the_integrations_creditor_or_of_none_is_accepted(
    of_integration: str | None, of_invoice: str | None
) -> None:
    assert not codes(one_invoice(creditor_id=of_invoice), replace(TERMS, creditor_id=of_integration))


def test_invoice_chosen_three_times_gives_two_findings() -> None:
    assert codes(replace(ANA, invoices=(F1, F1, F1))) == ["fatura_repetida"] * 2


def test_single_boleto_without_a_service_is_a_debt_like_any_other() -> None:
    free = replace(ANA, subscription=None, invoices=(replace(F1, subscription_id=None),))

    assert codes(free) == []
    assert codes(free, with_settings(telecom=TelecomGuard.BLOCK)) == []
    assert codes(replace(free, invoices=(*free.invoices, F2)))[:2] == [
        "servico_de_outro_cliente",
        "fatura_de_outro_servico",
    ]
    assert codes(replace(free, invoices=(F1,)))[:2] == ["servico_de_outro_cliente", "fatura_de_outro_servico"]


def test_subscription_belongs_to_the_customer() -> None:
    assert ANA.subscription is not None
    assert blocks(evaluate(replace(ANA, subscription=replace(ANA.subscription, customer_id="c-2")), TERMS))


@given(candidates(), st.frozensets(st.sampled_from(["1001", "1002", "7"]), max_size=3))
def test_one_open_negativation_per_invoice_and_registry(candidate: Candidate, others: frozenset[str]) -> None:
    open_invoices = others | {candidate.invoices[-1].id}
    findings = evaluate(candidate, replace(TERMS, open_invoices=open_invoices))
    blocked = [found.invoice_id for found in findings]

    assert {found.code for found in findings} == {"fatura_ja_negativada"}
    assert blocked == [invoice.id for invoice in candidate.invoices if invoice.id in open_invoices]


# ------------------------------------------------------------------------------------------------ lateness and age

HOLIDAY = BusinessCalendar(frozenset({date(2026, 9, 14)}))  # a Monday, made up


@pytest.mark.parametrize(
    ("due", "minimum", "calendar", "code"),
    [
        (date(2026, 9, 14), 1, BusinessCalendar(), None),  # Monday, one day late on Tuesday
        (date(2026, 9, 14), 0, BusinessCalendar(), None),
        (date(2026, 9, 15), 1, BusinessCalendar(), "fatura_a_vencer"),  # today
        (date(2026, 9, 15), 0, BusinessCalendar(), "fatura_a_vencer"),
        (date(2026, 9, 16), 1, BusinessCalendar(), "fatura_a_vencer"),
        (date(2026, 9, 12), 1, BusinessCalendar(), None),  # Saturday counts from Monday
        (date(2026, 9, 12), 2, BusinessCalendar(), "atraso_minimo"),
        (date(2026, 9, 12), 1, HOLIDAY, "fatura_a_vencer"),  # Saturday before the holiday: from Tuesday
        (date(2026, 9, 14), 2, BusinessCalendar(), "atraso_minimo"),
        (date(2026, 9, 10), 5, BusinessCalendar(), None),
        (date(2026, 9, 11), 5, BusinessCalendar(), "atraso_minimo"),
    ],
)
def test_lateness_counts_from_the_business_day(
    due: date, minimum: int, calendar: BusinessCalendar, code: str | None
) -> None:
    terms = replace(TERMS, settings=replace(SETTINGS, minimum_days_late=minimum), calendar=calendar)
    assert codes(one_invoice(due_date=due), terms) == ([] if code is None else [code])


@pytest.mark.parametrize(
    ("today", "margin", "due", "too_old"),
    [
        (date(2026, 9, 15), 30, date(2021, 10, 15), True),
        (date(2026, 9, 15), 30, date(2021, 10, 16), False),
        (date(2026, 9, 15), 0, date(2021, 9, 15), True),  # five years today
        (date(2026, 9, 15), 0, date(2021, 9, 16), False),
        (date(2028, 2, 29), 0, date(2023, 2, 28), True),
        (date(2028, 2, 29), 0, date(2023, 3, 1), False),
        (date(2025, 2, 28), 0, date(2020, 2, 29), False),  # due on 29 February: five years on 1 March
        (date(2025, 3, 1), 0, date(2020, 2, 29), True),
        (date(2025, 2, 27), 1, date(2020, 2, 28), True),
        (date(2025, 2, 27), 2, date(2020, 2, 29), True),
        (date(2025, 2, 27), 1, date(2020, 2, 29), False),
    ],
)
def test_debt_of_five_years_less_the_margin_is_too_old(today: date, margin: int, due: date, too_old: bool) -> None:
    terms = replace(TERMS, today=today, settings=replace(SETTINGS, age_margin_days=margin))
    assert codes(one_invoice(due_date=due), terms) == (["divida_antiga"] if too_old else [])


def test_maximum_age_is_a_setting_and_in_the_message() -> None:
    terms = with_settings(maximum_age_years=3, age_margin_days=7)
    (finding,) = evaluate(one_invoice(due_date=date(2023, 9, 22)), terms)

    assert finding.message == (
        "A fatura F-1001 é antiga demais: uma dívida só pode constar por 3 anos, e faltam menos de 7 dias. "
        "Tire-a da escolha."
    )
    assert codes(one_invoice(due_date=date(2023, 9, 23)), terms) == []


@given(st.dates(date(2024, 1, 1), date(2032, 12, 31)), st.integers(-400, 400))
def test_no_debt_reaches_its_fifth_anniversary(today: date, offset: int) -> None:
    due = today - timedelta(days=5 * 365 + offset)
    leap_day = (due.month, due.day) == (2, 29)
    anniversary = date(due.year + 5, 3, 1) if leap_day else due.replace(year=due.year + 5)
    terms = replace(TERMS, today=today, settings=replace(SETTINGS, age_margin_days=0))

    assert ("divida_antiga" in codes(one_invoice(due_date=due), terms)) is (today >= anniversary)


@given(overdue_invoices(TODAY, "c1", "s1"), guard_settings(), calendars())
def test_due_date_findings_follow_from_the_settings(
    invoice: Invoice, settings: GuardSettings, calendar: BusinessCalendar
) -> None:
    settings = replace(settings, creditor_notifies=False, telecom=TelecomGuard.OFF)
    found = codes(
        replace(ANA, invoices=(invoice,)),
        replace(TERMS, settings=settings, calendar=calendar),
    )
    days_late = (TODAY - calendar.on_or_after(invoice.due_date)).days
    expected = []
    if days_late <= 0:
        expected.append("fatura_a_vencer")
    elif days_late < settings.minimum_days_late:
        expected.append("atraso_minimo")
    if invoice.due_date <= date(2021, 9, 15) + timedelta(days=settings.age_margin_days):
        expected.append("divida_antiga")
    assert found == expected


@pytest.mark.parametrize(
    ("days_ago", "term", "code"),
    [(11, 10, None), (10, 10, "prazo_do_comunicado"), (0, 0, "prazo_do_comunicado"), (1, 0, None), (46, 45, None)],
)
def test_term_of_the_creditors_own_notice_must_be_over(days_ago: int, term: int, code: str | None) -> None:
    notified = one_invoice(notice_on=TODAY - timedelta(days=days_ago))
    terms = with_settings(creditor_notifies=True, notice_days=term, notice_days_by_state={"MT": 45})

    assert codes(notified, terms) == ([] if code is None else [code])
    assert codes(notified) == []  # where the bureau notifies, it is the bureau's


@pytest.mark.parametrize(("days_ago", "code"), [(20, "prazo_do_comunicado"), (21, None)])
def test_notice_to_a_customer_in_sao_paulo_has_a_longer_term(days_ago: int, code: str | None) -> None:
    notified = one_invoice(notice_on=TODAY - timedelta(days=days_ago))

    assert codes(notified, with_settings(creditor_notifies=True)) == ([] if code is None else [code])


@given(guard_settings(), st.sampled_from(("SP", "MT", "MG", "")))
def test_notice_term_is_the_longer_of_the_general_and_the_states(settings: GuardSettings, state: str) -> None:
    assert settings.notice_term(state) == max(settings.notice_days, settings.notice_days_by_state.get(state, 0))
    assert settings.notice_term(state.lower()) == settings.notice_term(state)
    assert replace(settings, notice_days_by_state={}).notice_term(state) == settings.notice_days
    assert settings.notice_term(state) <= replace(settings, notice_days=settings.notice_days + 1).notice_term(state)


def test_notice_terms_by_state_are_not_changed_after_they_were_given() -> None:
    given = {"SP": 20}
    settings = GuardSettings(notice_days_by_state=given)
    given["SP"] = 0
    assert settings.notice_term("SP") == 20
    with pytest.raises(TypeError):
        settings.notice_days_by_state["SP"] = 0  # type: ignore[index] # it is immutable


# ------------------------------------------------------------------------------------------------ the amount


@pytest.mark.parametrize(
    ("cents", "code"), [(103_00, None), (103_01, "valor_acima_do_saldo"), (1, None), (100_00, None)]
)
def test_amount_may_be_edited_down_or_up_to_the_allowed_charges(cents: int, code: str | None) -> None:
    thirty_days = replace(one_invoice(due_date=TODAY - timedelta(days=30)), amounts={"1001": Money(cents)})
    terms = replace(TERMS, settings=FINE_AND_INTEREST)

    assert codes(thirty_days, terms) == ([] if code is None else [code])


def test_message_has_the_ceiling() -> None:
    thirty_days = replace(one_invoice(due_date=TODAY - timedelta(days=30)), amounts={"1001": Money(200_00)})
    (finding,) = evaluate(thirty_days, replace(TERMS, settings=FINE_AND_INTEREST))

    assert "(R$ 103,00). Reduza o valor." in finding.message


@pytest.mark.parametrize(
    ("days_late", "settings", "charges"),
    [
        (30, FINE_AND_INTEREST, 3_00),
        (45, FINE_AND_INTEREST, 3_50),
        (1, FINE_AND_INTEREST, 2_03),
        (0, FINE_AND_INTEREST, 2_00),
        (-10, FINE_AND_INTEREST, 2_00),  # not due yet: no interest runs back
        (30, GuardSettings(), 0),
        (30, GuardSettings(fine_percent=Decimal(2)), 2_00),
        (60, GuardSettings(monthly_interest_percent=Decimal(1)), 2_00),
    ],
)
def test_charges_are_a_fine_and_interest_by_the_day(days_late: int, settings: GuardSettings, charges: int) -> None:
    invoice = replace(F1, due_date=TODAY - timedelta(days=days_late))
    assert allowed_charges(invoice.balance, invoice.due_date, TODAY, settings) == Money(charges)


@given(overdue_invoices(TODAY, "c1", "s1"), guard_settings())
def test_amount_never_passes_balance_and_charges(invoice: Invoice, settings: GuardSettings) -> None:
    def part(percent: Decimal) -> int:
        return int((invoice.balance.cents * percent / 100).quantize(Decimal(1), ROUND_HALF_UP))

    days_late = (TODAY - invoice.due_date).days
    charges = part(settings.fine_percent) + part(settings.monthly_interest_percent * days_late / 30)
    ceiling = invoice.balance + Money(charges)
    terms = with_settings(
        fine_percent=settings.fine_percent, monthly_interest_percent=settings.monthly_interest_percent
    )

    at_ceiling = replace(ANA, invoices=(invoice,), amounts={invoice.id: ceiling})
    above = replace(ANA, invoices=(invoice,), amounts={invoice.id: ceiling + Money(1)})
    assert codes(at_ceiling, terms) == []
    assert codes(above, terms) == ["valor_acima_do_saldo"]


def test_reported_amount_is_the_edited_one_or_the_balance() -> None:
    edited = replace(ANA, amounts={"1001": Money(7)})

    assert edited.amount_of(F1) == Money(7)
    assert edited.amount_of(F2) == Money(60_00)


def test_every_amount_at_fault_is_named() -> None:
    findings = evaluate(replace(ANA, amounts={"1001": ZERO, "1002": Money(60_01)}), TERMS)

    assert [(found.code, found.invoice_id) for found in findings] == [
        ("valor_nao_positivo", "1001"),
        ("valor_acima_do_saldo", "1002"),
    ]


@pytest.mark.parametrize(
    ("balance", "minimum", "code"),
    [(10_00, 10_00, None), (9_99, 10_00, "valor_minimo"), (1, 0, None), (1, 1, None), (1, 2, "valor_minimo")],
)
def test_bureau_has_a_smallest_debt(balance: int, minimum: int, code: str | None) -> None:
    terms = replace(TERMS, capabilities=replace(CAPABILITIES, minimum_amount=Money(minimum)))
    assert codes(one_invoice(balance=Money(balance)), terms) == ([] if code is None else [code])


def test_minimum_amount_applies_to_each_invoice_without_grouping() -> None:
    terms = replace(TERMS, capabilities=replace(CAPABILITIES, minimum_amount=Money(60_01)))
    assert codes(ANA, terms) == ["valor_minimo"]


@given(st.integers(1, 50_00), st.integers(1, 50_00), st.integers(1, 120_00))
def test_minimum_amount_applies_to_the_sum_with_grouping(one: int, other: int, minimum: int) -> None:
    small = replace(ANA, invoices=(replace(F1, balance=Money(one)), replace(F2, balance=Money(other))), amounts={})
    gateway = replace(CAPABILITIES, minimum_amount=Money(minimum), grouping=True)

    def is_refused(terms: InclusionTerms) -> bool:
        return "valor_minimo" in codes(small, terms)

    assert is_refused(replace(TERMS, capabilities=gateway, grouped=True)) is (one + other < minimum)
    assert is_refused(replace(TERMS, capabilities=gateway, grouped=False)) is (min(one, other) < minimum)
    assert is_refused(replace(TERMS, capabilities=replace(gateway, grouping=False), grouped=True)) is (
        min(one, other) < minimum
    )


def test_debt_without_balance_gives_no_second_finding_about_the_minimum() -> None:
    terms = replace(TERMS, capabilities=replace(CAPABILITIES, minimum_amount=Money(10_00)))
    assert codes(one_invoice(balance=ZERO), terms) == ["valor_nao_positivo"]


# ------------------------------------------------------------------------------------------------ lengths


@pytest.mark.parametrize(
    ("field", "label"),
    [
        ("name", "O nome"),
        ("street", "O logradouro"),
        ("number", "O número"),
        ("complement", "O complemento"),
        ("district", "O bairro"),
        ("city", "A cidade"),
    ],
)
def test_field_longer_than_the_bureau_takes_is_named(field: str, label: str) -> None:
    text = "Inabreviável Sá" if field == "name" else "Inabreviável"
    address = ANA.customer.address if field == "name" else replace(ANA.customer.address, **{field: text})
    customer = replace(ANA.customer, name=text if field == "name" else "Ana Sá", address=address)
    length = len(text) - 1
    terms = replace(TERMS, capabilities=replace(CAPABILITIES, field_limits={field: FieldLimit(length)}))

    assert field_text(customer, field) == text
    assert evaluate(replace(ANA, customer=customer), terms) == [
        Finding(
            "campo_longo",
            Severity.BLOCK,
            f"{label} tem mais de {length} caracteres. Abrevie no cadastro do ERP.",
            field,
        )
    ]
    whole = FieldLimit(len(text), Overflow.REFUSE)
    fits = replace(terms, capabilities=replace(CAPABILITIES, field_limits={field: whole}))
    assert evaluate(replace(ANA, customer=customer), fits) == []


def test_all_limited_fields_are_checked() -> None:
    limits = {"state": FieldLimit(2), "name": FieldLimit(3), "city": FieldLimit(20), "street": FieldLimit(60)}
    terms = replace(TERMS, capabilities=replace(CAPABILITIES, field_limits=limits))

    assert [(found.code, found.field) for found in evaluate(ANA, terms)] == [
        ("campo_longo", "name"),
        ("campo_abreviado", "city"),
    ]


# ------------------------------------------------------------------------------------------------ telecom, extra


@pytest.mark.parametrize("status", [each for each in SubscriptionStatus if each is not SubscriptionStatus.TERMINATED])
@pytest.mark.parametrize(
    ("mode", "is_telecom", "severity"),
    [
        (TelecomGuard.OFF, True, None),
        (TelecomGuard.WARN, True, Severity.WARN),
        (TelecomGuard.BLOCK, True, Severity.BLOCK),
        (TelecomGuard.WARN, False, None),
        (TelecomGuard.BLOCK, False, None),
    ],
)
def test_telecom_subscription_is_terminated_first(
    status: SubscriptionStatus, mode: TelecomGuard, is_telecom: bool, severity: Severity | None
) -> None:
    assert ANA.subscription is not None
    running = replace(ANA, subscription=replace(ANA.subscription, status=status))
    findings = evaluate(running, replace(with_settings(telecom=mode), is_telecom=is_telecom))

    assert [found.severity for found in findings] == ([] if severity is None else [severity])
    assert evaluate(ANA, replace(with_settings(telecom=mode), is_telecom=is_telecom)) == []


def test_defaults_are_the_safe_ones() -> None:
    by_state = {"MT": 45, "PE": 20, "PI": 15, "SP": 20}
    assert GuardSettings() == GuardSettings(1, 5, 30, Decimal(0), Decimal(0), False, 10, by_state, TelecomGuard.WARN)  # noqa: FBT003
    assert TERMS.is_telecom
    assert TERMS.newest_due == date(2026, 9, 14)
    assert TERMS.oldest_due == date(2021, 10, 15)
    assert TERMS.adult_since == date(2008, 9, 15)


def test_findings_of_plugin_guards_come_last() -> None:
    def no_one_called_ana(candidate: Candidate, terms: InclusionTerms) -> Iterable[Finding]:
        assert terms is held
        if candidate.customer.name.startswith("Ana"):
            yield Finding("ana", Severity.WARN, "Pense de novo.", "name")
            yield Finding("ana_2", Severity.BLOCK, "Pense mais uma vez.", "name")

    def silent(_: Candidate, __: InclusionTerms) -> Iterable[Finding]:
        return ()

    held = replace(TERMS, holds={"c1": "óbito"})
    findings = evaluate(ANA, held, [silent, no_one_called_ana])
    assert [found.code for found in findings] == ["nao_negativar", "ana", "ana_2"]


@given(candidates())
def test_invoice_paid_after_the_request_is_blocked_at_the_claim(candidate: Candidate) -> None:
    """Rule 7: the same guards on fresh facts."""
    assert evaluate(candidate, TERMS) == []
    fresh, terms = first(status=InvoiceStatus.PAID, balance=ZERO)(candidate, TERMS)
    assert blocks(evaluate(fresh, terms))
    assert NATURE.code == candidate.nature_code
