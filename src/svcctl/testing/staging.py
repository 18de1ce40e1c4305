"""Puts a service together for a test: all of it is real but for what is outside of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from svcctl.ports import Clock, HostReport
from svcctl.sdk.assembly import Assembled, World, assembled
from svcctl.sdk.blueprint import Blueprint
from svcctl.sdk.choices import Choices
from svcctl.sdk.instance import Instance
from svcctl.sdk.logs.bridges import Bridge
from svcctl.sdk.logs.logger import Logger
from svcctl.sdk.logs.sink import Sink


def staged(
    blueprint: Blueprint,
    *,
    clock: Clock,
    report: HostReport,
    sink: Sink,
    folder: str,
    config: str,
    environ: Mapping[str, str],
) -> Assembled:
    """Put the service of *blueprint* together within a running loop.

    Its configuration is read from *config* (with a ``-`` before it, that may be missing), its
    files are in *folder*.  Raises SpecError, with every mistake, where its configuration is bad.
    """
    name = blueprint.name
    world = World(
        clock=clock,
        report=report,
        sink=sink,
        instance=Instance(service=name, name=name),
        folder=folder,
        environ=environ,
        choices=Choices(config=(config,), log_level="debug", dotenv=""),
        answers=False,
    )
    return assembled(_undisturbed(blueprint), world)


def _undisturbed(blueprint: Blueprint) -> Blueprint:
    """Give it with no chance in its times, and nobody but the test to change its configuration."""
    traits = replace(blueprint.traits, config_follow="never", config_sources=())
    jobs = tuple(replace(each, mark=replace(each.mark, jitter=0.0)) for each in blueprint.jobs)
    return replace(blueprint, traits=traits, jobs=jobs)


@contextmanager
def also_logged(log: Logger) -> Iterator[None]:
    """Let standard ``logging`` flow into *log* as well as to where it went before."""
    bridge, root = Bridge(log), logging.getLogger()
    root.addHandler(bridge)
    try:
        yield
    finally:
        root.removeHandler(bridge)
        bridge.close()
