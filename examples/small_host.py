"""An ERP of two plain tables that plugs credit protection in: `python examples/small_host.py`.

It registers itself by a hook, calls the facade as its screens would, and records a payment in its own transaction.
"""

import sqlite3
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

from credit_protection import Actor, Configuration, CreditProtection, NegativationRequest, hookimpl, plugin_manager
from credit_protection.hosts import (
    Address,
    Cnpj,
    Creditor,
    Customer,
    HostCapabilities,
    HostErp,
    HostUnavailable,
    Invoice,
    InvoiceStatus,
    Money,
    Settlement,
    SettlementKind,
)
from credit_protection.testing import BureauSimulator

HOME = Path(tempfile.mkdtemp(prefix="small-host-"))
DATABASE = HOME / "erp.sqlite"  # it holds the ERP's two tables and the package's own, prefixed cp_
TODAY, ANA = datetime.now(UTC).date(), Actor.with_role("ana", "Ana", "administrador")


class SmallErp(HostErp):  # the adapter, and the plugin that gives it
    code = "small"
    capabilities = HostCapabilities(settlements=False, events=True, holds=False, subscriptions=False, overdue=False)

    @hookimpl
    def credit_protection_host(self) -> HostErp:
        return self

    def creditors(self) -> Sequence[Creditor]:
        return [Creditor("1", Cnpj("99009000000110"), "PROVEDOR EXEMPLO LTDA", "MG")]

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        rows = [row for row in self._rows("customer") if row[0] in ids]
        return {row[0]: Customer(row[0], row[1], row[2], Address(*row[3:])) for row in rows}

    def customers_with_document(self, document: str) -> Sequence[Customer]:
        return list(self.customers([row[0] for row in self._rows("customer") if row[2] == document]).values())

    def invoice_statuses(self, invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        return {row[0]: self._invoice(*row) for row in self._rows("invoice") if row[0] in invoice_ids}

    def _invoice(self, key: str, customer: str, due: str, cents: str, paid: str | None) -> Invoice:
        status, paid_on = (InvoiceStatus.PAID, date.fromisoformat(paid)) if paid else (InvoiceStatus.OPEN, None)
        amount, balance = Money(int(cents)), Money(0 if paid else int(cents))
        return Invoice(key, customer, None, f"NF-{key}", date.fromisoformat(due), amount, balance, status, paid_on)

    def _rows(self, table: str) -> list[tuple[str, ...]]:
        try:
            with closing(sqlite3.connect(DATABASE)) as erp:
                return erp.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - one of the two
        except sqlite3.Error as error:
            raise HostUnavailable(f"O ERP não pôde ser lido: {error}.") from error


def main() -> None:
    erp = sqlite3.connect(DATABASE)
    home = "'RUA DO EXEMPLO', '100', '', 'CENTRO', 'DIVINOPOLIS', 'MG', '35500000'"
    erp.execute(f"CREATE TABLE customer AS SELECT '1' id, 'MARINA TESTE DA SILVA' name, '90000900168', {home}")
    erp.execute("CREATE TABLE invoice AS SELECT '10' id, '1' of, date('now', '-60 days') due, 11990 cents, NULL paid")
    plugin_manager().register(SmallErp())
    protection = CreditProtection("small", Configuration(HOME, f"sqlite:///{DATABASE}"))
    with BureauSimulator() as bureau:
        login = {"client_id": "demo-client", "client_secret": "demo-secret", "base_url": bureau.url}
        bureaus = protection.integrations
        mine = bureaus.register(ANA, gateway="credito_na_medida", description="Birô", creditor_id="1", parameters=login)
        bureaus.synchronise(ANA, mine.id)
        protection.worker.start()
        protection.negativations.create(ANA, NegativationRequest(mine.id, "1", ["10"], "DEV"))
        while not bureau.counts()["included"]:
            time.sleep(0.1)
        print("negativada")
        erp.execute("UPDATE invoice SET paid = ?", [str(TODAY)])  # one transaction: both rows or neither
        payment = Settlement("pay-1", "10", SettlementKind.PAYMENT, TODAY, Money(11990))
        protection.payments.record(ANA, payment, connection=erp)
        erp.commit()
        protection.payments.after_commit()
        while not bureau.counts()["removed"]:
            time.sleep(0.1)
        print("paga e removida")
    protection.close()


if __name__ == "__main__":
    main()
