"""The ERP of the drill, in memory: what it answers lags behind, and it keeps the truth about each debt."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from credit_protection.domain.creditors import Creditor
from credit_protection.domain.customers import Address, Customer, Invoice, InvoiceStatus
from credit_protection.domain.documents import Cnpj
from credit_protection.domain.errors import HostUnavailable
from credit_protection.domain.money import Money
from credit_protection.domain.removal_policy import RemovalRule
from credit_protection.domain.settlements import Reversal, Settlement, SettlementKind
from credit_protection.ports.host import HostCapabilities, HostErp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from credit_protection.domain.holds import Hold
    from credit_protection.domain.settlements import Entry
    from credit_protection.ports.clock import Clock

LAG = timedelta(minutes=5)
"""How far the replica that answers may lie behind, as the host declares it."""
CREDITOR = Creditor("1", Cnpj("99009000000110"), "PROVEDOR EXEMPLO", "MG", "DIVINÓPOLIS")
OTHER_CREDITOR = Creditor("2", Cnpj("12ABC34501DE35"), "OUTRA EMPRESA DE EXEMPLO", "MG", "DIVINÓPOLIS")


@dataclass
class Books:
    """The true state of one invoice over time, as the creditor would testify to it.

    Args:
        versions: what the ERP's own database held from an instant on; None: the row was deleted.
        owed: whether the debt was owed as it was reported, from an instant on.
    """

    versions: list[tuple[datetime, Invoice | None]] = field(default_factory=list)
    owed: list[tuple[datetime, bool]] = field(default_factory=list)

    def at(self, instant: datetime) -> Invoice | None:
        """The version of an instant."""
        return next((invoice for since, invoice in reversed(self.versions) if since <= instant), self.versions[0][1])

    @property
    def is_owed(self) -> bool:
        """Whether it is owed now."""
        return self.owed[-1][1]

    def ceased_within(self, since: datetime, until: datetime) -> bool:
        """Whether at any instant of a period the debt was not owed."""
        states = [*self.owed, (until, self.is_owed)]
        return any(
            not is_owed and begins <= until and ends >= since
            for (begins, is_owed), (ends, _) in itertools.pairwise(states)
        )


class DrillErp(HostErp):
    """`HostErp` over books that the changes of the drill write.

    Args:
        clock: of the drill.
        seed: of the replica's lag.
    """

    def __init__(self, clock: Clock, seed: int) -> None:
        self._clock = clock
        self._chosen = random.Random(f"{seed}/lag")  # noqa: S311 - a seed, not a secret
        self.books: dict[str, Books] = {}
        self.customers_by_id: dict[str, Customer] = {}
        self._by_document: dict[str, list[str]] = {}
        self.held: dict[str, Hold] = {}
        """The do-not-negativate list, by customer id."""
        self.listed: dict[str, Entry] = {}
        """What `settlements_since` gives, by the ERP's row."""
        self.is_down = False
        self.hidden: frozenset[str] = frozenset()
        """Invoices that the user of the ERP may not see."""
        self.wrong_status: dict[str, InvoiceStatus] = {}
        """What the ERP says wrongly, for a while."""
        self._rows = 0

    # ------------------------------------------------------------------------------------ the port

    @property
    def code(self) -> str:
        return "drill"

    @property
    def capabilities(self) -> HostCapabilities:
        return HostCapabilities(
            events=True,
            holds=True,
            subscriptions=False,
            settled_invoices=True,
            overdue=False,
            reversals=True,
            lag=LAG,
        )

    def creditors(self) -> Sequence[Creditor]:
        return [CREDITOR, OTHER_CREDITOR]

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        self._require_up()
        return {each: self.customers_by_id[each] for each in ids if each in self.customers_by_id}

    def customers_with_document(self, document: str) -> Sequence[Customer]:
        return list(self.customers_with_documents([document]).get(document, ()))

    def customers_with_documents(self, documents: Sequence[str]) -> Mapping[str, Sequence[Customer]]:
        self._require_up()
        wanted = {each: self._by_document[each] for each in documents if each in self._by_document}
        return {document: [self.customers_by_id[each] for each in ids] for document, ids in wanted.items()}

    def invoice_statuses(self, invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        self._require_up()
        as_of = self._clock.now() - LAG * self._chosen.random()
        found: dict[str, Invoice] = {}
        for each in invoice_ids:
            invoice = self.books[each].at(as_of) if each in self.books else None
            if invoice is None or each in self.hidden:
                continue
            wrong = self.wrong_status.get(each)
            found[each] = invoice if wrong is None else replace(invoice, status=wrong)
        return found

    def invoices_due(self, customer_ids: Sequence[str], days: Sequence[date]) -> Sequence[Invoice]:
        self._require_up()
        now, wanted = self._clock.now(), frozenset(days)
        shown = (books.at(now) for books in self.books.values())
        return [
            each
            for each in shown
            if each is not None and each.customer_id in customer_ids and {each.due_date, each.debt_due_date} & wanted
        ]

    def holds(self, customer_ids: Sequence[str]) -> Mapping[str, Hold | str]:
        self._require_up()
        return {each: self.held[each] for each in customer_ids if each in self.held}

    def settlements_since(self, day: date) -> Iterator[Entry]:
        self._require_up()
        return iter([each for each in self.listed.values() if _day(each) >= day])

    def _require_up(self) -> None:
        if self.is_down:
            raise HostUnavailable("O ERP não respondeu.")

    # ------------------------------------------------------------------------------------ what the creditor does

    def add_customer(self, customer_id: str, document: str) -> None:
        """Add a customer with all that an inclusion needs."""
        address = Address("RUA DAS ACÁCIAS", "100", "", "CENTRO", "DIVINÓPOLIS", "MG", "35500000")
        self._by_document.setdefault(document, []).append(customer_id)
        self.customers_by_id[customer_id] = Customer(
            customer_id, "MARIA DE EXEMPLO", document, address, date(1980, 5, 17)
        )

    def add_invoice(
        self, invoice_id: str, customer_id: str, due: date, amount: Money, *, gives_original: bool = True
    ) -> None:
        """Add an open invoice; `gives_original`: the ERP keeps its original due date."""
        original = due if gives_original else None
        invoice = Invoice(
            invoice_id,
            customer_id,
            None,
            f"NF-{invoice_id}",
            due,
            amount,
            amount,
            creditor_id=CREDITOR.id,
            original_due_date=original,
        )
        now = self._clock.now()
        self.books[invoice_id] = Books([(now, invoice)], [(now, True)])

    def invoice(self, invoice_id: str) -> Invoice:
        """The invoice in the ERP's own database now."""
        invoice = self.books[invoice_id].versions[-1][1]
        if invoice is None:
            raise LookupError(invoice_id)
        return invoice

    def write(self, invoice_id: str, invoice: Invoice | None, *, owed: bool) -> None:
        """Write the ERP's row, and the truth about the debt."""
        now, books = self._clock.now(), self.books[invoice_id]
        books.versions.append((now, invoice))
        if books.is_owed is not owed:
            books.owed.append((now, owed))

    def pay(self, invoice_id: str, amount: Money | None = None, *, paid_on: date, is_listed: bool = True) -> Settlement:
        """Take a payment, of the whole balance by default; the settlement as the ERP reports it."""
        before = self.invoice(invoice_id)
        paid = before.balance if amount is None else amount
        balance = before.balance - paid
        is_settled = balance.cents == 0
        status = InvoiceStatus.PAID if is_settled else InvoiceStatus.OPEN
        after = replace(before, balance=balance, status=status, paid_on=paid_on if is_settled else None)
        self.write(invoice_id, after, owed=not is_settled)
        settlement = Settlement(self._row(), invoice_id, SettlementKind.PAYMENT, paid_on, paid)
        if is_listed:
            self.listed[settlement.id] = settlement
        return settlement

    def reopen(self, invoice_id: str) -> None:
        """Show the whole invoice as open again."""
        before = self.invoice(invoice_id)
        after = replace(before, balance=before.amount, status=InvoiceStatus.OPEN, paid_on=None)
        self.write(invoice_id, after, owed=True)

    def renumber(self, invoice_id: str, new_id: str) -> None:
        """Give the invoice another id."""
        before, now = self.invoice(invoice_id), self._clock.now()
        self.books[new_id] = Books([(now, replace(before, id=new_id))], [(now, self.books[invoice_id].is_owed)])
        self.write(invoice_id, None, owed=True)

    def reverse(self, settlement: Settlement, on: date) -> Reversal:
        """Reverse a payment; the reversal as the ERP reports it."""
        self.reopen(settlement.invoice_id)
        reversal = Reversal(settlement.id, settlement.invoice_id, on)
        self.listed[f"{settlement.id}/reversal"] = reversal
        return reversal

    def owes(self, invoice_ids: Iterable[str], rule: RemovalRule) -> bool:
        """Whether the record of these invoices is owed now: by the rule one settled invoice removes it, or only all."""
        is_over = all if rule is RemovalRule.ALL_INVOICES_SETTLED else any
        return not is_over(not self.books[each].is_owed for each in invoice_ids)

    def _row(self) -> str:
        self._rows += 1
        return f"row-{self._rows}"


def _day(entry: Entry) -> date:
    return entry.paid_on if isinstance(entry, Settlement) else entry.reversed_on
