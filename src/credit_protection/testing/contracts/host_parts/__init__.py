"""The parts of the host's contract."""

from __future__ import annotations

import pkgutil

import pytest

# Else their asserts would say no more than that they failed.
pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)))
