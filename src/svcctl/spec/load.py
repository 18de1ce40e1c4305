"""Reads definitions: files in, a validated spec for each service out, or all mistakes at once."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from svcctl.errors import Mistake
from svcctl.spec.alerting import AlertingSpec
from svcctl.spec.alerting_rules import alert_findings
from svcctl.spec.common import CommonSpec
from svcctl.spec.common_rules import common_findings
from svcctl.spec.files import read_files
from svcctl.spec.finding import Finding
from svcctl.spec.layers import Layer, Origin, Spot, Tree, lay_over, tree_of
from svcctl.spec.locate import KeyPath
from svcctl.spec.names import FOR_ALL
from svcctl.spec.notation import show
from svcctl.spec.origins import origins_of
from svcctl.spec.overrides import (
    Override,
    for_all_from_environment,
    from_environment,
    from_flags,
    override,
)
from svcctl.spec.references import references
from svcctl.spec.report import Report
from svcctl.spec.rules import findings
from svcctl.spec.service import ServiceSpec
from svcctl.spec.settle import as_tables, settle, settle_common
from svcctl.spec.source import File
from svcctl.spec.validate import typed
from svcctl.spec.watch import WatchSpec
from svcctl.spec.watch_rules import owner_findings, watch_findings
from svcctl.spec.watches import settle_watch, watch_trees


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What definitions say.

    *services* and *origins* go by the name of the service; *origins* tells for each option's path
    where its value came from.  *sources* are the files read, absolute, with their SHA-256.
    *said* names those tables of *common* that files have, *common_origins* is as *origins*.
    *watches* and *watch_origins* go by the name of the watch.
    """

    services: Mapping[str, ServiceSpec]
    origins: Mapping[str, Mapping[str, Origin]]
    sources: Mapping[str, str]
    common: CommonSpec = field(default=CommonSpec())
    said: frozenset[str] = frozenset()
    common_origins: Mapping[str, Origin] = field(default_factory=dict)
    watches: Mapping[str, WatchSpec] = field(default_factory=dict)
    watch_origins: Mapping[str, Mapping[str, Origin]] = field(default_factory=dict)

    @property
    def alerting(self) -> AlertingSpec | None:
        """Who is told of what; None where no file says so."""
        return self.common.alerting if "alerting" in self.said else None


def load_files(
    paths: Iterable[str | os.PathLike[str]],
    *,
    environ: Mapping[str, str],
    flags: Iterable[str] = (),
    overrides: Iterable[Override] = (),
    verbs: Collection[str] = (),
    windows: bool = False,
) -> Loaded:
    """Load *paths*, each a TOML file or a folder of them.

    *environ* gives the variables files may use and ``SVCCTL_SERVICES__...`` overrides; *flags* are
    overrides such as ``web.stop.timeout=20s``, *overrides* those that were read already, for
    services that may or may not be there; the last one wins.  *verbs* are those that [access] may
    name (empty: any).  *windows*: the services are to run on Windows, and what it cannot do is a
    mistake.  Raises SpecError, and nothing else, with every mistake there is; NotAvailable where
    all is valid but not all in this version.
    """
    report = Report()
    files = read_files(paths, environ, report)
    trees = _trees(files, report)
    names = sorted(trees)
    given = [
        *for_all_from_environment(environ, CommonSpec, report),
        *from_environment(environ, names, report),
        *(each for each in overrides if each.service in trees),
        *from_flags(flags, names, report),
    ]
    sources = {str(file.path): file.digest for file in files}
    return _loaded(
        trees,
        given,
        report,
        common=_common(files, report),
        verbs=verbs,
        watches=watch_trees(files, report),
        sources=sources,
        known=names,
        windows=windows,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwritten:
    """A service that is in no file of definitions.

    *values* hold unless something else is said; *shown* and *line* say where it was asked for.
    """

    values: Mapping[str, object] = field(default_factory=dict)
    shown: str = ""
    line: int = 0


def load_unwritten(
    services: Mapping[str, Unwritten],
    *,
    folder: Path,
    flags: Iterable[str] = (),
    overrides: Iterable[Override] = (),
    known: Iterable[str] = (),
    windows: bool = False,
) -> Loaded:
    """Load *services* that are all *flags* and *overrides*; see :func:`load_files` for the rest.

    Relative paths start from *folder*; *known* names services that may be needed as well.
    """
    report = Report()
    trees: dict[str, Tree] = {}
    for name, each in services.items():
        origin = Origin(layer=Layer.FLAG, file=each.shown, line=each.line, column=1)
        spot = Spot(origin=origin, shown=each.shown, folder=folder)
        trees[name] = Tree(value=dict(each.values), spots={(): spot})
    given = [*overrides, *from_flags(flags, trees, report)]
    return _loaded(trees, given, report, sources={}, known={*known, *trees}, windows=windows)


def _loaded(
    trees: dict[str, Tree],
    overrides: Iterable[Override],
    report: Report,
    *,
    sources: Mapping[str, str],
    known: Iterable[str],
    windows: bool,
    common: Tree | None = None,
    verbs: Collection[str] = (),
    watches: Mapping[str, Tree] | None = None,
) -> Loaded:
    for each in overrides:
        if each.service:
            override(trees[each.service], each, report)
        elif common and each.path[0] in common.value:
            override(common, each, report)
        else:
            report.add(Mistake(problem=f"no file has [{each.path[0]}]", file=each.said))
    for tree in trees.values():
        as_tables(tree)
        settle(tree, tree.spot(()).folder, report, windows=windows)
    specs = typed(trees, ServiceSpec, report)
    channels = _channels(common)
    said = frozenset(common.value if common else ())
    spec = _common_spec(common, said, report, verbs=verbs)
    found = [
        (name, each) for name, spec in specs.items() for each in findings(spec, windows=windows)
    ]
    found += alert_findings(specs, channels)
    _add([*found, *references(specs, known)], trees, report)
    watched = _watched(watches or {}, specs, report, windows=windows)
    report.conclude()
    return Loaded(
        services=specs,
        origins={name: origins_of(tree) for name, tree in trees.items()},
        sources=sources,
        common=spec,
        said=said,
        common_origins=origins_of(common) if common else {},
        watches=watched,
        watch_origins={name: origins_of(tree) for name, tree in (watches or {}).items()},
    )


def _watched(
    trees: Mapping[str, Tree],
    services: Mapping[str, ServiceSpec],
    report: Report,
    *,
    windows: bool,
) -> Mapping[str, WatchSpec]:
    """Give what is watched besides the services, by name."""
    for tree in trees.values():
        settle_watch(tree, report)
    specs = typed(trees, WatchSpec, report)
    found = [
        (name, each)
        for name, spec in specs.items()
        for each in watch_findings(spec, windows=windows)
    ]
    _add([*found, *owner_findings(specs, services)], trees, report)
    return specs


def _common(files: list[File], report: Report) -> Tree | None:
    """Give what is said once for all services, None where nothing is."""
    whole: Tree | None = None
    for name in FOR_ALL:
        homes = [file for file in files if name in file.document]
        for other in homes[1:]:
            place = homes[0].mistake((name,), "", key=True)
            hint = f"it is also in {place.file}:{place.line}:{place.column}"
            report.add(other.mistake((name,), f"{name!r} is defined twice", hint, key=True))
        if homes:
            inner = tree_of(homes[0], (name,), Layer.FILE)
            whole = whole or Tree(spots={(): inner.spots[()]}, table=CommonSpec)
            whole.value[name] = inner.value
            whole.spots |= {(name, *at): spot for at, spot in inner.spots.items()}
            whole.dropped |= {(name, *at) for at in inner.dropped}
    return whole


def _common_spec(
    common: Tree | None, said: frozenset[str], report: Report, *, verbs: Collection[str]
) -> CommonSpec:
    if common is None:
        return CommonSpec()
    settle_common(common, report)
    channels = _channels(common) or frozenset()
    found = typed({"": common}, CommonSpec, report).get("", CommonSpec())
    wrong = common_findings(found, said, channels=channels, verbs=verbs)
    _add([("", each) for each in wrong], {"": common}, report)
    return found


def _channels(common: Tree | None) -> frozenset[str] | None:
    """Name the channels that are written, good or not; None where nothing is said of any."""
    if common is None or "alerting" not in common.value:
        return None
    alerting = common.value["alerting"]
    channels = alerting.get("channels") if isinstance(alerting, dict) else None
    return frozenset(channels if isinstance(channels, dict) else ())


def _trees(files: list[File], report: Report) -> dict[str, Tree]:
    """Give the options of every service, defaults laid under them."""
    homes: dict[str, File] = {}
    trees: dict[str, Tree] = {}
    for file in files:
        defaults = _defaults(file)
        _check_defaults(defaults, report)
        services = file.document.get("services", {})
        assert isinstance(services, dict)
        for name, table in services.items():
            if not isinstance(table, dict):
                hint = f"write it as [services.{name}]"
                problem = f"service {name!r} is {show(table)}, not a table"
                report.add(file.mistake(("services", name), problem, hint))
            elif name in homes:
                place = homes[name].mistake(("services", name), "", key=True)
                hint = f"it is also in {place.file}:{place.line}:{place.column}"
                problem = f"service {name!r} is defined twice"
                report.add(file.mistake(("services", name), problem, hint, key=True))
            else:
                homes[name] = file
                trees[name] = lay_over(defaults, _layer(file, ("services", name), Layer.FILE))
    return trees


def _defaults(file: File) -> Tree:
    """Give the defaults that hold in *file*: its own over those of the file that included it."""
    inherited = _defaults(file.parent) if file.parent else Tree()
    if "defaults" not in file.document:
        return inherited
    return lay_over(inherited, _layer(file, ("defaults",), Layer.DEFAULTS))


def _layer(file: File, path: KeyPath, layer: Layer) -> Tree:
    tree = tree_of(file, path, layer)
    as_tables(tree)
    return tree


def _check_defaults(defaults: Tree, report: Report) -> None:
    """Find wrong types and names in defaults, even where no service would use them."""
    if defaults.value:
        trial = lay_over(defaults, Tree())
        settle(trial, trial.spot(()).folder, report)
        typed({"defaults": trial}, ServiceSpec, report)


def _add(found: Iterable[tuple[str, Finding]], trees: Mapping[str, Tree], report: Report) -> None:
    """Report what was *found* of services, each where the option it is about stands."""
    for name, finding in found:
        tree = trees[name]
        if finding.path and tree.is_doubtful(finding.path):
            continue
        spot = tree.spot(finding.path)
        at_key = finding.about_key or not finding.path or finding.path not in tree.spots
        mistake = spot.mistake(finding.problem, finding.hint, key=at_key)
        report.add(mistake, unavailable=finding.unavailable)
