"""`HostErp.invoices_due`, which adoption reads: the local ERP's, and the default."""

from datetime import date, timedelta
from pathlib import Path

from credit_protection.adapters.hosts.local import LocalErp
from credit_protection.domain.customers import Invoice, InvoiceStatus
from credit_protection.ports.host import HostCapabilities, HostErp
from credit_protection.testing.fakes import FakeErp

TODAY = date(2026, 11, 24)
DUE = date(2026, 10, 5)


class DefaultErp(FakeErp):
    """A host with the default `invoices_due`."""

    invoices_due = HostErp.invoices_due


def test_default_finds_open_invoices_only() -> None:
    erp = DefaultErp(capabilities=HostCapabilities())
    for customer in ("c1", "c2"):
        erp.add_customer(customer, "90010020055")
        for number in range(3):
            erp.add_invoice(f"{customer}-{number}", customer, DUE + timedelta(days=number))
    erp.set_status("c1-1", InvoiceStatus.PAID)

    def ids(found: object) -> list[str]:
        assert isinstance(found, list)
        return sorted(each.id for each in found if isinstance(each, Invoice) and each.customer_id == "c1")

    assert ids(erp.invoices_due(["c1"], [DUE, DUE + timedelta(days=1)])) == ["c1-0"]
    assert erp.invoices_due(["c1"], []) == []
    assert erp.invoices_due([], [DUE]) == []


def test_local_erp_finds_invoices_of_any_status(tmp_path: Path) -> None:
    erp = LocalErp(tmp_path / "erp.sqlite")
    erp.import_example(today=TODAY)
    invoice = erp.invoice("60003")
    arguments = ([invoice.customer_id, "none"], [invoice.due_date])
    assert erp.invoices_due(*arguments) == [invoice]
    erp.pay("60003", paid_on=TODAY)
    (paid,) = erp.invoices_due(*arguments)
    assert (paid.id, paid.status) == ("60003", InvoiceStatus.PAID)
    assert erp.invoices_due([], [invoice.due_date]) == []
    assert erp.invoices_due([invoice.customer_id], [TODAY + timedelta(days=999)]) == []
