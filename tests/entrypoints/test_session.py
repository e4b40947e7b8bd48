"""The actor of a command."""

import pwd
from pathlib import Path

import pytest

from credit_protection.entrypoints.cli.output import Output
from credit_protection.entrypoints.cli.session import Session
from credit_protection.plugins.configuration import Configuration


def test_user_without_a_name_is_named_by_number(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def nameless(_: int) -> pwd.struct_passwd:
        raise KeyError("uid")

    monkeypatch.setattr(pwd, "getpwuid", nameless)
    session = Session(Configuration(tmp_path), Output())
    try:
        assert session.actor.id.startswith("os:uid-")
        assert session.actor.is_person
    finally:
        session.protection.close()
