"""What a host knows of an invoice besides: each fact is optional, and without it nothing changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from credit_protection.application.negativations import NegativationRequest
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.customers import LineKind
from credit_protection.domain.documents import Cnpj
from credit_protection.domain.errors import RuleViolation
from credit_protection.domain.findings import Severity
from credit_protection.domain.guards import GuardSettings, TelecomGuard
from credit_protection.domain.integrations import IntegrationSettings
from credit_protection.domain.state_table import Observed
from tests.application.app import ANA, DAY, TODAY

if TYPE_CHECKING:
    from tests.application.app import AppFixture


def change(app: AppFixture, **facts: object) -> None:
    app.erp.invoices_by_id["i1"] = replace(app.erp.invoices_by_id["i1"], **facts)  # type: ignore[arg-type]


def refusals(app: AppFixture, *invoice_ids: str) -> list[str]:
    with pytest.raises(RuleViolation) as refusal:
        app.negativate(*invoice_ids)
    return [finding.code for finding in refusal.value.findings if finding.severity is Severity.BLOCK]


def warnings(app: AppFixture) -> list[str]:
    findings = app.negativations.preview(ANA, app.request("i1")).findings
    assert all(finding.severity is Severity.WARN for finding in findings)
    return [finding.code for finding in findings]


# ------------------------------------------------------------------------------------------------ without a service


@pytest.mark.parametrize("telecom", TelecomGuard)
def test_single_boleto_is_negativated_and_removed_like_any_other(empty_app: AppFixture, telecom: TelecomGuard) -> None:
    empty_app.register(IntegrationSettings(guards=GuardSettings(telecom=telecom)))
    change(empty_app, subscription_id=None)
    negativation = empty_app.included("i1")
    assert (negativation.subscription_id, negativation.observed) == ("", Observed.PRESENT)
    empty_app.paid("i1")
    assert empty_app.work(negativation).observed is Observed.GONE


def test_boleto_without_a_service_and_an_invoice_of_one_are_not_mixed(app: AppFixture) -> None:
    change(app, subscription_id=None)
    assert "fatura_de_outro_servico" in refusals(app, "i1", "i2")


def test_invoice_of_a_service_that_the_host_does_not_know_is_refused(app: AppFixture) -> None:
    change(app, subscription_id="deleted")
    assert "servico_de_outro_cliente" in refusals(app)


# ------------------------------------------------------------------------------------------------ the debt's age


def test_second_copy_does_not_make_an_old_debt_young(app: AppFixture) -> None:
    change(app, due_date=TODAY - 30 * DAY, original_due_date=date(2020, 3, 10))
    assert refusals(app) == ["divida_antiga"]


def test_original_due_date_is_reported(app: AppFixture) -> None:
    change(app, due_date=TODAY - 30 * DAY, original_due_date=date(2026, 3, 10))
    negativation = app.included("i1")
    assert negativation.due_date == date(2026, 3, 10)


@pytest.mark.parametrize(
    ("due", "original"), [(TODAY + 5 * DAY, TODAY - 60 * DAY), (TODAY - 5 * DAY, TODAY + 30 * DAY)]
)
def test_debt_is_late_only_where_both_dates_have_passed(app: AppFixture, due: date, original: date) -> None:
    change(app, due_date=due, original_due_date=original)
    assert refusals(app) == ["fatura_a_vencer"]


# ------------------------------------------------------------------------------------------------ doubts


def test_pending_payment_refuses_at_the_request_and_at_the_claim(app: AppFixture) -> None:
    change(app, payment_pending=True)
    assert refusals(app) == ["pagamento_pendente"]
    change(app, payment_pending=False)
    negativation = app.negativate()
    change(app, payment_pending=True)
    app.perform(negativation)
    assert app.get(negativation).is_closed


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"protested": True}, "fatura_protestada"),
        ({"lines": (LineKind.FIDELITY_FINE,)}, "cobranca_a_confirmar"),
        ({"lines": (LineKind.MONTHLY_FEE, LineKind.EQUIPMENT)}, "cobranca_a_confirmar"),
        ({"issued_on": date(1998, 5, 16)}, "menor_na_emissao"),  # eighteen on the day after
    ],
)
def test_other_facts_are_told_and_a_person_decides(app: AppFixture, facts: dict[str, object], code: str) -> None:
    change(app, **facts)
    assert warnings(app) == [code]
    assert app.negativate().observed is Observed.ABSENT


@pytest.mark.parametrize("facts", [{"lines": (LineKind.MONTHLY_FEE, LineKind.OTHER)}, {"issued_on": date(1998, 5, 17)}])
def test_harmless_facts_are_silent(app: AppFixture, facts: dict[str, object]) -> None:
    change(app, **facts)
    assert warnings(app) == []


# ------------------------------------------------------------------------------------------------ another company


def test_invoice_of_another_company_of_the_erp_is_refused(app: AppFixture) -> None:
    app.erp.other_creditors = [Creditor("2", Cnpj("99009002000109"), "OUTRA EMPRESA DO GRUPO", "MG")]
    change(app, creditor_id="1")
    other = app.register(description="Filial", creditor_id="2")
    with pytest.raises(RuleViolation) as refusal:
        app.negativations.create(ANA, NegativationRequest(other.id, "c1", ["i1"], "DEV"))
    assert [finding.code for finding in refusal.value.findings] == ["fatura_de_outra_empresa"]
