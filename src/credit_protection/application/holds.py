"""The do-not-negativate list as it counts: for the person, whatever customer record it stands on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.comparison.held import DebtorHolds
from credit_protection.domain.customers import Customer
from credit_protection.domain.holds import Hold, as_hold, decisive
from credit_protection.domain.parsing import compact_document


def read_holds(tenant: TenantPorts, customers: Sequence[Customer]) -> Mapping[str, Mapping[str, Hold]]:
    """By customer id, the holds on all customer records with the same document, by the id of the record.

    Who is on no list is absent. Two calls of the host, however many customers.

    Raises:
        HostUnavailable: the host can't be read.
    """
    debtors = {each.id: (each.id, compact_document(each.document)) for each in customers}
    return {key: found.holds for key, found in read_debtor_holds(tenant, debtors).items() if found.holds}


def read_debtor_holds(tenant: TenantPorts, debtors: Mapping[str, tuple[str, str]]) -> Mapping[str, DebtorHolds]:
    """By any key, the holds of the debtor with this customer id and compact document.

    Two calls of the host, however many debtors; none where it has no list.

    Raises:
        HostUnavailable: the host can't be read.
    """
    host = tenant.host
    if not host.capabilities.holds or not debtors:
        return {}
    wanted = sorted({document for _, document in debtors.values() if document})
    found = host.customers_with_documents(wanted) if wanted else {}
    same = {document: frozenset(each.id for each in customers) for document, customers in found.items()}
    own = {customer_id for customer_id, _ in debtors.values() if customer_id}
    given = host.holds(sorted(own.union(*same.values())))
    holds = {record: as_hold(given[record]) for record in sorted(given)}
    answers: dict[str, DebtorHolds] = {}
    for key, (customer_id, document) in debtors.items():
        records = same.get(document, frozenset())
        theirs = {each: holds[each] for each in sorted(records | {customer_id}) if each in holds} if holds else {}
        answers[key] = DebtorHolds(records, theirs)
    return answers


def decisive_hold(tenant: TenantPorts, customer: Customer) -> Mapping[str, Hold]:
    """The hold that counts for a customer, under their id; empty where there is none. Raises `HostUnavailable`."""
    return {key: decisive(holds.values()) for key, holds in read_holds(tenant, [customer]).items()}
