"""What this machine gives a process that serves others."""

from __future__ import annotations

import sys

import pytest

from svcctl.bootstrap.front import raise_file_limit


@pytest.mark.posix
@pytest.mark.skipif(sys.platform == "win32", reason="needs Linux, or another with such limits")
def test_there_are_as_many_files_as_there_may_be() -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[0] - 1, before[1]))
    try:
        raise_file_limit()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)

    assert soft == hard
