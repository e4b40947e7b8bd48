"""Files of a bureau's extract, CSV or XLSX. The content decides the format, not the name."""

from pathlib import Path

from credit_protection.adapters.extracts.files import CsvExtract, FileExtract, XlsxExtract
from credit_protection.domain.errors import InvalidInput

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_PAGES = (b"<!doctype", b"<html", b"<table", b"<?xml", b"<style", b"<meta")
_SAMPLE = 4096
_BLOCK = 1 << 20

__all__ = ["CsvExtract", "XlsxExtract", "open_extract"]


def open_extract(path: Path) -> FileExtract:
    """Open a CSV or XLSX file as an extract. Raises `InvalidInput`: the file can't be read, or has neither format."""
    try:
        with path.open("rb") as file:
            beginning = file.read(_SAMPLE)
            is_encrypted = beginning.startswith(_OLE) and _has_encrypted_package(path)
    except OSError as error:
        raise _refused(f"O arquivo {path} não pôde ser lido: {error.strerror}. Confira o caminho.") from error
    if is_encrypted:
        raise _refused(f"{path.name} está protegido por senha. Abra-o, tire a senha e salve-o de novo.")
    if beginning.startswith(_OLE):
        raise _refused(f"{path.name} é uma planilha no formato antigo. Salve-a como XLSX ou CSV.")
    if beginning.startswith(b"%PDF-"):
        raise _refused(f"{path.name} é um PDF. Peça o extrato em CSV ou XLSX.")
    if beginning.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(_PAGES):
        raise _refused(f"{path.name} é uma página, e não uma planilha. Abra-o no Excel e salve-o como XLSX ou CSV.")
    return XlsxExtract(path) if beginning.startswith(_ZIP) else CsvExtract(path)


def _has_encrypted_package(path: Path) -> bool:
    rest = b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            if _ENCRYPTED in rest + block:
                return True
            rest = block[-len(_ENCRYPTED) :]
    return False


def _refused(message: str) -> InvalidInput:
    return InvalidInput(message, field="file", code="arquivo")
