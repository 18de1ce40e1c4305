"""Where traces cannot be sent, that is said before an agent begins."""

from __future__ import annotations

import sys

import pytest

from svcctl.errors import UsageError
from svcctl.observe.traces.export import traced


@pytest.mark.parametrize("url", ["", "localhost:4318", "file:///tmp/traces"])
def test_what_is_no_url_of_a_collector_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="no URL of a collector"), traced(url, version="1"):
        pytest.fail("nothing can be traced")


def test_packages_that_are_not_there_are_named_with_the_way_to_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)

    collector = traced("http://localhost:4318", version="1")
    with pytest.raises(UsageError, match="not installed") as caught, collector:
        pytest.fail("nothing can be traced")

    assert caught.value.hint == 'pip install "svcctl[otel]"'
