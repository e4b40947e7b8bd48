"""Findings grouped for display."""

from credit_protection.domain.findings import Finding, Severity
from credit_protection.ui import findings_table, group_findings

MINOR = Finding("menor_de_idade", Severity.BLOCK, "É menor de idade.", "customer")
NATURE = Finding("natureza_sem_marca", Severity.WARN, "Confira a natureza.", "nature_code")
ADDRESS = Finding("endereco_incompleto", Severity.BLOCK, "Falta o CEP.", "customer")


def test_findings_are_grouped_by_severity_and_by_field() -> None:
    grouped = group_findings([MINOR, NATURE, ADDRESS])
    assert grouped.blocks == (MINOR, ADDRESS)
    assert grouped.warnings == (NATURE,)
    assert grouped.by_field == {"customer": (MINOR, ADDRESS), "nature_code": (NATURE,)}


def test_findings_table_has_the_severity_in_portuguese() -> None:
    assert findings_table([NATURE]).cells() == [["aviso", "natureza_sem_marca", "Confira a natureza."]]
    assert findings_table([]).empty == "Nenhuma regra se opõe."
