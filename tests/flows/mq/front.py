"""A real ``svcctl serve KIND`` in a process of its own, before the agent of a box."""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from svcctl.client.host_keys import HostKeys
from svcctl.client.queue import Queue, Signer, open_queue
from tests.flows.conftest import PATIENCE, Box, until
from tests.flows.mq.sites import Site

NOBODY = 65534
"""Who root becomes in these tests, and who serves others."""

_AS_NOBODY = ("--user", "nobody") if os.name == "posix" and os.geteuid() == 0 else ()


class Front:
    """The front of the agent of *box*, behind the broker of *site*; it may come and go."""

    def __init__(self, box: Box, site: Site) -> None:
        self.box, self.kind = box, site.kind
        self.broker = site.parse(site.server.url)
        self.host = f"p{secrets.token_hex(6)}"
        self.key = Ed25519PrivateKey.generate()
        self.url_file = box.home / "url"
        self.url_file.write_text(site.server.url)
        self.url_file.chmod(0o600)
        self.log = box.home / "front.stderr"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def access(self) -> str:
        """What lets the front in, and the commands of Ci."""
        public = b64encode(self.key.public_key().public_bytes_raw()).decode()
        fronts = f'[access]\nfronts = ["uid:{NOBODY}"]\nlocal = "admin"\n'
        return f'{fronts}[access.signers.ci]\nkey = "{public}"\nroles = ["operator"]\n'

    def options(self, *more: str) -> list[str]:
        """Give what it is started with."""
        return ["--url-file", str(self.url_file), "--name", self.host, *_AS_NOBODY, *more]

    def known(self) -> HostKeys:
        """Give what those who ask are told of its key."""
        said = self.box.ok("serve", self.kind, "--show-key", *_AS_NOBODY)
        return HostKeys({self.host: said.out.strip()})

    def launch(self, *more: str) -> subprocess.Popen[bytes]:
        """Start it and do not wait."""
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "svcctl", "serve", self.kind, *self.options(*more)],
                env=self.box.environ(),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        return self.process

    def start(self, *more: str) -> None:
        """Start it; come back once it takes commands."""
        process = self.launch(*more)

        def is_there() -> bool:
            assert process.poll() is None, self.said()
            return re.search(r"^serving ", self.said(), re.MULTILINE) is not None

        until(is_there, within=PATIENCE * 2, what="the front serves")

    def said(self) -> str:
        return self.log.read_text()

    def ask_to_end(self) -> int:
        """Ask it to stop; give how it ended."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """kill -9, as a crash would."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE)

    @asynccontextmanager
    async def queue(self, hosts: HostKeys | None = None) -> AsyncIterator[Queue]:
        """Give the queue of Ci, who may start and stop, and believes *hosts* (None: everybody)."""
        signer = Signer(key="ci", private=self.key.private_bytes_raw())
        async with open_queue(self.broker, signer=signer, hosts=hosts) as queue:
            yield queue


def passable(folder: Path) -> Path:
    """Let an account without rights pass through *folder*."""
    folder.chmod(0o711)
    return folder
