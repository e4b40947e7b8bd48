"""Lists and records as plain data."""

from dataclasses import make_dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from credit_protection.domain.audit import AuditEntry
from credit_protection.domain.customers import Address, Customer, Invoice
from credit_protection.domain.money import Money
from credit_protection.domain.reasons import RemovalReason
from credit_protection.testing import samples
from credit_protection.ui import (
    Table,
    audit_table,
    divergence_record,
    divergences_table,
    integration_record,
    integrations_table,
    make_row,
    negativation_record,
    negativations_table,
    overdue_invoices_table,
    queries_table,
    query_record,
    reasons_table,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
NEGATIVATION = samples.negativation()
TODAY = {NEGATIVATION.creditor_id: date(2026, 11, 24)}


def test_lists_mask_documents_and_records_show_them_whole() -> None:
    query = samples.answered_query()
    (row,) = negativations_table([NEGATIVATION], TODAY).rows
    assert row["document"] == NEGATIVATION.document.masked
    assert negativation_record(NEGATIVATION, TODAY).row["document"] == NEGATIVATION.document.formatted
    assert negativation_record(NEGATIVATION, TODAY, masked=True).row == row
    (row,) = queries_table([query]).rows
    assert row["document"] == query.document.masked
    assert query_record(query).row["document"] == query.document.formatted


def test_divergences_are_a_list_and_a_record_with_the_same_row() -> None:
    decided = samples.decided_divergence()
    table = divergences_table([decided, samples.divergence("2")])
    assert table.rows[0] == divergence_record(decided).row
    (shown, _) = table.cells()
    assert shown[1] == "o birô mostra mais do que se deve"
    assert "manter" in shown
    titles = dict(divergence_record(decided).fields())
    assert titles["O que fazer"] == decided.message
    assert titles["Por quê"] == decided.remark
    assert "Decisão" not in dict(divergence_record(samples.divergence()).fields())
    assert divergences_table([]).empty == "Nenhuma."


def test_cells_follow_the_columns() -> None:
    table = negativations_table([NEGATIVATION], TODAY)
    (cells,) = table.cells()
    by_title = dict(zip([column.title for column in table.columns], cells, strict=True))
    assert by_title["Valor"] == str(NEGATIVATION.amount)
    assert by_title["Documento"] == NEGATIVATION.document.masked
    assert [column.key for column in table.columns if column.align == "right"] == ["amount"]


def test_record_shows_only_what_has_a_value() -> None:
    titles = [title for title, _ in negativation_record(NEGATIVATION, TODAY).fields()]
    assert "Cliente" in titles
    assert "Motivo da baixa" not in titles


def test_secrets_are_shown_by_name_alone() -> None:
    integration = samples.integration()
    record = integration_record(integration, NOW)
    assert record.row["secrets"] == sorted(integration.encrypted_parameters)
    for secret in integration.encrypted_parameters.values():
        assert secret not in str(record.row)
        assert secret not in str(integrations_table([integration], NOW).cells())


def test_overdue_invoice_has_its_customers_name_and_its_delay() -> None:
    invoice = Invoice("1", "7", None, "NF-1", date(2026, 11, 14), Money(100), Money(100))
    customers = {"7": Customer("7", "MARINA", "90000900168", Address())}
    (row,) = overdue_invoices_table([invoice], customers, date(2026, 11, 24)).rows
    assert (row["customer_name"], row["days_late"]) == ("MARINA", 10)
    (row,) = overdue_invoices_table([invoice], {}, date(2026, 11, 24)).rows
    assert row["customer_name"] == ""


def test_audit_entry_has_the_act_in_portuguese() -> None:
    entry = AuditEntry(NOW, "os:ana", "Ana", "negativation.delete", "id", remark="pediu", after={"reason": "payment"})
    (cells,) = audit_table([entry]).cells()
    assert "remoção pedida" in cells
    assert "motivo: pagamento" in cells


def test_overdue_invoice_has_a_creditor_only_where_the_host_gives_one() -> None:
    invoice = Invoice("1", "7", None, "NF-1", date(2026, 11, 14), Money(100), Money(100))
    (row,) = overdue_invoices_table([invoice], {}, date(2026, 11, 24)).rows
    assert "creditor_id" not in row
    (row,) = overdue_invoices_table([replace(invoice, creditor_id="1")], {}, date(2026, 11, 24)).rows
    assert row["creditor_id"] == "1"


def test_instants_are_shown_in_the_given_timezone() -> None:
    brasilia = timezone(timedelta(hours=-3))
    entry = AuditEntry(NOW, "os:ana", "Ana", "query.open", "id")
    (cells,) = audit_table([entry]).cells(brasilia)
    assert cells[0] == "24/11/2026 09:00:00"
    integration = replace(samples.integration(), created_at=NOW)
    assert ("Cadastrada em", "24/11/2026 09:00:00") in integration_record(integration, NOW).fields(brasilia)


def test_row_has_only_the_named_attributes() -> None:
    thing = make_dataclass("Thing", ["a", "b"])(1, 2)
    assert make_row(thing, "b") == {"b": 2}
    assert make_row(thing) == {}


@pytest.mark.parametrize("table", [negativations_table([], TODAY), queries_table([]), audit_table([])])
def test_empty_table_has_a_sentence(table: Table) -> None:
    assert table.cells() == []
    assert table.empty.endswith(".")


def test_reason_map_shows_each_of_our_reasons_and_last_the_fallback() -> None:
    reasons = samples.integration().reason_map
    table = reasons_table(reasons, samples.reasons())
    assert [row["reason"] for row in table.rows] == [*RemovalReason, "fallback"]
    cells = {row[0]: row[1:] for row in table.cells()}
    assert cells["payment"] == ["pagamento", "2", "Pagamento", "proposto"]
    assert cells["creditor_request"] == ["solicitação do credor", "1", "Solicitação do credor", "definido por ana"]
    assert cells["death"] == ["óbito", "", "", "falta"]
    assert cells["fallback"] == ["os que faltam", "1", "Solicitação do credor", "definido por ana"]
