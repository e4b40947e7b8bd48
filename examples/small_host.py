"""An ERP of two plain tables that plugs credit protection in: run it with `python examples/small_host.py`.

It registers itself by a hook, calls the facade from its "screen", and reports a payment inside its own transaction.
"""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from credit_protection import CreditProtection, hookimpl, plugin_manager
from credit_protection.application.negativations import Asked
from credit_protection.domain.actors import SYSTEM, Actor
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.customers import Address, Customer, Invoice, InvoiceStatus, Subscription, SubscriptionStatus
from credit_protection.domain.documents import Cnpj
from credit_protection.domain.money import Money
from credit_protection.domain.settlements import Settlement, SettlementKind
from credit_protection.plugins.configuration import Configuration
from credit_protection.ports.host import HostCapabilities
from credit_protection.testing.simulator import BureauSimulator

HOME = Path(tempfile.mkdtemp(prefix="small-host-"))
ERP = HOME / "erp.sqlite"  # one database: the ERP's two tables, and the package's, prefixed cp_
TODAY = datetime.now(UTC).date()
ADDRESS = Address("RUA DO EXEMPLO", "100", "", "CENTRO", "DIVINOPOLIS", "MG", "35500000")


class SmallErp:
    """What the package asks of an ERP (`ports.host.HostErp`)."""

    code = "small"
    capabilities = HostCapabilities(settlements=False, events=True, holds=False)

    def creditors(self):
        return [Creditor("1", Cnpj("99009000000110"), "PROVEDOR EXEMPLO LTDA", "MG")]

    def customers(self, ids):
        rows = self._rows("SELECT id, name, document FROM customer", ids)
        return {key: Customer(key, name, document, ADDRESS) for key, name, document in rows}

    def customers_with_document(self, document):
        return [one for one in self.customers(["1"]).values() if one.document == document]

    def subscriptions(self, ids):
        return {key: Subscription(key, "1", "500 MEGA", SubscriptionStatus.TERMINATED) for key in ids}

    def standings(self, invoice_ids):
        rows = self._rows("SELECT id, customer_id, due, cents, paid FROM invoice", invoice_ids)
        return {row[0]: self._invoice(*row) for row in rows}

    def overdue(self, wanted):
        return iter([each for each in self.standings(["10"]).values() if each.status is InvoiceStatus.OPEN])

    def settlements_since(self, day):
        return iter(())

    def holds(self, customer_ids):
        return {}

    def _invoice(self, key, customer_id, due, cents, paid):
        status = InvoiceStatus.PAID if paid else InvoiceStatus.OPEN
        day = datetime.fromisoformat(due).date()
        return Invoice(key, customer_id, "7", f"NF-{key}", day, Money(cents), Money(0 if paid else cents), status)

    def _rows(self, select, ids):
        with contextlib.closing(sqlite3.connect(ERP)) as erp:
            return [row for row in erp.execute(select) if row[0] in ids]


class Plugin:
    """The hooks: one is enough."""

    @hookimpl
    def credit_protection_host(self):
        return SmallErp()


def main() -> None:
    """The ERP's day: a customer does not pay, a person negativates, the customer pays."""
    with sqlite3.connect(ERP) as erp:
        erp.execute("CREATE TABLE customer (id TEXT, name TEXT, document TEXT)")
        erp.execute("CREATE TABLE invoice (id TEXT, customer_id TEXT, due TEXT, cents INTEGER, paid INTEGER)")
        erp.execute("INSERT INTO customer VALUES ('1', 'MARINA TESTE DA SILVA', '90000900168')")
        erp.execute("INSERT INTO invoice VALUES ('10', '1', ?, 11990, 0)", [(TODAY - timedelta(60)).isoformat()])
    plugin_manager().register(Plugin())
    protection = CreditProtection("small", Configuration(HOME, f"sqlite:///{ERP}"))
    operator = Actor.with_role("ana", "Ana", "administrador")
    with BureauSimulator() as bureau:
        integration = protection.integrations.register(
            operator, gateway="credito_na_medida", description="Birô", creditor_id="1",
            parameters={"client_id": "demo-client", "client_secret": "demo-secret", "base_url": bureau.url},
        )  # fmt: skip
        protection.integrations.synchronise(operator, integration.id)
        [negativation] = protection.negativations.create(operator, Asked(integration.id, "1", ["10"], "DEV"))
        protection.worker.run_until_idle(timeout=20)
        print("negativada:", bureau.counts()["standing"])

        erp = sqlite3.connect(ERP)  # the ERP's own transaction: the payment and our one row, or neither
        erp.execute("UPDATE invoice SET paid = 1 WHERE id = '10'")
        settlement = Settlement("pay-1", "10", SettlementKind.PAYMENT, TODAY, Money(11990))
        protection.payments.record(SYSTEM, settlement, connection=erp)
        erp.commit()
        erp.close()
        protection.payments.committed()
        protection.worker.run_until_idle(timeout=20)
        print("depois do pagamento:", bureau.counts()["standing"])
        print("situação:", protection.negativations.get(operator, negativation.id).observed.value)
    protection.close()


if __name__ == "__main__":
    main()
