"""The users of an installation."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from credit_protection.domain.users import User
from credit_protection.ports.storage.paging import Page, PageRequest


class UserRepository(Protocol):
    """The users; one that was removed is kept, without a right."""

    @abstractmethod
    def lock(self) -> None:
        """Keep other units from changing users until this one ends. Before the unit reads anything."""

    @abstractmethod
    def find(self, user_id: str) -> User | None:
        """None where there is none."""

    @abstractmethod
    def save(self, user: User) -> None:
        """Insert, or replace the one with this id."""

    @abstractmethod
    def administrators(self) -> frozenset[str]:
        """The ids of those who may give roles (`User.administers`)."""

    @abstractmethod
    def list(self, page: PageRequest) -> Page[User]:
        """All, the newest change first."""
