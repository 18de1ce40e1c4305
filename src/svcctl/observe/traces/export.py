"""Sends spans to a collector by OTLP over HTTP; what that needs is loaded here alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from svcctl.errors import UsageError
from svcctl.observe.traces.lives import Lives

_PATIENCE = 5.0  # seconds the collector gets for one batch
_PATH = "/v1/traces"


@contextmanager
def traced(endpoint: str, *, version: str) -> Iterator[Lives]:
    """Give what makes spans, which go to the collector at *endpoint* while the block lasts.

    *endpoint* is a URL such as ``http://localhost:4318``; OTEL_EXPORTER_OTLP_HEADERS and the other
    variables of the specification hold.  Spans that a collector does not take are dropped after a
    while, and said so in the log; nobody waits for it but the end of the block, for some seconds.
    Raises UsageError for what is no URL, and where the packages are not installed.
    """
    if not endpoint.startswith(("http://", "https://")):
        raise UsageError(
            f"{endpoint!r} is no URL of a collector", hint="for example: http://localhost:4318"
        )
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        raise UsageError(
            f"traces need a package that is not installed: {error.name}",
            hint='pip install "svcctl[otel]"',
        ) from error
    url = endpoint if endpoint.endswith(_PATH) else endpoint.rstrip("/") + _PATH
    exporter = OTLPSpanExporter(endpoint=url, timeout=_PATIENCE)
    named = {} if "OTEL_SERVICE_NAME" in os.environ else {"service.name": "svcctl-agent"}
    resource = Resource.create({**named, "service.version": version})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    lives = Lives(provider.get_tracer("svcctl", version))
    try:
        yield lives
    finally:
        lives.close()
        provider.shutdown()
