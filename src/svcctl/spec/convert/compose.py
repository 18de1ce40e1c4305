"""Compose files: what of their services a program without a container can take over.

See https://github.com/compose-spec/compose-spec/blob/main/05-services.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from svcctl.errors import SpecError, quoted
from svcctl.spec.draft import Draft, service_name
from svcctl.spec.names import VARIABLE_NAME
from svcctl.spec.notation import parse_command

_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_RESTART = {"no": "never", "always": "always", "unless-stopped": "always"}
_CONDITIONS = {
    "service_started": "started",
    "service_healthy": "healthy",
    "service_completed_successfully": "done",
}


def find(folder: Path) -> list[Draft]:
    """Give a draft for each service of the compose file in *folder*; none if there is none.

    Raises SpecError if PyYAML is missing or the file is not YAML.
    """
    path = next((folder / name for name in _NAMES if (folder / name).is_file()), None)
    if path is None:
        return []
    document = _read(path)
    services = document.get("services") if isinstance(document, dict) else None
    if not isinstance(services, dict):
        return []
    return [
        _draft(str(name), service, path.name)
        for name, service in services.items()
        if isinstance(service, dict)
    ]


def _read(path: Path) -> object:
    try:
        import yaml  # noqa: PLC0415 (an extra)
    except ImportError as error:
        hint = "pip install 'svcctl[yaml]'"
        raise SpecError(f"reading {path.name} needs PyYAML", hint=hint) from error
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8", errors="replace"))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise SpecError(f"{path.name} is not YAML: {error}") from error


def _draft(name: str, service: Mapping[str, object], file: str) -> Draft:
    words = (*_command(service.get("entrypoint")), *_command(service.get("command")))
    notes = [f"from {file}: {name}"]
    if "image" in service:
        notes.append(f"it ran in a container of {service['image']}")
    if not words:
        notes.append("the command is in the image: fill in exec")
    environment = _environment(service.get("environment"))
    odd = sorted(name for name in environment if not VARIABLE_NAME.fullmatch(name))
    if odd:
        notes.append(f"not carried over: variables called {', '.join(map(quoted, odd))}")
    restart = _RESTART.get(str(service.get("restart", "")).partition(":")[0])
    return Draft(
        name=service_name(name),
        exec=words,
        env={name: value for name, value in environment.items() if name not in odd},
        needs=_needs(service.get("depends_on")),
        options={"restart.policy": restart} if restart else {},
        note="\n".join(notes),
    )


def _command(value: object) -> tuple[str, ...]:
    try:
        return parse_command(value) if value else ()
    except SpecError:
        return ()


def _environment(value: object) -> dict[str, str]:
    if isinstance(value, dict):
        return {str(key): "" if each is None else _text(each) for key, each in value.items()}
    if isinstance(value, list):
        pairs = (str(each).partition("=") for each in value)
        return {key: text for key, _, text in pairs}
    return {}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _needs(value: object) -> dict[str, str]:
    if isinstance(value, list):
        return {service_name(str(each)): "started" for each in value}
    if not isinstance(value, dict):
        return {}
    return {service_name(str(name)): _condition(how) for name, how in value.items()}


def _condition(how: object) -> str:
    wanted = how.get("condition") if isinstance(how, dict) else None
    return _CONDITIONS.get(str(wanted), "started")
