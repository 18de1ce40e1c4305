"""What is kept of a service is found again as it was, and nothing else is taken for it."""

from __future__ import annotations

import pytest

from svcctl.engine.kept import Kept, from_document, to_document
from svcctl.ports import Applied
from svcctl.spec import canonical


def applied() -> Applied:
    spec: dict[str, object] = {"name": "web", "exec": ["/bin/true"]}
    return Applied(
        name="web",
        spec=spec,
        revision="1f2e",
        origins={"exec": {"layer": "file"}},
        sources={"/etc/svcctl/svcctl.toml": "ab12"},
    )


@pytest.mark.parametrize("enabled", [True, False])
def test_what_was_kept_is_found_again(enabled: bool) -> None:
    before = applied()
    kept = Kept(applied=before, spec=canonical.parse(before.spec), enabled=enabled, keepers=[])

    found = from_document("web", to_document(kept))

    assert found == (before, enabled)


def test_a_document_of_something_else_is_none_of_a_service() -> None:
    with pytest.raises(KeyError):
        from_document("web", {"spec": {}})
