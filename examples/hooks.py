"""A plugin that implements every hook: `python examples/hooks.py` prints what each one gives or receives.

The ERP and the bureau are the test kit's fakes; an installation gives its own.
"""

import tempfile
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from credit_protection import (
    Actor,
    Alarm,
    Candidate,
    Configuration,
    CreditProtection,
    CreditQuery,
    Divergence,
    Event,
    Finding,
    Guard,
    InclusionTerms,
    NegativationRequest,
    RemovalReason,
    Severity,
    Storage,
    hookimpl,
    plugin_manager,
)
from credit_protection.testing import FakeBureau, FakeErp, sqlite_storage

ANA = Actor.with_role("ana", "Ana", "administrador")


class TokenVault:
    """Keeps secrets apart from the database, as a secret store of the company would."""

    def __init__(self) -> None:
        self._secrets: dict[str, str] = {}

    def encrypt(self, secret: str) -> str:
        token = uuid.uuid4().hex
        self._secrets[token] = secret
        return token

    def decrypt(self, encrypted: str) -> str:
        return self._secrets[encrypted]


def require_postal_code(candidate: Candidate, _: InclusionTerms) -> list[Finding]:
    """A guard: no negativation of a customer whose address has no CEP."""
    if candidate.customer.address.postal_code:
        return []
    return [Finding("sem_cep", Severity.BLOCK, f"{candidate.customer.name} não tem CEP no cadastro.", "address")]


class EveryHook:
    """Declares only the arguments that it needs."""

    def __init__(self) -> None:
        self.erp = FakeErp()
        self.erp.add_customer("c1", "90010020055")
        self.erp.add_invoice("i1", "c1", date(2026, 10, 5))

    @hookimpl
    def credit_protection_bureaus(self) -> Sequence[FakeBureau]:
        return [FakeBureau(synchronous=True)]

    @hookimpl
    def credit_protection_host(self, tenant: str) -> FakeErp | None:
        return self.erp if tenant == "matriz" else None  # one ERP per tenant

    @hookimpl
    def credit_protection_storage(self, tenant: str, configuration: Configuration) -> Storage:
        return sqlite_storage(configuration.home / f"{tenant}.sqlite")

    @hookimpl
    def credit_protection_vault(self) -> TokenVault:
        return TokenVault()

    @hookimpl
    def credit_protection_queue(self, configuration: Configuration) -> None:
        print("credit_protection_queue:", configuration.queue)  # and returns none: the configured engine works

    @hookimpl
    def credit_protection_guards(self) -> Sequence[Guard]:
        return [require_postal_code]

    @hookimpl
    def credit_protection_navigation(self) -> Sequence[Mapping[str, str]]:
        return [
            {"label": "Negativar", "screen": "negativate", "permission": "negativate", "under": "Cobrança"},
            {"label": "Ajuda", "screen": "help", "permission": "", "under": "Cobrança"},
        ]

    @hookimpl
    def credit_protection_negativation_event(self, tenant: str, event: Event) -> None:
        print("credit_protection_negativation_event:", tenant, event.kind.value)

    @hookimpl
    def credit_protection_query_answered(self, query: CreditQuery) -> None:
        print("credit_protection_query_answered:", query.document.masked, query.status.value)

    @hookimpl
    def credit_protection_divergence(self, divergence: Divergence) -> None:
        print("credit_protection_divergence:", divergence.code.value, divergence.message)

    @hookimpl
    def credit_protection_alarm(self, alarm: Alarm) -> None:
        print("credit_protection_alarm:", alarm.code.value)


def main() -> None:
    plugin = EveryHook()
    plugin_manager().register(plugin)
    with tempfile.TemporaryDirectory(prefix="hooks-") as folder:
        protection = CreditProtection("matriz", Configuration(Path(folder)))
        integration = protection.integrations.register(
            ANA, gateway="fake", description="Birô", creditor_id="1", parameters={"user": "u", "password": "secret"}
        )
        protection.integrations.synchronise(ANA, integration.id)
        protection.queries.run(ANA, integration_id=integration.id, product_code="BASIC", document="900.100.200-55")
        request = NegativationRequest(integration.id, "c1", ["i1"], "DEV")
        (negativation,) = protection.negativations.create(ANA, request)
        protection.worker.run_until_idle()
        invoice = plugin.erp.invoices_by_id["i1"]
        plugin.erp.invoices_by_id["i1"] = replace(invoice, creditor_id="2")  # the ERP's users moved it
        protection.payments.recheck(ANA, ["i1"])
        protection.sweep.run()
        protection.negativations.delete(ANA, negativation.id, reason=RemovalReason.COURT_ORDER)
        protection.sweep.run()
        attendant = Actor.with_role("davi", "Davi", "atendente")
        print("navigation:", [entry["label"] for entry in protection.navigation(attendant)])
        protection.close()


if __name__ == "__main__":
    main()
