"""Loads the examples as they stand in their folder."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from tests.unit.examples.names import SERVICES
from tests.unit.examples.partner import Partner, partner


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Give an example by its name, loaded anew."""

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"example_{name}", SERVICES / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(name="partner")
def partner_fixture() -> Iterator[Partner]:
    """Give somebody who says yes to everything."""
    with partner() as made:
        yield made
