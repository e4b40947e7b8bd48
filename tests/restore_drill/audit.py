"""The audits of a restore drill, against the bureau's ledger and the ERP: every count must be zero."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from credit_protection.domain.divergences import Side
from credit_protection.domain.state_table import Action, Desired, Observed
from credit_protection.ports.storage import DivergenceFilter, PageRequest
from tests.restore_drill.installation import ANA, PAGE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from credit_protection.domain.divergences import Divergence
    from tests.restore_drill.installation import Installation

Key = tuple[str, str]
"""A debt as both sides name it: document and due date."""
_LEFT = "EXCLUSAO"


@dataclass
class Findings:
    """What is wrong, by kind.

    `unfound`: a record that the bureau gained or lost, and that no divergence shows and no negativation knows. `early`:
    an inclusion was sent before a person let inclusions go on. `revived`: a record that had left the bureau was
    included again, though no person asked again. `paid_stays`: the debt ceased, and the bureau holds its record.
    `unpaid_removed`: owed, and it left without a reason. `unwarned`: the ERP shows a debt open beside a payment that it
    undid, no removal was claimed, and no alarm says so. `doubled`: two records of one debt. `lost`: our record differs
    from the bureau's. `reopened`: a second reconciliation opened something new. `stuck`: work that is not done.
    """

    unfound: list[str] = field(default_factory=list)
    early: list[str] = field(default_factory=list)
    revived: list[str] = field(default_factory=list)
    paid_stays: list[str] = field(default_factory=list)
    unpaid_removed: list[str] = field(default_factory=list)
    unwarned: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    reopened: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """How many of each."""
        return {name: len(found) for name, found in vars(self).items()}

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong."""
        return not any(vars(self).values())


@dataclass(frozen=True)
class BureauTruth:
    """The bureau's records at one moment."""

    records: tuple[dict[str, Any], ...]
    inclusions: int

    @classmethod
    def read(cls, installation: Installation) -> BureauTruth:
        """From its ledger."""
        ledger = installation.bureau.ledger()
        inclusions = sum(each["operation"] == "include" for each in ledger["requests"])
        return cls(tuple(ledger["records"]), inclusions)

    @property
    def standing(self) -> list[dict[str, Any]]:
        """What harms a debtor."""
        return [each for each in self.records if is_standing(each)]

    @property
    def keys(self) -> Counter[Key]:
        """How many records of each debt stand."""
        return Counter(key_of(each) for each in self.standing)


def is_standing(record: dict[str, Any]) -> bool:
    """Whether it is on file, or will be."""
    is_removed = record["operacao"] == _LEFT and record["situacao"] != "ERRO"
    return not is_removed and (record["operacao"], record["situacao"]) != ("INCLUSAO", "ERRO")


def key_of(record: dict[str, Any]) -> Key:
    """The debt of a record."""
    return record["documento"], record["vencimento"]


def invoices_by_key(installation: Installation) -> dict[Key, str]:
    """The ERP's invoices."""
    erp = installation.erp
    return {
        (erp.customers_by_id[each.customer_id].document, each.due_date.isoformat()): each.id
        for each in erp.invoices_by_id.values()
    }


def open_divergences(installation: Installation) -> Iterator[Divergence]:
    """Of both sides."""
    cursor: str | None = None
    while True:
        page = installation.protection.divergences.list(ANA, DivergenceFilter(is_open=True), PageRequest(PAGE, cursor))
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return


def find_unfound(installation: Installation, findings: Findings) -> None:
    """After a reconciliation, before any decision: what neither a divergence shows nor a negativation knows."""
    truth = BureauTruth.read(installation)
    shown = {each.subject for each in open_divergences(installation) if each.side is Side.BUREAU}
    negativations = list(installation.negativations())
    known = {
        (each.reference, each.due_date.isoformat()): each
        for each in negativations
        if not each.is_closed and each.observed is not Observed.ABSENT
    }
    for record in truth.standing:
        one = known.get((record["contrato"], record["vencimento"]))
        is_known = one is not None and one.bureau_id == record["id"]
        if not is_known and f"{installation.integration_id}:{record['id']}" not in shown:
            findings.unfound.append(f"{record['id']} stands, and nothing shows it")
    standing = {record["id"] for record in truth.standing}
    seen = {record["contrato"] for record in truth.records}
    for each in negativations:
        believed = each.observed is Observed.PRESENT and each.desired is Desired.INCLUDED
        if believed and each.bureau_id not in standing and each.id not in shown:
            findings.unfound.append(f"{each.reference} left, and nothing shows it")
        is_waiting = not each.is_closed and each.transmission.action is Action.INCLUDE
        if is_waiting and each.reference in seen:
            findings.unfound.append(f"{each.reference} was included once, and waits to be included")


@dataclass(frozen=True)
class BeforeAndAfter:
    """What the last audit compares: the bureau when the backup was put back, and who asked for what since.

    Args:
        restored: the bureau at that moment.
        asked: invoices that a person negativated after the restore, or that waited for their first inclusion then.
        released: invoices whose removal had a reason that the ERP no longer shows, and was claimed before.
    """

    restored: BureauTruth
    asked: Collection[str]
    released: Collection[str]


def audit(installation: Installation, before: BeforeAndAfter, findings: Findings) -> None:
    """At the end: our records, the bureau's and the ERP's are the same."""
    truth, erp = BureauTruth.read(installation), installation.erp
    invoices = invoices_by_key(installation)
    stood = before.restored.keys
    for key, count in truth.keys.items():
        invoice_id = invoices[key]
        if not erp.owes(invoice_id):
            findings.paid_stays.append(f"{invoice_id} ({erp.invoices_by_id[invoice_id].status})")
        if count > 1:
            findings.doubled.append(invoice_id)
        if not stood[key] and invoice_id not in before.asked:
            findings.revived.append(invoice_id)
    for key in stood.keys() - truth.keys.keys():
        invoice_id = invoices[key]
        if erp.owes(invoice_id) and invoice_id not in before.released:
            findings.unpaid_removed.append(invoice_id)
    _compare(installation, truth, findings)


def _compare(installation: Installation, truth: BureauTruth, findings: Findings) -> None:
    ours = {
        (each.reference, each.due_date.isoformat()): each for each in installation.negativations() if not each.is_closed
    }
    theirs = {(each["contrato"], each["vencimento"]) for each in truth.standing}
    for key in theirs - ours.keys():
        findings.lost.append(f"{key[0]} stands, and is closed or unknown here")
    for key, each in ours.items():
        if each.transmission.action.is_call or each.transmission.claim is not None:
            findings.stuck.append(f"{each.reference}: {each.observed}, {each.desired}, {each.transmission.action}")
        elif key not in theirs:
            findings.lost.append(f"{each.reference} is {each.observed} here, and does not stand")
