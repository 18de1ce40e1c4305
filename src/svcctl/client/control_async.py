# ruff: noqa: A002, ASYNC109 - arguments are named as those of verbs are
"""A method for each verb: asks an agent without blocking.

Written by tools/client_methods.py from the verb table; not to be edited.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Self

from svcctl.client import reaching
from svcctl.client.asking import AsyncAsking, request_of
from svcctl.client.shapes import EventItem, LogItem, Outcome, Reply, Row, Standing


class AsyncClient:
    """Asks the agent at *url*, such as ``https://web-1:7411``; a context manager.

    *token* shows who asks, or gives what does each time; *cert* and *key* are files that do.  *ca*
    is a file of those who vouch for the agent's certificate, empty: those the system trusts.
    *timeout* is how many seconds any answer may take.

    Services are named by names, globs and @groups, by labels (``tier=front``) or all at once;
    lengths of time are in seconds.  Every method raises :class:`svcctl.errors.SvcctlError`: what
    the agent refuses with, or AgentUnreachable, TimedOut, Unauthenticated, Denied.

    Who is cancelled waits no longer: a change that was asked for is carried through.
    """

    def __init__(
        self,
        url: str,
        *,
        token: reaching.Token = "",
        ca: str = "",
        cert: str = "",
        key: str = "",
        timeout: float | None = None,
    ) -> None:
        """Raises UsageError for an address that is none, or is not safe."""
        there = reaching.Elsewhere(url=url, token=token, ca=ca, cert=cert, key=key, timeout=timeout)
        self._asking = reaching.async_asking_at(there)

    @classmethod
    def local(cls, home: str | None = None) -> Self:
        """Give one that asks the agent of this machine: this user's, or that under *home*."""
        return cls._of(reaching.async_asking_here(home))

    @classmethod
    def context(cls, name: str, *, timeout: float | None = None) -> Self:
        """Give one that asks whom ``svcctl ctx`` knows as *name*, with the token kept for it.

        Raises UnknownService.
        """
        return cls._of(reaching.async_asking_named(name, timeout))

    @classmethod
    def _of(cls, asking: AsyncAsking) -> Self:
        made = cls.__new__(cls)
        made._asking = asking
        return made

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """There is nothing to close: each request has a connection of its own."""

    async def access_show(self) -> Row:
        """Show which roles and rules there are, and where each value came from."""
        args: dict[str, object] = {}
        return await self._asking.row(request_of("access-show", args=args))

    async def ack(
        self, id: str, *, false_positive: bool | None = None, reason: str | None = None
    ) -> Row:
        """Say that somebody takes care of an alert: it is not repeated, nor escalated.

        *id*: how its id begins; *false_positive*: nothing was wrong: never tell of this pattern
        again.
        """
        args: dict[str, object] = {"id": id, "false_positive": false_positive, "reason": reason}
        return await self._asking.row(request_of("ack", args=args))

    async def agent_status(self) -> Row:
        """Say who the agent is and how it is."""
        args: dict[str, object] = {}
        return await self._asking.row(request_of("agent-status", args=args))

    async def agent_stop(
        self,
        *,
        leave_services: bool | None = None,
        timeout: float | None = None,
        reason: str | None = None,
    ) -> Row:
        """Stop the agent, and its services in order.

        *leave_services*: leave the services running, for the next agent to adopt; *timeout*: give
        up waiting after this long; the work goes on.
        """
        args: dict[str, object] = {
            "leave_services": leave_services,
            "timeout": timeout,
            "reason": reason,
        }
        return await self._asking.row(request_of("agent-stop", args=args))

    async def agent_upgrade(self, *, reason: str | None = None) -> Row:
        """Replace the agent's program by the one installed now; services go on running."""
        args: dict[str, object] = {"reason": reason}
        return await self._asking.row(request_of("agent-upgrade", args=args))

    async def alert_show(self) -> Row:
        """Show who is told of what, and where each value came from."""
        args: dict[str, object] = {}
        return await self._asking.row(request_of("alert-show", args=args))

    async def alert_test(self, channel: str, *, reason: str | None = None) -> Row:
        """Send a notice by a channel, and say what came back.

        *channel*: which channel.
        """
        args: dict[str, object] = {"channel": channel, "reason": reason}
        return await self._asking.row(request_of("alert-test", args=args))

    async def alerts(self, *, all: bool | None = None, since: str | None = None) -> Row:
        """Show what is wrong, and who was told.

        *all*: what is over, too; *since*: only what ended within this age or since then.
        """
        args: dict[str, object] = {"all": all, "since": since}
        return await self._asking.row(request_of("alerts", args=args))

    async def apply_signed(
        self,
        *,
        bundle: object | None = None,
        dry_run: bool | None = None,
        no_wait: bool | None = None,
        timeout: float | None = None,
        reason: str | None = None,
    ) -> Row:
        """Take over definitions that a trusted key has signed, also from elsewhere.

        *bundle*: what was signed, as svcctl spec sign gives it; *dry_run*: only say what would be
        done; *no_wait*: do not wait for the outcome; *timeout*: give up waiting after this long;
        the work goes on.
        """
        args: dict[str, object] = {
            "bundle": bundle,
            "dry_run": dry_run,
            "no_wait": no_wait,
            "timeout": timeout,
            "reason": reason,
        }
        return await self._asking.row(request_of("apply-signed", args=args))

    async def audit(
        self,
        *,
        since: str | None = None,
        actor: str | None = None,
        verb: str | None = None,
        service: str | None = None,
        lines: int | None = None,
        after: int | None = None,
        first: int | None = None,
    ) -> list[Row]:
        """Show who asked for what, why, and what became of it.

        *since*: only what is this young or from this time on; *actor*: only what they asked for (a
        glob); *verb*: only this verb (a glob); *service*: only what may have been about this
        service; *lines*: how many rows; 0: all; *after*: only rows with a greater number; *first*:
        how many rows, the oldest of them instead of the latest.
        """
        args: dict[str, object] = {
            "since": since,
            "actor": actor,
            "verb": verb,
            "service": service,
            "lines": lines,
            "after": after,
            "first": first,
        }
        return await self._asking.rows(request_of("audit", args=args))

    async def audit_verify(self, *, head: str | None = None) -> Row:
        """Say whether the audit log is as it was written.

        *head*: a row and its seal as they were told earlier, and kept elsewhere.
        """
        args: dict[str, object] = {"head": head}
        return await self._asking.row(request_of("audit-verify", args=args))

    async def auth_explain(
        self, who: str, verb: str, service: str | None = None, *, roles: str | None = None
    ) -> Row:
        """Say whether somebody may do something, and why, rule by rule.

        *who*: the actor, as audited; *verb*: what they would do; *service*: to which service;
        *roles*: roles their token has, with commas between.
        """
        args: dict[str, object] = {"who": who, "verb": verb, "service": service, "roles": roles}
        return await self._asking.row(request_of("auth-explain", args=args))

    async def config(
        self, *names: str, labels: Sequence[str] = (), all: bool = False
    ) -> list[Reply]:
        """Show the configuration services run with, and where each value came from."""
        args: dict[str, object] = {}
        return await self._asking.rows(request_of("config", names, labels, all, args=args))

    async def config_history(
        self, *names: str, labels: Sequence[str] = (), all: bool = False
    ) -> list[Reply]:
        """Show which configurations services had, since when, and who brought them."""
        args: dict[str, object] = {}
        return await self._asking.rows(request_of("config-history", names, labels, all, args=args))

    async def config_rollback(
        self, name: str, version: int, *, reason: str | None = None
    ) -> list[Reply]:
        """Have a service go back to a configuration it had.

        *version*: which one, see config history.
        """
        args: dict[str, object] = {"version": version, "reason": reason}
        return await self._asking.rows(request_of("config-rollback", (name,), args=args))

    async def crashes(
        self,
        *names: str,
        labels: Sequence[str] = (),
        all: bool = False,
        id: str | None = None,
        lines: int | None = None,
        after: str | None = None,
    ) -> list[Row]:
        """Show which errors services did not handle, and the report of one.

        *id*: all that stands in this report; *lines*: how many reports, the newest first; *after*:
        only reports older than the one of this id.
        """
        args: dict[str, object] = {"id": id, "lines": lines, "after": after}
        return await self._asking.rows(request_of("crashes", names, labels, all, args=args))

    async def disable(
        self, *names: str, labels: Sequence[str] = (), all: bool = False, reason: str | None = None
    ) -> list[Outcome]:
        """No longer have services start by themselves; what runs goes on."""
        args: dict[str, object] = {"reason": reason}
        return await self._asking.rows(request_of("disable", names, labels, all, args=args))

    async def drift(self, *names: str, labels: Sequence[str] = (), all: bool = False) -> list[Row]:
        """Show where the files of services now say something else than was applied."""
        args: dict[str, object] = {}
        return await self._asking.rows(request_of("drift", names, labels, all, args=args))

    async def enable(
        self, *names: str, labels: Sequence[str] = (), all: bool = False, reason: str | None = None
    ) -> list[Outcome]:
        """Have services start by themselves: at boot, or when the agent starts."""
        args: dict[str, object] = {"reason": reason}
        return await self._asking.rows(request_of("enable", names, labels, all, args=args))

    def events(
        self,
        *names: str,
        labels: Sequence[str] = (),
        all: bool = False,
        follow: bool | None = None,
        lines: int | None = None,
        since: str | None = None,
        after: int | None = None,
        first: int | None = None,
    ) -> AsyncGenerator[EventItem]:
        """Show what happened to services.

        *follow*: go on as more happens; *lines*: how many events of the past; *since*: only events
        this young or from this time on; *after*: only events with a greater number; *first*: how
        many events, the oldest of them instead of the latest.
        """
        args: dict[str, object] = {
            "follow": follow,
            "lines": lines,
            "since": since,
            "after": after,
            "first": first,
        }
        return self._asking.items(request_of("events", names, labels, all, args=args))

    async def finding_quiet(self, id: str, *, reason: str | None = None) -> Row:
        """Tell of such a finding never again: nothing was wrong.

        *id*: how its id begins.
        """
        args: dict[str, object] = {"id": id, "reason": reason}
        return await self._asking.row(request_of("finding-quiet", args=args))

    async def finding_wake(self, id: str, *, reason: str | None = None) -> Row:
        """Tell of such findings again.

        *id*: how its id begins.
        """
        args: dict[str, object] = {"id": id, "reason": reason}
        return await self._asking.row(request_of("finding-wake", args=args))

    async def findings(
        self, *, services: object | None = None, all: bool | None = None, since: str | None = None
    ) -> Row:
        """Show what is unusual, and what has been learnt.

        *services*: names or globs; default: all; *all*: what is over, too; *since*: only what ended
        within this age or since then.
        """
        args: dict[str, object] = {"services": services, "all": all, "since": since}
        return await self._asking.row(request_of("findings", args=args))

    async def heal(
        self,
        *names: str,
        labels: Sequence[str] = (),
        all: bool = False,
        dry_run: bool | None = None,
        reason: str | None = None,
    ) -> list[Row]:
        """Heal now what waits for its hour; budgets and needs hold all the same.

        *dry_run*: only say what would be done.
        """
        args: dict[str, object] = {"dry_run": dry_run, "reason": reason}
        return await self._asking.rows(request_of("heal", names, labels, all, args=args))

    async def healing(
        self, *names: str, labels: Sequence[str] = (), all: bool = False, since: str | None = None
    ) -> Row:
        """Show what is to be healed, what was, and why not.

        *since*: rehearse the past, too: what would have been done since then, or that age.
        """
        args: dict[str, object] = {"since": since}
        return await self._asking.row(request_of("healing", names, labels, all, args=args))

    async def health(
        self, *names: str, labels: Sequence[str] = (), all: bool = False, group: str | None = None
    ) -> list[Reply]:
        """Ask services how they are, check by check.

        *group*: only the checks of this group.
        """
        args: dict[str, object] = {"group": group}
        return await self._asking.rows(request_of("health", names, labels, all, args=args))

    async def history(
        self, *names: str, labels: Sequence[str] = (), all: bool = False, since: str | None = None
    ) -> list[Row]:
        """Show what services used over time.

        *since*: from this age (1h) or time on.
        """
        args: dict[str, object] = {"since": since}
        return await self._asking.rows(request_of("history", names, labels, all, args=args))

    async def kill(
        self,
        *names: str,
        labels: Sequence[str] = (),
        all: bool = False,
        signal: str | None = None,
        reason: str | None = None,
    ) -> list[Outcome]:
        """Send a signal to the main process of services.

        *signal*: signal name.
        """
        args: dict[str, object] = {"signal": signal, "reason": reason}
        return await self._asking.rows(request_of("kill", names, labels, all, args=args))

    async def log_level(
        self, *names: str, labels: Sequence[str] = (), all: bool = False
    ) -> list[Reply]:
        """Show which records services write."""
        args: dict[str, object] = {}
        return await self._asking.rows(request_of("log-level", names, labels, all, args=args))

    def logs(
        self,
        *names: str,
        labels: Sequence[str] = (),
        all: bool = False,
        follow: bool | None = None,
        lines: int | None = None,
        since: str | None = None,
        until: str | None = None,
        grep: str | None = None,
        stream: str | None = None,
        level: str | None = None,
        where: str | None = None,
        trace: str | None = None,
        records: bool | None = None,
        watch: str | None = None,
        places: bool | None = None,
        after: str | None = None,
        stats: bool | None = None,
    ) -> AsyncGenerator[LogItem]:
        """Show what services wrote.

        *follow*: go on as more is written; *lines*: how many lines of the past; *since*: only lines
        this young (10m) or from this time on (2026-11-21T08:00); *until*: only lines before this
        age or time; *grep*: only lines that match this regular expression; *stream*: only this
        stream; *level*: only records at least as bad; *where*: only records with such fields:
        status>=500, method=GET and path!='/health'; *trace*: only records of this trace id;
        *records*: understand each record: its time, level, message, trace and fields; *watch*: this
        log that others keep; named services are shown beside it; *places*: tell with each line
        where it stands, as far as that can be; *after*: only lines behind such a place; *stats*:
        only say how much there is, of which level, and what is said most often.
        """
        args: dict[str, object] = {
            "follow": follow,
            "lines": lines,
            "since": since,
            "until": until,
            "grep": grep,
            "stream": stream,
            "level": level,
            "where": where,
            "trace": trace,
            "records": records,
            "watch": watch,
            "places": places,
            "after": after,
            "stats": stats,
        }
        return self._asking.items(request_of("logs", names, labels, all, args=args))

    async def may(self, *names: str, labels: Sequence[str] = (), all: bool = False) -> Row:
        """Show what the asker may do here: their roles, and the verbs for each service."""
        args: dict[str, object] = {}
        return await self._asking.row(request_of("may", names, labels, all, args=args))

    async def metrics(self) -> Row:
        """Print what the agent counts and measures, as Prometheus reads it."""
        args: dict[str, object] = {}
        return await self._asking.row(request_of("metrics", args=args))

    async def pause(
        self,
        *names: str,
        labels: Sequence[str] = (),
        all: bool = False,
        no_wait: bool | None = None,
        timeout: float | None = None,
        reason: str | None = None,
    ) -> list[Outcome]:
        """Freeze services where they stand.

        *no_wait*: do not wait for the outcome; *timeout*: give up waiting after this long; the work
        goes on.
        """
        args: dict[str, object] = {"no_wait": no_wait, "timeout": timeout, "reason": reason}
        return await self._asking.rows(request_of("pause", names, labels, all, args=args))

    async def reload(
        self,
        *names: str,
        labels: Sequence[str] = (),
        all: bool = False,
        no_wait: bool | None = None,
        timeout: float | None = None,
        reason: str | None = None,
    ) -> list[Outcome]:
        """Make services read their configuration again, without a restart where they can.

        *no_wait*: do not wait for the outcome; *timeout*: give up waiting after this long; the work
        goes on.
        """
        args: dict[str, object] = {"no_wait": no_wait, "timeout": timeout, "reason": reason}
        return await self._asking.rows(request_of("reload", names, labels, all, args=args))

    async def remove(
        self,
        *names: str,
        labels: Sequence[str] = (),
        all: bool = False,
        logs: bool | None = None,
        dry_run: bool | None = None,
        no_wait: bool | None = None,
        timeout: float | None = None,
        reason: str | None = None,
    ) -> Row:
        """Stop services and forget them; their logs are kept unless asked otherwise.

        *logs*: delete their logs too; *dry_run*: only say what would be done; *no_wait*: do not
        wait for the outcome; *timeout*: give up waiting after this long; the work goes on.
        """
        args: dict[str, object] = {
            "logs": logs,
            "dry_run": dry_run,
            "no_wait": no_wait,
            "timeout": timeout,
            "reason": reason,
        }
        return await self._asking.row(request_of("remove", names, labels, all, args=args))

    async def reset(
        self,
        *names: str,
        labels: Sequence[str] = (),
        all: bool = False,
        no_wait: bool | None = None,
        timeout: float | None = None,
        reason: str | None = None,
    ) -> list[Outcome]:
        """Forget failures: a service that gave up is started again.

        *no_wait*: do not wait for the outcome; *timeout*: give up waiting after this long; the work
        goes on.
        """
        args: dict[str, object] = {"no_wait": no_wait, "timeout": timeout, "reason": reason}
        return await self._asking.rows(request_of("reset", names, labels, all, args=args))

    async def restart(
        self,
        *names: str,
        labels: Sequence[str] = (),
        all: bool = False,
        no_wait: bool | None = None,
        timeout: float | None = None,
        reason: str | None = None,
    ) -> list[Outcome]:
        """Stop services and start them again.

        *no_wait*: do not wait for the outcome; *timeout*: give up waiting after this long; the work
        goes on.
        """
        args: dict[str, object] = {"no_wait": no_wait, "timeout": timeout, "reason": reason}
        return await self._asking.rows(request_of("restart", names, labels, all, args=args))

    async def resume(
        self,
        *names: str,
        labels: Sequence[str] = (),
        all: bool = False,
        no_wait: bool | None = None,
        timeout: float | None = None,
        reason: str | None = None,
    ) -> list[Outcome]:
        """Let paused services go on.

        *no_wait*: do not wait for the outcome; *timeout*: give up waiting after this long; the work
        goes on.
        """
        args: dict[str, object] = {"no_wait": no_wait, "timeout": timeout, "reason": reason}
        return await self._asking.rows(request_of("resume", names, labels, all, args=args))

    async def run(self, name: str, command: str, *, reason: str | None = None) -> list[Reply]:
        """Run a command of hook.run of a service, in each of its instances.

        *command*: which of hook.run.
        """
        args: dict[str, object] = {"command": command, "reason": reason}
        return await self._asking.rows(request_of("run", (name,), args=args))

    async def scale(
        self,
        name: str,
        instances: int,
        *,
        no_wait: bool | None = None,
        timeout: float | None = None,
        reason: str | None = None,
    ) -> list[Outcome]:
        """Change how many instances of a service run.

        *instances*: how many are to run; *no_wait*: do not wait for the outcome; *timeout*: give up
        waiting after this long; the work goes on.
        """
        args: dict[str, object] = {
            "instances": instances,
            "no_wait": no_wait,
            "timeout": timeout,
            "reason": reason,
        }
        return await self._asking.rows(request_of("scale", (name,), args=args))

    async def set_config(
        self,
        name: str,
        *,
        config: object | None = None,
        replace: bool | None = None,
        if_version: str | None = None,
        dry_run: bool | None = None,
        reason: str | None = None,
    ) -> list[Reply]:
        """Have a service take over values of its configuration, as far as they are valid.

        *config*: values by their keys; null: as without; *replace*: forget what was set before;
        *if_version*: only if this version is the newest: 3, or of several mailer=3,mailer.2=5;
        *dry_run*: only say what would be done.
        """
        args: dict[str, object] = {
            "config": config,
            "replace": replace,
            "if_version": if_version,
            "dry_run": dry_run,
            "reason": reason,
        }
        return await self._asking.rows(request_of("set-config", (name,), args=args))

    async def set_log_level(
        self,
        *names: str,
        labels: Sequence[str] = (),
        all: bool = False,
        level: str | None = None,
        logger: str | None = None,
        for_: float | None = None,
        reset: bool | None = None,
        reason: str | None = None,
    ) -> list[Reply]:
        """Have services write more records, or fewer, from now on or for a while.

        *level*: the least level that is written; *logger*: only for this logger and those below it
        (mailer.smtp); *for_*: take it back after this long; *reset*: take back what was set for a
        while.
        """
        args: dict[str, object] = {
            "level": level,
            "logger": logger,
            "for": for_,
            "reset": reset,
            "reason": reason,
        }
        return await self._asking.rows(request_of("set-log-level", names, labels, all, args=args))

    async def shipping(self) -> list[Row]:
        """Show where logs are sent, and how far behind that is."""
        args: dict[str, object] = {}
        return await self._asking.rows(request_of("shipping", args=args))

    async def shipping_show(self) -> Row:
        """Show what is sent where, and where each value came from."""
        args: dict[str, object] = {}
        return await self._asking.row(request_of("shipping-show", args=args))

    async def shipping_test(self, receiver: str, *, reason: str | None = None) -> Row:
        """Send one record to a receiver, and say what came back.

        *receiver*: which receiver.
        """
        args: dict[str, object] = {"receiver": receiver, "reason": reason}
        return await self._asking.row(request_of("shipping-test", args=args))

    async def show(self, *names: str, labels: Sequence[str] = (), all: bool = False) -> list[Row]:
        """Show the effective definition of services, and where each value came from."""
        args: dict[str, object] = {}
        return await self._asking.rows(request_of("show", names, labels, all, args=args))

    async def silence_add(
        self, *, match: object | None = None, for_: float | None = None, reason: str | None = None
    ) -> Row:
        """Have nobody told of some alerts for a while.

        *match*: conditions on labels, all of which hold; *for_*: how long.
        """
        args: dict[str, object] = {"match": match, "for": for_, "reason": reason}
        return await self._asking.row(request_of("silence-add", args=args))

    async def silence_end(self, number: int, *, reason: str | None = None) -> Row:
        """Let people be told again.

        *number*: which silence.
        """
        args: dict[str, object] = {"number": number, "reason": reason}
        return await self._asking.row(request_of("silence-end", args=args))

    async def silence_list(self) -> list[Row]:
        """Show what nobody is told of, and until when."""
        args: dict[str, object] = {}
        return await self._asking.rows(request_of("silence-list", args=args))

    async def start(
        self,
        *names: str,
        labels: Sequence[str] = (),
        all: bool = False,
        no_wait: bool | None = None,
        timeout: float | None = None,
        reason: str | None = None,
    ) -> list[Outcome]:
        """Start services, and what they need.

        *no_wait*: do not wait for the outcome; *timeout*: give up waiting after this long; the work
        goes on.
        """
        args: dict[str, object] = {"no_wait": no_wait, "timeout": timeout, "reason": reason}
        return await self._asking.rows(request_of("start", names, labels, all, args=args))

    async def status(
        self, *names: str, labels: Sequence[str] = (), all: bool = False
    ) -> list[Standing]:
        """Show how services are."""
        args: dict[str, object] = {}
        return await self._asking.rows(request_of("status", names, labels, all, args=args))

    async def stop(
        self,
        *names: str,
        labels: Sequence[str] = (),
        all: bool = False,
        no_wait: bool | None = None,
        timeout: float | None = None,
        reason: str | None = None,
    ) -> list[Outcome]:
        """Stop services, dependants first.

        *no_wait*: do not wait for the outcome; *timeout*: give up waiting after this long; the work
        goes on.
        """
        args: dict[str, object] = {"no_wait": no_wait, "timeout": timeout, "reason": reason}
        return await self._asking.rows(request_of("stop", names, labels, all, args=args))

    async def token_list(self) -> list[Row]:
        """Show which tokens were issued; none of them is kept."""
        args: dict[str, object] = {}
        return await self._asking.rows(request_of("token-list", args=args))

    async def token_revoke(
        self, id: str, *, certificate: bool | None = None, reason: str | None = None
    ) -> Row:
        """Have a token hold no more: what it opened is closed at once.

        *id*: how its id begins; *certificate*: it is the serial number of a certificate.
        """
        args: dict[str, object] = {"id": id, "certificate": certificate, "reason": reason}
        return await self._asking.row(request_of("token-revoke", args=args))

    async def tree(self, *names: str, labels: Sequence[str] = (), all: bool = False) -> Row:
        """Show what needs what."""
        args: dict[str, object] = {}
        return await self._asking.row(request_of("tree", names, labels, all, args=args))

    async def trends(self, *names: str, labels: Sequence[str] = (), all: bool = False) -> list[Row]:
        """Say what services use more and more of, and when it is used up."""
        args: dict[str, object] = {}
        return await self._asking.rows(request_of("trends", names, labels, all, args=args))

    async def wait(
        self,
        *names: str,
        labels: Sequence[str] = (),
        all: bool = False,
        condition: str | None = None,
        timeout: float | None = None,
    ) -> list[Outcome]:
        """Wait until services reach a condition.

        *condition*: what to wait for; *timeout*: give up waiting after this long; the work goes on.
        """
        args: dict[str, object] = {"condition": condition, "timeout": timeout}
        return await self._asking.rows(request_of("wait", names, labels, all, args=args))

    async def watch_list(self) -> list[Row]:
        """Show which logs of others are watched, and how far they were read."""
        args: dict[str, object] = {}
        return await self._asking.rows(request_of("watch-list", args=args))
