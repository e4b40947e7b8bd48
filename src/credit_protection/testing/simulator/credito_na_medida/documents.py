"""CPF and CNPJ as the bureau takes them: compact, upper case, right to the last check digit."""

from __future__ import annotations

import re

from validate_docbr import CNPJ, CPF

_CPF, _CNPJ = CPF(), CNPJ()


def person_of(document: str, *, alphanumeric: bool = True) -> str | None:
    """`PF` for a valid CPF, `PJ` for a valid CNPJ, None for anything else."""
    if re.fullmatch(r"[0-9]{11}", document) and _CPF.validate(document):
        return "PF"
    shape = r"[0-9A-Z]{12}[0-9]{2}" if alphanumeric else r"[0-9]{14}"
    if re.fullmatch(shape, document) and _CNPJ.validate(document):
        return "PJ"
    return None
