"""Posts crash reports to a URL, whoever collects them there."""

from __future__ import annotations

import base64
import logging
from collections.abc import Mapping
from functools import partial
from urllib.parse import unquote, urlsplit, urlunsplit

from svcctl.alert.channels.post import answer_to
from svcctl.errors import NotDelivered, UsageError
from svcctl.ports import Clock, Document
from svcctl.sdk.resilience.retry import retry
from svcctl.sdk.waiting import in_thread

log = logging.getLogger(__name__)

_TRIES, _TIME = 3, "20s"  # for one report, before it waits for the next round
_REFUSED = frozenset((400, 413, 415, 422))  # the report is to blame: it would be refused for ever


class HttpUploader:
    """A :class:`svcctl.sdk.crash.upload.CrashUploader`: each report is a POST of JSON.

    The name of a report, which tells repetitions apart, is the header ``Idempotency-Key``.  User
    and password of *url* become basic authentication, and stand in no message.  Certificates are
    verified, redirects not followed.
    """

    def __init__(self, url: str, *, clock: Clock, headers: Mapping[str, str] | None = None) -> None:
        """Raises UsageError for what is no URL of HTTP."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError(
                "crash_upload_url is no address of HTTP",
                hint="write for example https://crashes.example.org/reports",
            )
        self.name = parts.hostname
        self._url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        self._headers = {**_authorization(parts.username, parts.password), **(headers or {})}
        self._clock = clock

    async def upload(self, name: str, report: Document) -> None:
        """See :class:`svcctl.sdk.crash.upload.CrashUploader`; it is tried a few times.

        Raises NotDelivered.  One that is refused for what it is counts as taken, and is logged.  It
        is done in a thread that keeps no process alive; cancelled, it may arrive all the same.
        """
        again = retry(on=NotDelivered, attempts=_TRIES, timeout=_TIME, clock=self._clock)
        await again(partial(self._posted, name, report))()

    async def _posted(self, name: str, report: Document) -> None:
        headers = {"Idempotency-Key": name, **self._headers}
        answer = await in_thread("crash upload", partial(answer_to, self._url, report, headers))
        if answer.status in _REFUSED:
            log.warning("crash.refused", extra={"report": name, "status": answer.status})
        elif not 200 <= answer.status < 300:
            raise NotDelivered(
                f"{self.name!r} answered {answer.status}",
                hint="check crash_upload_url, and who may post there",
                again=True,
            )


def _authorization(user: str | None, password: str | None) -> dict[str, str]:
    if not user:
        return {}
    pair = f"{unquote(user)}:{unquote(password or '')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
