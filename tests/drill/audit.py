"""At the end: the bureau's book and the ERP's against our records. Every count must be zero."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from credit_protection.domain.events import EventKind
from credit_protection.domain.legal_calendar import RemovalCause
from credit_protection.domain.negativations import Desired, Observed
from credit_protection.ports.storage import NegativationFilter, Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credit_protection.containers import Container
    from credit_protection.domain.negativations import Negativation
    from tests.drill.database import Database, Row

_DECISION = timedelta(seconds=5)
"""How long after its `applied_at` a decision may have been taken: it waits for locks."""


@dataclass
class Findings:
    """What is wrong, by kind, each with whom it befell.

    `lost`: what we believe of it is not what the bureau holds; a record or a request at the bureau that we know nothing
    of; a settlement of the ERP's that was never decided upon, or one that the ERP rolled back and we kept.
    `paid_at_bureau`: the debt ceased, and the bureau holds the record. `unpaid_removed`: removed or cancelled, though
    the debt stands and no person asked. `repeated`: requests for an effect that already stood. `doubled`: two records
    of one debt. `stuck`: transmissions still open.
    """

    lost: list[str] = field(default_factory=list)
    paid_at_bureau: list[str] = field(default_factory=list)
    unpaid_removed: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """How many of each."""
        return {name: len(found) for name, found in vars(self).items()}

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong."""
        return not any(vars(self).values())


@dataclass(frozen=True)
class _Book:
    """The bureau's, by contract reference."""

    standing: Counter[str]
    ended: Counter[str]
    included: Counter[str]
    removed: Counter[str]


def audit(container: Container, database: Database, ledger: dict[str, Any]) -> Findings:
    """Compare everything with everything.

    Args:
        container: ours.
        database: the ERP's.
        ledger: the simulator's whole book.
    """
    findings = Findings()
    negativations = list(_all(container))
    book = _book(ledger)
    invoices = {row[0]: row for row in database.rows("SELECT id, balance, status, ceased FROM erp_invoice")}
    deleted = {row[0] for row in database.rows("SELECT invoice_id FROM erp_deletion")}
    partly_paid = {row[0] for row in database.rows("SELECT invoice_id FROM erp_entry WHERE is_reversal = 0")}
    for negativation in negativations:
        _compare(negativation, book, findings)
        (invoice,) = negativation.invoices
        _, balance, status, ceased = invoices[invoice.invoice_id]
        owes = status == "open" and balance > 0
        stands = bool(book.standing[negativation.reference])
        if not owes and stands:
            findings.paid_at_bureau.append(f"{negativation.reference} ({invoice.invoice_id}, {status})")
        if owes and _is_out(negativation) and invoice.invoice_id not in deleted:
            if not ceased and not (invoice.invoice_id in partly_paid and _is_refused_at_the_claim(negativation)):
                causes = [trigger.cause.value for trigger in negativation.triggers]
                findings.unpaid_removed.append(f"{negativation.reference} ({invoice.invoice_id}): {causes}")
            elif ceased and (wrong := _removed_after_reversal(container, database, negativation)):
                findings.unpaid_removed.append(f"{negativation.reference} ({invoice.invoice_id}): {wrong}")
    _untraced(negativations, ledger, book, findings)
    _unasked(negativations, database, invoices, findings)
    _settlements(database, findings)
    findings.repeated += [
        f"{request['operation']} {request['contrato']}: {request['outcome']}"
        for request in ledger["requests"]
        if request["repeated"] or request["reinclusion"]
    ]
    findings.doubled += [f"{reference}: {count}" for reference, count in book.standing.items() if count > 1]
    return findings


def _all(container: Container) -> Iterator[Negativation]:
    cursor: str | None = None
    while True:
        with container.storage().reading() as unit:
            listed = unit.negativations.list(NegativationFilter(), Page(500, cursor))
        yield from listed.items
        cursor = listed.cursor
        if cursor is None:
            return


def _book(ledger: dict[str, Any]) -> _Book:
    book = _Book(Counter(), Counter(), Counter(), Counter())
    for record in ledger["records"]:
        is_over = record["situacao"] == "EXCLUSAO" or (
            record["situacao"] == "ERRO" and record["operacao"] == "INCLUSAO"
        )
        (book.ended if is_over else book.standing)[record["contrato"]] += 1
    sent = {"include": book.included, "remove": book.removed}
    for request in ledger["requests"]:
        if request["operation"] in sent and request["contrato"] is not None:
            sent[request["operation"]][request["contrato"]] += 1
    return book


def _compare(negativation: Negativation, book: _Book, findings: Findings) -> None:
    """What we believe against what is there."""
    reference, observed = negativation.reference, negativation.observed
    standing, ended = book.standing[reference], book.ended[reference]
    if negativation.transmission.is_open:
        work = negativation.transmission
        why = f"{observed}, {negativation.desired}, {work.action}, {work.last_error}"
        findings.stuck.append(f"{reference}: {why}{', blocked' if work.block else ''}")
    match observed:
        case Observed.PRESENT:
            agrees = standing >= 1
        case Observed.GONE | Observed.REJECTED:
            agrees = not standing and ended >= 1
        case Observed.ABSENT:
            agrees = not standing
        case _:
            agrees = negativation.transmission.is_open  # told as stuck
    if not agrees:
        findings.lost.append(f"{reference}: {observed} here, {standing} standing and {ended} ended there")


def _is_out(negativation: Negativation) -> bool:
    return negativation.observed in {Observed.GONE, Observed.REJECTED} or (
        negativation.observed is Observed.ABSENT and negativation.desired is Desired.REMOVED
    )


def _is_refused_at_the_claim(negativation: Negativation) -> bool:
    """Cancelled before sending, since the guards refused it: a part was paid, and it said more than is owed."""
    return negativation.observed is Observed.ABSENT and all(
        trigger.cause is RemovalCause.GUARD for trigger in negativation.triggers
    )


def _removed_after_reversal(container: Container, database: Database, negativation: Negativation) -> str:
    """The debt had ceased once: was it still so when the removal was claimed? Empty where it was."""
    with container.storage().reading() as unit:
        history = unit.negativations.history(negativation.id)
    claimed = [
        event.at for event in history if event.kind is EventKind.CLAIMED and event.detail.get("action") == "remove"
    ]
    if not claimed:
        return ""
    invoice = negativation.invoices[0]
    sql = "SELECT settlement_id, is_reversal, amount_cents, applied_at FROM cp_settlement WHERE invoice_id = ?"
    standing: dict[str, int] = defaultdict(int)
    for key, is_reversal, amount, applied_at in sorted(
        database.rows(sql, invoice.invoice_id), key=lambda row: bool(row[1])
    ):
        if not is_reversal:
            standing[key] = invoice.principal.cents if amount is None else amount
        elif applied_at is not None and _instant(applied_at) + _DECISION < claimed[0]:
            standing.pop(key, None)
    is_settled = sum(standing.values()) >= invoice.principal.cents
    return "" if is_settled else f"its payment was reversed before the removal was claimed at {claimed[0]}"


def _untraced(negativations: list[Negativation], ledger: dict[str, Any], book: _Book, findings: Findings) -> None:
    """Records and requests at the bureau that no claim of ours explains."""
    ours = {negativation.reference: negativation for negativation in negativations}
    for record in ledger["records"]:
        if record["contrato"] not in ours:
            findings.lost.append(f"{record['contrato']}: a record that we know nothing of")
    for what, counted in (("inclusion", book.included), ("removal", book.removed)):
        for reference, count in counted.items():
            claims = getattr(ours[reference], f"{what}_claims") if reference in ours else 0
            if count > claims:
                findings.lost.append(f"{reference}: {count} {what} requests, {claims} claimed")


def _unasked(
    negativations: list[Negativation], database: Database, invoices: dict[str, Row], findings: Findings
) -> None:
    """A person asked, the debt never ceased, and there is no negativation."""
    covered = {invoice.invoice_id for negativation in negativations for invoice in negativation.invoices}
    del database
    for invoice_id, _, _, ceased in invoices.values():
        if invoice_id not in covered and not ceased:
            findings.lost.append(f"{invoice_id}: asked for, and there is none")


def _settlements(database: Database, findings: Findings) -> None:
    """What the ERP told against our ledger of it."""
    told = {
        (key, bool(is_reversal))
        for key, is_reversal in database.rows("SELECT id, is_reversal FROM erp_entry WHERE is_told = 1")
    }
    known = database.rows("SELECT settlement_id, is_reversal, applied_at FROM cp_settlement")
    every = {row[0] for row in database.rows("SELECT id FROM erp_entry")}
    missing = told - {(row[0], bool(row[1])) for row in known}
    findings.lost += [f"settlement {key}: told by the ERP, and not recorded" for key, _ in sorted(missing)]
    for key, _, applied_at in known:
        if applied_at is None:
            findings.lost.append(f"settlement {key}: never applied")
        if key not in every and not key.startswith("standing:"):
            findings.lost.append(f"settlement {key}: rolled back by the ERP, and recorded")


def _instant(value: object) -> datetime:
    """As the driver gives it."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
