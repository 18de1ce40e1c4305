"""What the extra ``auth`` brings, imported where it is used, or a clear error."""

from __future__ import annotations

import importlib
from typing import Any

from svcctl.errors import NotAvailable


def jwk() -> Any:  # noqa: ANN401 - a module
    """Give joserfc.jwk; raises NotAvailable."""
    return _module("joserfc.jwk")


def jwt() -> Any:  # noqa: ANN401 - a module
    """Give joserfc.jwt; raises NotAvailable."""
    return _module("joserfc.jwt")


def jose_error() -> type[Exception]:
    """Give what joserfc raises; raises NotAvailable."""
    found: type[Exception] = _module("joserfc.errors").JoseError
    return found


def http_signatures() -> Any:  # noqa: ANN401 - a module
    """Give http_message_signatures; raises NotAvailable."""
    return _module("http_message_signatures")


def insist_on_cryptography() -> None:
    """Raise NotAvailable where certificates cannot be made nor read."""
    _module("cryptography.x509")


def _module(name: str) -> Any:  # noqa: ANN401 - a module
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise NotAvailable(
            f"{name.partition('.')[0]} is not installed", hint="pip install 'svcctl[auth]'"
        ) from error
