"""What whoever starts a service says on its command line."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What was chosen for one run; what is empty is as the service's author has it.

    *namespace* is the environment whose table of the configuration holds: dev, test, staging, prod.
    *instance* is the number of the copy to be, 0 for what the manager says.  *dotenv*: the file
    that has variables besides those of the environment, which may be missing; empty for none.
    """

    config: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    namespace: str = ""
    log: tuple[str, ...] = ()
    log_level: str = ""
    print_config: bool = False
    dotenv: str = ".env"
    instance: int = 0
