"""structlog flows into the log of the service, after the processors of the program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from svcctl.sdk.logs.captured import captured

structlog = pytest.importorskip("structlog")


@pytest.fixture(autouse=True)
def as_it_starts() -> Iterator[None]:
    """Without what a test configured."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


def test_structlog_flows_in_with_what_its_context_holds(place: Any) -> None:
    log = structlog.get_logger(job="x")
    with captured(place.logs), structlog.contextvars.bound_contextvars(request=7):
        log.info("sent", to="ann", logger="mailer.smtp")
        try:
            raise ValueError("bad")
        except ValueError:
            log.exception("failed")
        log.warn("old")  # noqa: G010 - as it was called once
        log.debug("quiet")

    sent, failed, old = place.sink.read()
    assert (sent["event"], sent["to"], sent["job"], sent["request"]) == ("sent", "ann", "x", 7)
    assert sent["logger"] == "mailer.smtp"
    assert (failed["level"], failed["exception"]["message"]) == ("error", "bad")
    assert old["level"] == "warning"
    assert not structlog.is_configured()


def test_processors_of_the_program_still_work_and_come_back(place: Any) -> None:
    def hide(logger: object, method: str, found: Any) -> Any:
        del logger, method
        return {**found, "password": "***"}

    before = [hide, structlog.processors.add_log_level, structlog.processors.JSONRenderer()]
    structlog.configure(processors=before)

    with captured(place.logs):
        structlog.get_logger().info("sent", password="swordfish")

    assert place.sink.last["password"] == "***"
    assert structlog.get_config()["processors"] == before
