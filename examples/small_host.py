"""An ERP of two plain tables that plugs credit protection in: `python examples/small_host.py`.

It registers itself by a hook, calls the facade from its "screen", and reports a payment inside its own transaction.
"""

import sqlite3
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from credit_protection import CreditProtection, hookimpl, plugin_manager
from credit_protection.application.negativations import Asked
from credit_protection.domain.actors import SYSTEM, Actor
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.customers import (
    Address,
    Customer,
    Invoice,
    InvoiceStatus,
    Subscription,
    SubscriptionStatus,
)
from credit_protection.domain.documents import Cnpj
from credit_protection.domain.money import Money
from credit_protection.domain.settlements import Settlement, SettlementKind
from credit_protection.plugins.configuration import Configuration
from credit_protection.ports.host import HostCapabilities, HostErp
from credit_protection.testing.simulator import BureauSimulator

HOME = Path(tempfile.mkdtemp(prefix="small-host-"))
DATABASE = HOME / "erp.sqlite"  # the ERP's two tables live here, and the package's own, prefixed cp_
TODAY = datetime.now(UTC).date()


class SmallErp(HostErp):
    """What the package asks of an ERP; it plugs itself in."""

    code = "small"
    capabilities = HostCapabilities(settlements=False, events=True, holds=False)

    @hookimpl
    def credit_protection_host(self) -> HostErp:
        return self

    def creditors(self) -> Sequence[Creditor]:
        return [Creditor("1", Cnpj("99009000000110"), "PROVEDOR EXEMPLO LTDA", "MG")]

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        home = Address("RUA DO EXEMPLO", "100", "", "CENTRO", "DIVINOPOLIS", "MG", "35500000")
        rows = sqlite3.connect(DATABASE).execute("SELECT * FROM customer").fetchall()
        return {key: Customer(key, name, document, home) for key, name, document in rows if key in ids}

    def subscriptions(self, ids: Sequence[str]) -> Mapping[str, Subscription]:
        return {key: Subscription(key, "1", "500 MEGA", SubscriptionStatus.TERMINATED) for key in ids}

    def standings(self, invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        rows = sqlite3.connect(DATABASE).execute("SELECT * FROM invoice").fetchall()
        return {row[0]: self._invoice(*row) for row in rows if row[0] in invoice_ids}

    def _invoice(self, key: str, due: str, cents: int, paid: int) -> Invoice:
        status, balance = (InvoiceStatus.PAID, 0) if paid else (InvoiceStatus.OPEN, cents)
        return Invoice(key, "1", "7", f"NF-{key}", date.fromisoformat(due), Money(cents), Money(balance), status)


def main() -> None:
    erp = sqlite3.connect(DATABASE)
    erp.execute("CREATE TABLE customer AS SELECT '1' id, 'MARINA TESTE DA SILVA' name, '90000900168' document")
    erp.execute("CREATE TABLE invoice AS SELECT '10' id, ? due, 11990 cents, 0 paid", [str(TODAY - timedelta(60))])
    erp.commit()
    plugin_manager().register(SmallErp())
    protection = CreditProtection("small", Configuration(HOME, f"sqlite:///{DATABASE}"))
    ana = Actor.with_role("ana", "Ana", "administrador")
    with BureauSimulator() as bureau:
        login = {"client_id": "demo-client", "client_secret": "demo-secret", "base_url": bureau.url}
        made = protection.integrations.register(
            ana, gateway="credito_na_medida", description="Birô", creditor_id="1", parameters=login
        )
        protection.integrations.synchronise(ana, made.id)
        protection.worker.start()
        protection.negativations.create(ana, Asked(made.id, "1", ["10"], "DEV"))
        while not bureau.counts()["included"]:
            time.sleep(0.1)
        print("negativada")

        erp.execute("UPDATE invoice SET paid = 1")  # the ERP's own transaction: the payment and our row, or neither
        payment = Settlement("pay-1", "10", SettlementKind.PAYMENT, TODAY, Money(11990))
        protection.payments.record(SYSTEM, payment, connection=erp)
        erp.commit()
        protection.payments.committed()
        while not bureau.counts()["removed"]:
            time.sleep(0.1)
        print("paga e removida")
    protection.close()


if __name__ == "__main__":
    main()
