"""A host that starts one program, asks it to end by Ctrl-C, and says how it did."""

import asyncio
import os
import sys

from say import say  # type: ignore[import-not-found]

from svcctl.ports import Exit, Launch
from svcctl.system.windows.spawn import WindowsSpawner


def main(code: str) -> None:
    """Run *code*, a Python program that says something once it is up."""
    asyncio.run(_play(code))


async def _play(code: str) -> None:
    reader, writer = os.pipe()
    with WindowsSpawner() as spawner:
        launch = Launch(
            tag="web",
            token="token",
            argv=(sys.executable, "-c", code),
            env=dict(os.environ),
            cwd=os.getcwd(),
            stdout=writer,
        )
        child = spawner.spawn(launch)
        os.close(writer)
        ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        child.on_exit(ended.set_result)
        with os.fdopen(reader, encoding="utf-8") as output:
            say(output.readline().rstrip())
            child.signal("CTRL_C")
            say(output.readline().rstrip())
        say(await ended)
