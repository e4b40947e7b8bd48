"""An edit that changes the account at the bureau: allowed where it is proved, or stated by a person, to be the same."""

from __future__ import annotations

from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.account import PROOF_SIZE, AccountLookup, Proof, account_of, prove_account
from credit_protection.domain.bureau_answers import LookupResult, RecordFound, RecordKey
from credit_protection.domain.errors import Conflict
from credit_protection.domain.integrations import Integration
from credit_protection.domain.negativations import Negativation
from credit_protection.ports.bureau import BureauGateway
from credit_protection.ports.storage import UnitOfWork


def changes_account(tenant: TenantPorts, before: Integration, after: Integration) -> bool:
    """Whether an edit changes what identifies the account."""
    specs = tenant.gateways.provider(before.gateway).parameters
    return account_of(specs, before.parameters, before.settings.environment) != account_of(
        specs, after.parameters, after.settings.environment
    )


def require_no_call(tenant: TenantPorts, unit: UnitOfWork, integration: Integration) -> None:
    """Require that no call of the integration is running. Raises `Conflict`."""
    if unit.negativations.has_claim(integration.id, tenant.clock.now()):
        raise Conflict(
            "Há envios em andamento nesta integração. Desative-a, espere um minuto e altere a conta de novo.",
            code="envio_em_andamento",
        )


def prove_same_account(tenant: TenantPorts, before: Integration, after: Integration) -> bool:
    """Look standing records up with the new parameters. Outside any transaction.

    Returns:
        Whether it is proved to be the same account; False where nothing can be proved.

    Raises:
        Conflict: it is proved to be another account.
        BureauError: the bureau could not be asked with the new parameters; nothing was changed.
    """
    with tenant.storage.read_only() as unit:
        require_no_call(tenant, unit, before)
        standing = unit.negativations.standing(before.id, PROOF_SIZE)
    if not standing or not tenant.gateways.provider(before.gateway).capabilities.find:
        return False
    old = tenant.gateways.for_integration(before)
    with tenant.gateways.temporary(after) as new:
        proof = prove_account([_looked_up(new, old, each) for each in standing])
    if proof is Proof.OTHER:
        raise Conflict(
            "Os novos parâmetros levam a outra conta do birô: registros em aberto não constam nela e constam na "
            "anterior. Para outra conta, cadastre outra integração.",
            code="conta_diferente",
        )
    return proof is Proof.SAME


def require_statement(statement: str) -> None:
    """Require a person's statement that it is the same account. Raises `Conflict`."""
    if not statement.strip():
        raise Conflict(
            "Não foi possível comprovar que os novos parâmetros são da mesma conta, e há negativações em aberto. "
            "Confira com o birô e, se for a mesma conta, repita dizendo como sabe: --same-account.",
            code="conta_nao_comprovada",
        )


def _looked_up(new: BureauGateway, old: BureauGateway, negativation: Negativation) -> AccountLookup:
    key = RecordKey(negativation.document, negativation.reference, negativation.due_date, negativation.bureau_id)
    found: LookupResult = new.find(key)
    return AccountLookup(found) if isinstance(found, RecordFound) else AccountLookup(found, old.find(key))
