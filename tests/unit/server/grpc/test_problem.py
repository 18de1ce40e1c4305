"""Errors as clients of gRPC tell them apart."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2 as details
from google.rpc.status_pb2 import Status

from svcctl.errors import (
    AgentUnreachable,
    CannotSpawn,
    Conflict,
    Denied,
    LimitReached,
    Mistake,
    NotAvailable,
    SpecError,
    SvcctlError,
    TimedOut,
    TooManyTries,
    Unauthenticated,
    UnknownService,
    UsageError,
    tree,
)
from svcctl.server.grpc.caller import source_of
from svcctl.server.grpc.problem import code_of, details_of


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (UsageError, grpc.StatusCode.INVALID_ARGUMENT),
        (SpecError, grpc.StatusCode.INVALID_ARGUMENT),
        (NotAvailable, grpc.StatusCode.UNIMPLEMENTED),
        (UnknownService, grpc.StatusCode.NOT_FOUND),
        (AgentUnreachable, grpc.StatusCode.UNAVAILABLE),
        (Unauthenticated, grpc.StatusCode.UNAUTHENTICATED),
        (Denied, grpc.StatusCode.PERMISSION_DENIED),
        (Conflict, grpc.StatusCode.FAILED_PRECONDITION),
        (LimitReached, grpc.StatusCode.RESOURCE_EXHAUSTED),
        (TooManyTries, grpc.StatusCode.RESOURCE_EXHAUSTED),
        (TimedOut, grpc.StatusCode.DEADLINE_EXCEEDED),
        (CannotSpawn, grpc.StatusCode.INTERNAL),
    ],
)
def test_each_kind_has_its_code(kind: type[SvcctlError], code: grpc.StatusCode) -> None:
    assert code_of(kind("it is so")) is code


@pytest.mark.parametrize("kind", tree(), ids=lambda kind: kind.__name__)
def test_every_error_says_which_it_is_and_for_which_request(kind: type[SvcctlError]) -> None:
    status = Status.FromString(details_of(kind("it is so", hint="do"), request_id="r-1"))

    info, request = _unpacked(status, details.ErrorInfo, details.RequestInfo)
    assert (info.reason, info.domain, dict(info.metadata)) == (
        kind.code,
        "svcctl",
        {"problem": "it is so", "hint": "do"},
    )
    assert request.request_id == "r-1"
    assert status.code == code_of(kind("")).value[0]


def test_mistakes_say_where_they_are() -> None:
    mistake = Mistake(problem="no option 'prot'", file="web.toml", line=3, column=1)
    status = Status.FromString(
        details_of(SpecError("1 mistake", mistakes=[mistake]), request_id="")
    )

    (wrong,) = _unpacked(status, details.BadRequest)
    (found,) = wrong.field_violations
    assert (found.field, found.description) == ("web.toml:3:1", "no option 'prot'")


def test_who_tried_too_often_is_told_when_to_try_again() -> None:
    status = Status.FromString(details_of(TooManyTries("20 have failed"), request_id=""))

    (again,) = _unpacked(status, details.RetryInfo)
    assert again.retry_delay.seconds == 60


def test_what_is_long_is_cut_to_what_clients_take() -> None:
    mistakes = [Mistake(problem="x" * 10_000, hint="y" * 10_000)] * 100
    error = SpecError("z" * 100_000, hint="h" * 100_000, mistakes=mistakes)

    assert len(details_of(error, request_id="r" * 128)) < 10_000


@pytest.mark.parametrize(
    ("peer", "source"),
    [
        ("ipv4:192.0.2.7:50123", "192.0.2.7"),
        ("ipv6:%5B2001:db8::1%5D:50123", "2001:db8::1"),
        ("ipv6:[::1]:50123", "::1"),
        ("unix:/run/x", "unix"),
        ("", ""),
    ],
)
def test_the_address_is_found_in_what_a_peer_is_called(peer: str, source: str) -> None:
    assert source_of(peer) == source


def _unpacked(status: Any, *kinds: Any) -> list[Any]:
    found = []
    for each in status.details:
        for kind in kinds:
            if each.Is(kind.DESCRIPTOR):
                message = kind()
                each.Unpack(message)
                found.append(message)
    return found
