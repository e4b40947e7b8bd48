"""The audit after a drill: our records against the bureau's ledger and the ERP's tables. Every count must be zero."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from credit_protection.domain.events import EventKind
from credit_protection.domain.removal_policy import RemovalCause
from credit_protection.domain.state_table import Desired, Observed
from credit_protection.ports.storage import NegativationFilter, PageRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from credit_protection.containers import Container
    from credit_protection.domain.negativations import Negativation
    from tests.drill.database import Database, Row

_DECISION = timedelta(seconds=5)
"""A decision may come so long after its `applied_at`: it waits for locks."""


@dataclass
class Findings:
    """What is wrong, by kind.

    `lost`: our record differs from the bureau's; the bureau has a record or request without a claim; a requested
    negativation does not exist; a settlement was not recorded, or was recorded though the ERP rolled it back.
    `paid_at_bureau`: the debt ceased, and the bureau holds the record. `unpaid_removed`: removed or cancelled, though
    the debt is owed and no person asked for it. `repeated`: requests for an effect that existed already. `doubled`: two
    records of one debt. `stuck`: transmissions still open, settlements not applied.
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
class _BureauLedger:
    """The bureau's records and requests, counted by contract reference."""

    active: Counter[str]
    ended: Counter[str]
    included: Counter[str]
    removed: Counter[str]


def audit(container: Container, database: Database, ledger: dict[str, Any], unrequested: AbstractSet[str]) -> Findings:
    """Compare our records with the bureau's ledger and the ERP's tables.

    Args:
        container: of the package.
        database: of the ERP.
        ledger: all that the simulated bureau recorded.
        unrequested: invoices that no person had negativated yet when the load ended.
    """
    findings = Findings()
    negativations = list(_all(container))
    bureau = _bureau_ledger(ledger)
    invoices = {row[0]: row for row in database.rows("SELECT id, balance, status, ceased FROM erp_invoice")}
    deleted = {row[0] for row in database.rows("SELECT invoice_id FROM erp_deletion")}
    partly_paid = {row[0] for row in database.rows("SELECT invoice_id FROM erp_entry WHERE is_reversal = 0")}
    for negativation in negativations:
        _compare(negativation, bureau, findings)
        (invoice,) = negativation.invoices
        _, balance, status, ceased = invoices[invoice.invoice_id]
        owes = status == "open" and balance > 0
        is_active = bool(bureau.active[negativation.reference])
        if not owes and is_active:
            findings.paid_at_bureau.append(f"{negativation.reference} ({invoice.invoice_id}, {status})")
        if owes and _is_out(negativation) and invoice.invoice_id not in deleted:
            if not ceased and not (invoice.invoice_id in partly_paid and _is_refused_at_the_claim(negativation)):
                causes = [trigger.cause.value for trigger in negativation.triggers]
                findings.unpaid_removed.append(f"{negativation.reference} ({invoice.invoice_id}): {causes}")
            elif ceased and (wrong := _removed_after_reversal(container, database, negativation)):
                findings.unpaid_removed.append(f"{negativation.reference} ({invoice.invoice_id}): {wrong}")
    _untraced(negativations, ledger, bureau, findings)
    findings.lost += missing_negativations(negativations, invoices.values(), unrequested)
    _settlements(database, findings)
    findings.repeated += [
        f"{request['operation']} {request['contrato']}: {request['outcome']}"
        for request in ledger["requests"]
        if request["repeated"] or request["reinclusion"]
    ]
    findings.doubled += [f"{reference}: {count}" for reference, count in bureau.active.items() if count > 1]
    return findings


def _all(container: Container) -> Iterator[Negativation]:
    cursor: str | None = None
    while True:
        with container.storage().read_only() as unit:
            listed = unit.negativations.list(NegativationFilter(), PageRequest(500, cursor))
        yield from listed.items
        cursor = listed.cursor
        if cursor is None:
            return


def _bureau_ledger(ledger: dict[str, Any]) -> _BureauLedger:
    bureau = _BureauLedger(Counter(), Counter(), Counter(), Counter())
    for record in ledger["records"]:
        is_over = record["situacao"] == "EXCLUSAO" or (
            record["situacao"] == "ERRO" and record["operacao"] == "INCLUSAO"
        )
        (bureau.ended if is_over else bureau.active)[record["contrato"]] += 1
    sent = {"include": bureau.included, "remove": bureau.removed}
    for request in ledger["requests"]:
        if request["operation"] in sent and request["contrato"] is not None:
            sent[request["operation"]][request["contrato"]] += 1
    return bureau


def _compare(negativation: Negativation, bureau: _BureauLedger, findings: Findings) -> None:
    """Compare our record with the bureau's."""
    reference, observed = negativation.reference, negativation.observed
    active, ended = bureau.active[reference], bureau.ended[reference]
    if negativation.transmission.is_open:
        work = negativation.transmission
        why = f"{observed}, {negativation.desired}, {work.action}, {work.last_error}"
        findings.stuck.append(f"{reference}: {why}{', blocked' if work.block else ''}")
    match observed:
        case Observed.PRESENT:
            agrees = active >= 1
        case Observed.GONE | Observed.REJECTED:
            agrees = not active and ended >= 1
        case Observed.ABSENT:
            agrees = not active
        case _:
            agrees = negativation.transmission.is_open  # reported as stuck
    if not agrees:
        findings.lost.append(f"{reference}: {observed} here, {active} active and {ended} ended there")


def _is_out(negativation: Negativation) -> bool:
    return negativation.observed in {Observed.GONE, Observed.REJECTED} or (
        negativation.observed is Observed.ABSENT and negativation.desired is Desired.REMOVED
    )


def _is_refused_at_the_claim(negativation: Negativation) -> bool:
    """Cancelled before sending: a part was paid, and the guards refused the higher amount."""
    return negativation.observed is Observed.ABSENT and all(
        trigger.cause is RemovalCause.GUARD for trigger in negativation.triggers
    )


def _removed_after_reversal(container: Container, database: Database, negativation: Negativation) -> str:
    """Why a removal was wrong: its payment was reversed before the claim; empty where it was right."""
    with container.storage().read_only() as unit:
        history = unit.negativations.history(negativation.id)
    claimed = [
        event.at for event in history if event.kind is EventKind.CLAIMED and event.detail.get("action") == "remove"
    ]
    if not claimed:
        return ""
    invoice = negativation.invoices[0]
    sql = "SELECT settlement_id, is_reversal, amount_cents, applied_at FROM cp_settlement WHERE invoice_id = ?"
    in_force: dict[str, int] = defaultdict(int)
    for key, is_reversal, amount, applied_at in sorted(
        database.rows(sql, invoice.invoice_id), key=lambda row: bool(row[1])
    ):
        if not is_reversal:
            in_force[key] = invoice.principal.cents if amount is None else amount
        elif applied_at is not None and _instant(applied_at) + _DECISION < claimed[0]:
            in_force.pop(key, None)
    is_settled = sum(in_force.values()) >= invoice.principal.cents
    return "" if is_settled else f"its payment was reversed before the removal was claimed at {claimed[0]}"


def _untraced(
    negativations: list[Negativation], ledger: dict[str, Any], bureau: _BureauLedger, findings: Findings
) -> None:
    """Find records and requests at the bureau that no claim of ours explains."""
    ours = {negativation.reference: negativation for negativation in negativations}
    for record in ledger["records"]:
        if record["contrato"] not in ours:
            findings.lost.append(f"{record['contrato']}: a record without a negativation")
    for what, counted in (("inclusion", bureau.included), ("removal", bureau.removed)):
        for reference, count in counted.items():
            claims = getattr(ours[reference], f"{what}_claims") if reference in ours else 0
            if count > claims:
                findings.lost.append(f"{reference}: {count} {what} requests, {claims} claimed")


def missing_negativations(
    negativations: Iterable[Negativation], invoices: Iterable[Row], unrequested: AbstractSet[str]
) -> list[str]:
    """Invoices that a person requested, whose debt never ceased, and that have no negativation."""
    covered = {invoice.invoice_id for negativation in negativations for invoice in negativation.invoices}
    return [
        f"{invoice_id}: requested, and has no negativation"
        for invoice_id, _, _, ceased in invoices
        if invoice_id not in covered and not ceased and invoice_id not in unrequested
    ]


def _settlements(database: Database, findings: Findings) -> None:
    """Compare the ERP's entries with our ledger."""
    reported = {
        (key, bool(is_reversal))
        for key, is_reversal in database.rows("SELECT id, is_reversal FROM erp_entry WHERE is_reported = 1")
    }
    known = database.rows("SELECT settlement_id, is_reversal, applied_at FROM cp_settlement")
    every = {row[0] for row in database.rows("SELECT id FROM erp_entry")}
    missing = reported - {(row[0], bool(row[1])) for row in known}
    findings.lost += [f"settlement {key}: reported by the ERP, and not recorded" for key, _ in sorted(missing)]
    for key, _, applied_at in known:
        if applied_at is None:
            findings.stuck.append(f"settlement {key}: not applied")
        if key not in every and not key.startswith("status:"):
            findings.lost.append(f"settlement {key}: rolled back by the ERP, and recorded")


def _instant(value: object) -> datetime:
    """The instant, as either driver gives it."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
