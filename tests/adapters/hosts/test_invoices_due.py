"""`HostErp.invoices_due`: what a host gives for adoption, and what it gives where it says nothing."""

from datetime import date, timedelta
from pathlib import Path

from credit_protection.adapters.hosts.local import LocalErp
from credit_protection.domain.customers import Invoice, InvoiceStatus
from credit_protection.ports.host import HostErp
from credit_protection.testing.fakes import FakeErp

TODAY = date(2026, 11, 24)
DUE = date(2026, 10, 5)


class Plain(FakeErp):
    """A host that did not say how it finds invoices."""

    invoices_due = HostErp.invoices_due


def test_by_default_open_ones_alone_are_found() -> None:
    erp = Plain()
    for customer in ("c1", "c2"):
        erp.enrol(customer, "90010020055")
        for number in range(3):
            erp.bill(f"{customer}-{number}", customer, DUE + timedelta(days=number))
    erp.cease("c1-1", InvoiceStatus.PAID)

    def ids(found: object) -> list[str]:
        assert isinstance(found, list)
        return sorted(each.id for each in found if isinstance(each, Invoice) and each.customer_id == "c1")

    assert ids(erp.invoices_due(["c1"], [DUE, DUE + timedelta(days=1)])) == ["c1-0"]
    assert erp.invoices_due(["c1"], []) == []
    assert erp.invoices_due([], [DUE]) == []


def test_the_local_erp_gives_them_however_they_stand(tmp_path: Path) -> None:
    erp = LocalErp(tmp_path / "erp.sqlite")
    erp.import_example(today=TODAY)
    invoice = erp.invoice("60003")
    asked = ([invoice.customer_id, "none"], [invoice.due_date])
    assert erp.invoices_due(*asked) == [invoice]
    erp.settle("60003", paid_on=TODAY)
    (paid,) = erp.invoices_due(*asked)
    assert (paid.id, paid.status) == ("60003", InvoiceStatus.PAID)
    assert erp.invoices_due([], [invoice.due_date]) == []
    assert erp.invoices_due([invoice.customer_id], [TODAY + timedelta(days=999)]) == []
