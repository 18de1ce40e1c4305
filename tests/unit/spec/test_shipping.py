"""Where logs are sent, as files say it: read whole, and every mistake told where it stands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from svcctl.errors import SpecError
from svcctl.spec import canonical
from svcctl.spec.common import CommonSpec
from svcctl.spec.load import Loaded, load_files
from svcctl.spec.log_rule import RuleLevel
from svcctl.spec.shipping import ShippingKind, ShippingSpec, Transport

GOOD = """
[shipping.lake]
kind = "loki"
url = "https://loki.example.org"
tenant = "shop"
token = "file:secrets/loki"
services = ["web*", "billing"]
level = "warning"
labels = { site = "fra" }
tls.ca = "certs/ca.pem"
batch = { count = 500, size = "64KiB", wait = "2s" }
buffer = "2GiB"
crashes = false

[shipping.old]
kind = "syslog"
host = "10.0.0.1"
transport = "tls"

[shipping.bus]
kind = "kafka"
brokers = ["kafka-1:9092", "[::1]:9092"]
topic = "logs"
user = "svcctl"
password = "env:KAFKA"
"""

Load = Callable[[str], Loaded]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load(text: str) -> Loaded:
        (tmp_path / "svcctl.toml").write_text(text)
        return load_files([tmp_path / "svcctl.toml"], environ={})

    return load


def test_it_is_read_whole(load: Load, tmp_path: Path) -> None:
    found = load(GOOD).common.shipping

    lake = found["lake"]
    assert list(found) == ["lake", "old", "bus"]
    assert lake.kind is ShippingKind.LOKI
    assert lake.token == f"file:{tmp_path / 'secrets' / 'loki'}"
    assert lake.tls.ca == str(tmp_path / "certs" / "ca.pem")
    assert lake.level is RuleLevel.WARNING
    assert (lake.batch.count, lake.batch.size, lake.batch.wait) == (500, 65_536, 2.0)
    assert lake.buffer == 2 << 30
    assert found["old"].transport is Transport.TLS


@pytest.mark.parametrize(
    ("kind", "transport", "port", "expected"),
    [
        ("syslog", "tcp", None, 514),
        ("syslog", "udp", None, 514),
        ("syslog", "tls", None, 6514),
        ("logstash", "tls", None, 5044),
        ("syslog", "tls", 1999, 1999),
    ],
)
def test_a_receiver_has_a_usual_port(
    kind: str, transport: str, port: int | None, expected: int
) -> None:
    spec = ShippingSpec(kind=ShippingKind(kind), transport=Transport(transport), port=port)

    assert spec.receives_at == expected


def test_what_is_handed_over_is_read_back_equal(load: Load) -> None:
    spec = load(GOOD).common

    assert canonical.parse_table(canonical.dump(spec), CommonSpec) == spec


def test_each_value_has_its_place(load: Load) -> None:
    origins = load(GOOD).common_origins

    assert origins["shipping.lake.kind"].line == 3
    assert origins["shipping.old.host"].line == 17


_HTTP = "[shipping.a]\nkind = 'loki'\nurl = 'http://x'\n"
_TCP = "[shipping.a]\nkind = 'syslog'\nhost = 'x'\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("shipping = 3", "1:12 'shipping' is not a table"),
        ("[shipping.a]", "1:11 shipping.a has no 'kind'"),
        ("[shipping.a]\nkind = 'lokki'", "2:8 shipping.a.kind: 'lokki' is not one of logstash"),
        ("[shipping.a]\nkind = 'loki'", "1:11 receiver 'a' of kind 'loki' has no 'url'"),
        ("[shipping.a]\nkind = 'syslog'", "1:11 receiver 'a' of kind 'syslog' has no 'host'"),
        (f"{_HTTP}host = 'y'", "4:1 a receiver of kind 'loki' has no 'host'"),
        (f"{_HTTP}hsot = 'y'", "4:1 unknown option 'shipping.a.hsot'"),
        (f"{_HTTP}token = 'hush'", "4:9 shipping.a.token: this is not a reference"),
        (
            "[shipping.a]\nkind = 'loki'\nurl = 'http://u:hush@x'",
            "3:7 shipping.a.url: this address may hold a secret",
        ),
        (f"{_HTTP}headers.A = 'hush'", "4:13 shipping.a.headers.A: this is not a reference"),
        (f"{_HTTP}user = 'u'", "1:11 receiver 'a' has only one of user and password"),
        (
            f"{_HTTP}user = 'u'\npassword = 'env:A'\ntoken = 'env:B'",
            "6:9 receiver 'a' has both a user and a token",
        ),
        (f"{_HTTP}services = []", "4:12 services is empty, so nothing is sent"),
        (f"{_HTTP}services = ['../x']", "4:13 '../x' can name no service"),
        (f"{_HTTP}level = 'loud'", "4:9 shipping.a.level: 'loud' is not one of"),
        (f"{_HTTP}labels.'a b' = 'x'", "4:8 'a b' cannot name a label"),
        (f"{_HTTP}tls.key = 'k.pem'", "4:11 receiver 'a' has a key without its certificate"),
        (f"{_HTTP}buffer = '1KiB'", "4:10 a buffer of 1024 bytes is too small to be one"),
        (f"{_HTTP}batch.count = 0", "4:15 shipping.a.batch.count: 0 is"),
        (f"{_TCP}port = 70000", "4:8 shipping.a.port: 70000 is too large"),
        (
            "[shipping.a]\nkind = 'logstash'\nhost = 'x'\ntransport = 'udp'",
            "4:13 logstash is not sent to by udp",
        ),
        (
            "[shipping.a]\nkind = 'kafka'\ntopic = 't'\nbrokers = ['x']",
            "4:12 'x' is no broker",
        ),
        (
            "[shipping.a]\nkind = 'elasticsearch'\nurl = 'http://x'\nindex = 'A B'",
            "4:9 'A B' cannot name an index",
        ),
        ("[shipping.'A b']\nkind = 'loki'\nurl = 'http://x'", "1:11 'A b' cannot name a receiver"),
    ],
)
def test_a_mistake_has_its_place(load: Load, text: str, expected: str) -> None:
    with pytest.raises(SpecError) as caught:
        load(text)

    (found,) = caught.value.mistakes
    assert f"{found.line}:{found.column} {found.problem}".startswith(expected)
    assert "hush" not in f"{found.problem} {found.hint}"
