"""What must hold in ``[shipping.NAME]`` beyond the types of its options: pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from svcctl.spec.finding import Finding, checked
from svcctl.spec.grammar import check_open_url, check_secret
from svcctl.spec.locate import KeyPath
from svcctl.spec.names import SERVICE_NAME
from svcctl.spec.notation import show
from svcctl.spec.shape import members
from svcctl.spec.shipping import SHIPPING_SECRETS, ShippingKind, ShippingSpec, Transport

_ANY_KIND = frozenset(
    (
        *("kind", "tls", "services", "level", "labels", "crashes", "from_end", "batch"),
        *("buffer", "compress"),
    )
)
_HTTP = frozenset(("url", "user", "password", "token", "headers"))
_OPTIONS: Mapping[ShippingKind, frozenset[str]] = {
    ShippingKind.LOGSTASH: frozenset(("host", "port", "transport")),
    ShippingKind.SYSLOG: frozenset(("host", "port", "transport", "facility")),
    ShippingKind.LOKI: _HTTP | {"tenant"},
    ShippingKind.ELASTICSEARCH: _HTTP | {"index"},
    ShippingKind.OTLP: _HTTP,
    ShippingKind.KAFKA: frozenset(("brokers", "topic", "user", "password")),
}
_NEEDED: Mapping[ShippingKind, tuple[str, ...]] = {
    ShippingKind.LOGSTASH: ("host",),
    ShippingKind.SYSLOG: ("host",),
    ShippingKind.KAFKA: ("brokers", "topic"),
}
_LEAST_BUFFER = 1 << 20  # bytes
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_GLOB = re.compile(r"[a-z0-9._*?-]+")
_INDEX = re.compile(r"[a-z0-9.][a-z0-9._-]{0,200}")
_BROKER = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):[0-9]{1,5}")


def shipping_findings(specs: Mapping[str, ShippingSpec]) -> Iterator[Finding]:
    """Give everything that is wrong in *specs*."""
    for name, spec in specs.items():
        path: KeyPath = ("shipping", name)
        if not SERVICE_NAME.fullmatch(name):
            hint = "use a-z, 0-9, '.', '_' and '-'"
            problem = f"{show(name)} cannot name a receiver"
            yield Finding(path=path, problem=problem, hint=hint, about_key=True)
        yield from _of_kind(path, name, spec)
        yield from _secrets(path, spec)
        yield from _values(path, spec)


def _of_kind(path: KeyPath, name: str, spec: ShippingSpec) -> Iterator[Finding]:
    mine = _ANY_KIND | _OPTIONS[spec.kind]
    for option, member in members(ShippingSpec).items():
        if option not in mine and getattr(spec, option) != member.default:
            hint = f"it takes {', '.join(sorted(_OPTIONS[spec.kind]))}"
            problem = f"a receiver of kind '{spec.kind}' has no {option!r}"
            yield Finding(path=(*path, option), problem=problem, hint=hint, about_key=True)
    for option in _NEEDED.get(spec.kind, ("url",)):
        if not getattr(spec, option):
            problem = f"receiver {name!r} of kind '{spec.kind}' has no {option!r}"
            yield Finding(path=path, problem=problem, about_key=True)
    if spec.transport is Transport.UDP and spec.kind is ShippingKind.LOGSTASH:
        problem = "logstash is not sent to by udp, which tells of no loss"
        yield Finding(path=(*path, "transport"), problem=problem, hint="use tcp or tls")
    if spec.user and spec.token:
        problem = f"receiver {name!r} has both a user and a token"
        yield Finding(path=(*path, "token"), problem=problem, hint="leave out one of them")
    if bool(spec.user) != bool(spec.password):
        problem = f"receiver {name!r} has only one of user and password"
        yield Finding(path=path, problem=problem, about_key=True)
    if spec.tls.key and not spec.tls.cert:
        problem = f"receiver {name!r} has a key without its certificate"
        yield Finding(path=(*path, "tls", "key"), problem=problem, hint="add tls.cert")


def _secrets(path: KeyPath, spec: ShippingSpec) -> Iterator[Finding]:
    for option in SHIPPING_SECRETS:
        value, at = getattr(spec, option), (*path, option)
        if isinstance(value, Mapping):
            for key, each in value.items():
                yield from checked((*at, key), check_secret, each)
        elif option == "url" and "://" in value:
            yield from checked(at, check_open_url, value)
        elif value:
            yield from checked(at, check_secret, value)


def _values(path: KeyPath, spec: ShippingSpec) -> Iterator[Finding]:
    for number, each in enumerate(spec.services):
        if not _GLOB.fullmatch(each):
            problem = f"{show(each)} can name no service"
            yield Finding(path=(*path, "services", number), problem=problem, hint="such as 'web*'")
    if not spec.services:
        problem, hint = "services is empty, so nothing is sent", "leave it out for all"
        yield Finding(path=(*path, "services"), problem=problem, hint=hint)
    for key in spec.labels:
        if not _LABEL.fullmatch(key):
            problem, hint = f"{show(key)} cannot name a label", "use letters, digits and '_'"
            yield Finding(path=(*path, "labels", key), problem=problem, hint=hint, about_key=True)
    for number, each in enumerate(spec.brokers):
        if not _BROKER.fullmatch(each):
            problem, hint = f"{show(each)} is no broker", "write HOST:PORT, such as kafka-1:9092"
            yield Finding(path=(*path, "brokers", number), problem=problem, hint=hint)
    if not _INDEX.fullmatch(spec.index):
        problem, hint = f"{show(spec.index)} cannot name an index", "use small letters and '-'"
        yield Finding(path=(*path, "index"), problem=problem, hint=hint)
    if spec.buffer < _LEAST_BUFFER:
        problem = f"a buffer of {spec.buffer} bytes is too small to be one"
        yield Finding(path=(*path, "buffer"), problem=problem, hint="give it 1MiB or more")
