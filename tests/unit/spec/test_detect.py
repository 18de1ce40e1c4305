"""What files may say of finding what is unusual."""

from __future__ import annotations

from pathlib import Path

import pytest

from svcctl.errors import SpecError
from svcctl.spec import canonical
from svcctl.spec.detect_policy import DetectPolicy
from svcctl.spec.diff import diff
from svcctl.spec.load import load_files
from svcctl.spec.service import ServiceSpec

_HEAD = 'version = 1\n[services.web]\nexec = "app"\n'


def _loaded(folder: Path, text: str) -> ServiceSpec:
    file = folder / "svcctl.toml"
    file.write_text(_HEAD + text)
    return load_files([file], environ={}).services["web"]


def test_all_is_looked_for_unless_somebody_says_otherwise(tmp_path: Path) -> None:
    assert _loaded(tmp_path, "").detect == DetectPolicy()


def test_one_word_turns_it_off(tmp_path: Path) -> None:
    spec = _loaded(tmp_path, "detect = false")

    assert spec.detect == DetectPolicy(on=False)
    assert canonical.parse(canonical.dump(spec)) == spec


def test_a_table_says_how(tmp_path: Path) -> None:
    text = 'detect = { learning = "1h", sessions = false, error_rate = 0.2, latency = "500ms" }'

    assert _loaded(tmp_path, text).detect == DetectPolicy(
        learning=3600.0, sessions=False, error_rate=0.2, latency=0.5
    )


def test_the_word_of_a_file_goes_with_the_table_of_its_defaults(tmp_path: Path) -> None:
    file = tmp_path / "svcctl.toml"
    file.write_text(
        'version = 1\n[defaults]\ndetect.learning = "1h"\n'
        '[services.web]\nexec = "app"\ndetect = false\n'
    )

    found = load_files([file], environ={}).services["web"].detect

    assert found == DetectPolicy(on=False, learning=3600.0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('detect = "no"', "4:10 detect"),
        ("detect.error_rate = 5", "4:21 detect.error_rate"),
        ('detect.learning = "0s"', "4:19 detect.learning"),
        ('detect.lerning = "1h"', "4:8 unknown option 'detect.lerning'"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(SpecError) as caught:
        _loaded(tmp_path, text)

    (mistake,) = caught.value.mistakes
    assert told in str(mistake).replace(f"{tmp_path}/svcctl.toml:", "").replace(": ", " ", 1)


def test_a_running_program_is_left_alone() -> None:
    old = ServiceSpec(name="web", exec=("app",))
    new = ServiceSpec(name="web", exec=("app",), detect=DetectPolicy(on=False))

    assert not diff(old, new).needs_restart
