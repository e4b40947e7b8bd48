"""Constructing a checked CPF or CNPJ from a string, against calling validate-docbr alone."""

from __future__ import annotations

import random
import sys

from validate_docbr import CNPJ, CPF

from benchmarks.comparison import compare, report
from credit_protection.domain.documents import Cnpj, Cpf

FLOOR = 0.8
HOW_MANY = 20_000


def main() -> int:
    """Run; returns the exit code."""
    random.seed(2026)
    cpf, cnpj = CPF(), CNPJ()
    cpfs = [cpf.generate() for _ in range(HOW_MANY)]
    cnpjs = [cnpj.generate(digits_only=bool(number % 2)) for number in range(HOW_MANY)]
    people = compare(lambda: [Cpf(text) for text in cpfs], lambda: [cpf.validate(text) for text in cpfs])
    companies = compare(lambda: [Cnpj(text) for text in cnpjs], lambda: [cnpj.validate(text) for text in cnpjs])
    worst = min(people, companies, key=lambda measured: measured.ratio)
    return report(
        "documents",
        worst.ratio,
        FLOOR,
        cpf=round(people.ratio, 3),
        cnpj=round(companies.ratio, 3),
        documents=HOW_MANY,
        microseconds_each=round(worst.ours / HOW_MANY * 1e6, 2),
        baseline="validate-docbr alone, CPF().validate and CNPJ().validate; half of the CNPJ alphanumeric",
    )


if __name__ == "__main__":
    sys.exit(main())
