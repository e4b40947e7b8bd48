"""What every message to an operator must be: a Portuguese sentence that says what to do and gives no document away."""

import re

_WHAT_TO_DO = re.compile(
    r"\b(Abra|Abrevie|Ative-a|Complete|Confira|Corrija|Deixe|Diga|Envie|Escolha|Espere|Exporte|Fale|Inclua|Peça|"
    r"Preencha|Preencha-o|Reduza|Remova-as|Sincronize|Tire-a|Use|confira|estorne-a|negative|peça|registre)\b"
)
_WHOLE_DOCUMENT = re.compile(
    r"\d{11}|[0-9A-Z]{12}\d{2}|\d{3}\.\d{3}\.\d{3}-\d{2}|[0-9A-Z]{2}\.[0-9A-Z]{3}\.[0-9A-Z]{3}/"
)


def assert_says_what_to_do(message: str) -> None:
    assert message[0].isupper(), message
    assert message.endswith("."), message
    assert not message.isupper(), message
    assert not _WHOLE_DOCUMENT.search(message), message
    assert _WHAT_TO_DO.search(message), f"does not say what to do: {message}"
