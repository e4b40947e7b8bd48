"""The do-not-negativate list as it counts: for the person, whatever customer record it stands on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.customers import Customer
from credit_protection.domain.holds import Hold, as_hold, decisive
from credit_protection.domain.parsing import compact_document


def read_holds(tenant: TenantPorts, customers: Sequence[Customer]) -> Mapping[str, Mapping[str, Hold]]:
    """By customer id, the holds on all customer records with the same document, by the id of the record.

    Who is on no list is absent. Two calls of the host, however many customers.

    Raises:
        HostUnavailable: the host can't be read.
    """
    host = tenant.host
    if not host.capabilities.holds or not customers:
        return {}
    documents = {each.id: compact_document(each.document) for each in customers}
    wanted = sorted({document for document in documents.values() if document})
    records = host.customers_with_documents(wanted) if wanted else {}
    same = {
        customer_id: {customer_id, *(each.id for each in records.get(document, ()))}
        for customer_id, document in documents.items()
    }
    on_hold = host.holds(sorted({record for ids in same.values() for record in ids}))
    holds = {record: as_hold(given) for record, given in on_hold.items()}
    return {
        customer_id: theirs
        for customer_id, ids in same.items()
        if (theirs := {record: holds[record] for record in sorted(ids) if record in holds})
    }


def decisive_hold(tenant: TenantPorts, customer: Customer) -> Mapping[str, Hold]:
    """The hold that counts for a customer, under their id; empty where there is none. Raises `HostUnavailable`."""
    return {key: decisive(holds.values()) for key, holds in read_holds(tenant, [customer]).items()}
