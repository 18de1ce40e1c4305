"""What stands of a native service is read whole, or refused with the name of its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from svcctl.errors import StateFault
from svcctl.ports import Applied
from svcctl.system.registrations import Registration, Registrations

WEB = Registration(
    applied=Applied(name="web", spec={"name": "web"}, revision="r", sources={"/a.toml": "d"}),
    manager="systemd",
    enabled=True,
)


def test_what_was_written_is_what_is_read(tmp_path: Path) -> None:
    registrations = Registrations(str(tmp_path / "native"))

    registrations.write(WEB)

    assert registrations.read("web") == WEB
    assert registrations.names("systemd") == ["web"]


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "7", "{}", "[" * 100_000, "\ufffe"),
        *(Registrations.text(WEB).replace(each, "7") for each in ('"systemd"', '"system"', '"r"')),
        Registrations.text(WEB).replace('"/a.toml": "d"', '"/a.toml": 7'),
        Registrations.text(WEB).replace('"origins": {}', '"origins": []'),
        Registrations.text(WEB).replace('"enabled": true', '"enabled": "yes"'),
    ],
    ids=lambda text: repr(text[:30]),
)
def test_what_is_no_registration_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "web.json").write_text(text, encoding="utf-8")

    with pytest.raises(StateFault, match=r"web\.json' cannot be read"):
        Registrations(str(tmp_path)).read("web")
