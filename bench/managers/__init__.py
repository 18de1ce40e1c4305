"""One module for each manager that is measured, and the list of them."""

from __future__ import annotations

from bench.manager import Manager
from bench.managers.circus import Circus
from bench.managers.monit import Monit
from bench.managers.pm2 import Pm2
from bench.managers.runit import Runit
from bench.managers.s6 import S6
from bench.managers.supervisord import Supervisord
from bench.managers.svcctl import Svcctl

MANAGERS: tuple[Manager, ...] = (
    Svcctl(),
    Supervisord(),
    Circus(),
    Pm2(),
    Runit(),
    S6(),
    Monit(),
)
