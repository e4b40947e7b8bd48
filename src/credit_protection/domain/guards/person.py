"""Guards about the person: document, nature, identity, address, texts, do-not-negativate list."""

from __future__ import annotations

from credit_protection.domain.abbreviations import abbreviate
from credit_protection.domain.capabilities import Overflow
from credit_protection.domain.customers import Customer
from credit_protection.domain.documents import Document, PersonType, parse_document
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.findings import Finding, Severity
from credit_protection.domain.guards.facts import Candidate, InclusionTerms

_BLOCK, _WARN = Severity.BLOCK, Severity.WARN


def check_document(candidate: Candidate, terms: InclusionTerms, findings: list[Finding]) -> Document | None:
    """The document is valid, and the gateway takes it."""
    try:
        document = parse_document(candidate.customer.document)
    except InvalidInput as error:
        findings.append(Finding(error.code, _BLOCK, error.message, "document"))
        return None
    if document.is_alphanumeric and not terms.capabilities.alphanumeric_cnpj:
        findings.append(
            Finding(
                "cnpj_alfanumerico",
                _BLOCK,
                "Este birô ainda não aceita CNPJ com letras. Use outra integração.",
                "document",
            )
        )
    takes = terms.capabilities.includes_pf if document.person_type is PersonType.PF else terms.capabilities.includes_pj
    if not (takes and terms.capabilities.include):
        kind = document.person_type.value
        findings.append(
            Finding("gateway_pessoa", _BLOCK, f"Este birô não inclui {kind}. Use outra integração.", "integration")
        )
    return document


def check_nature(
    candidate: Candidate, terms: InclusionTerms, person_type: PersonType | None, findings: list[Finding]
) -> None:
    """The gateway knows the nature, and it admits the person type (rule 2)."""
    nature = terms.natures.get(candidate.nature_code)
    if nature is None:
        message = (
            f"A natureza {candidate.nature_code!r} não existe neste birô. Sincronize a integração e escolha outra."
        )
        findings.append(Finding("natureza_desconhecida", _BLOCK, message, "nature"))
        return
    if person_type is None:
        return
    admits = nature.admits(person_type)
    if admits is None:
        message = (
            f"O birô não diz se a natureza {nature.code} ({nature.description}) vale para {person_type.value}. "
            "Confira antes de enviar."
        )
        findings.append(Finding("natureza_sem_marca", _WARN, message, "nature"))
    elif not admits:
        message = (
            f"A natureza {nature.code} ({nature.description}) não vale para {person_type.value}. "
            f"Escolha uma natureza de {person_type.value}."
        )
        findings.append(Finding("natureza_pessoa", _BLOCK, message, "nature"))


def check_person(
    candidate: Candidate, terms: InclusionTerms, person_type: PersonType | None, findings: list[Finding]
) -> None:
    """Name and, for PF, age."""
    if not candidate.customer.name.strip():
        findings.append(Finding("nome_ausente", _BLOCK, "O cliente está sem nome. Complete o cadastro no ERP.", "name"))
    if person_type is not PersonType.PF:
        return
    birth = candidate.customer.birth_date
    if birth is None:
        message = "A data de nascimento é desconhecida: confira se o cliente tem 18 anos ou mais."
        findings.append(Finding("nascimento_desconhecido", _WARN, message, "birth_date"))
    elif birth > terms.adult_since:
        message = "O cliente tem menos de 18 anos e não pode ser negativado. Confira a data de nascimento."
        findings.append(Finding("menor_de_idade", _BLOCK, message, "birth_date"))


_FIELD_LABELS = {
    "name": "O nome",
    "street": "O logradouro",
    "number": "O número",
    "complement": "O complemento",
    "district": "O bairro",
    "city": "A cidade",
}
_REQUIRED_PARTS = (
    ("street", "logradouro"),
    ("number", "número"),
    ("district", "bairro"),
    ("city", "cidade"),
    ("state", "UF"),
    ("postal_code", "CEP"),
)


def check_address(candidate: Candidate, findings: list[Finding]) -> None:
    """All parts of the address are present."""
    address = candidate.customer.address
    lacking = [label for part, label in _REQUIRED_PARTS if not getattr(address, part).strip()]
    if lacking:
        message = f"O endereço do cliente está sem: {', '.join(lacking)}. Complete o cadastro no ERP."
        findings.append(Finding("endereco_incompleto", _BLOCK, message, "address"))


def check_field_lengths(candidate: Candidate, terms: InclusionTerms, findings: list[Finding]) -> None:
    """Texts fit the bureau's limits, abbreviated where the gateway allows it."""
    for name, limit in terms.capabilities.field_limits.items():
        text = field_text(candidate.customer, name)
        if len(text) <= limit.length:
            continue
        short = abbreviate(text, limit.length) if limit.overflow is Overflow.ABBREVIATE else None
        label = _FIELD_LABELS.get(name, name)
        if short is None:
            message = f"{label} tem mais de {limit.length} caracteres. Abrevie no cadastro do ERP."
            findings.append(Finding("campo_longo", _BLOCK, message, name))
        else:
            message = f"{label} passa de {limit.length} caracteres e será enviado como {short!r}."
            findings.append(Finding("campo_abreviado", _WARN, message, name))


def field_text(customer: Customer, name: str) -> str:
    """The text of a limited field: `name`, or a part of the address."""
    return customer.name if name == "name" else str(getattr(customer.address, name))


def check_holds(candidate: Candidate, terms: InclusionTerms, findings: list[Finding]) -> None:
    """The customer is not on the do-not-negativate list."""
    reason = terms.holds.get(candidate.customer.id)
    if reason is not None:
        message = f"O cliente está na lista de não negativar ({reason}). Fale com quem gere a lista."
        findings.append(Finding("nao_negativar", _BLOCK, message, "customer"))
