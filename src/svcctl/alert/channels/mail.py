"""E-mail, by the SMTP server of whoever is told."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import formatdate
from typing import Literal

from svcctl.alert.channel import MAIL_SERVERS, Rate
from svcctl.alert.channels.thread import in_thread
from svcctl.alert.wording import Message
from svcctl.errors import NotDelivered
from svcctl.ports import Clock

_TIMEOUT = 20.0  # seconds, for each step
_PERMANENT = 500  # from here on a reply code says not to come again, RFC 5321 section 4.2.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """Sends from *sender* to all of *to*; it has arrived once the server has taken it for all.

    *security* ``starttls`` and ``tls`` check the certificate; ``none`` is for a server on this
    machine.  The Message-ID is the same for the same notice.
    """

    host: str
    sender: str
    to: tuple[str, ...]
    clock: Clock
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    rate: Rate = MAIL_SERVERS

    async def send(self, message: Message) -> None:
        """See :class:`svcctl.alert.channel.Channel`."""
        letter = self._letter(message)
        await in_thread(lambda: self._send(letter))

    def _letter(self, message: Message) -> EmailMessage:
        letter = EmailMessage(policy=WIRE)
        letter["From"], letter["To"] = self.sender, ", ".join(self.to)
        letter["Subject"] = message.title
        letter["Date"] = formatdate(self.clock.now(), localtime=True)
        name = hashlib.sha256(message.number.encode()).hexdigest()[:32]
        letter["Message-ID"] = f"<{name}@{self.sender.rpartition('@')[2]}>"
        letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notes, please
        letter.set_content(message.text)
        return letter

    def _send(self, letter: EmailMessage) -> None:
        import smtplib  # noqa: PLC0415 - for those who mail
        import ssl  # noqa: PLC0415 - likewise

        checked = ssl.create_default_context()
        try:
            if self.security == "tls":
                server: smtplib.SMTP = smtplib.SMTP_SSL(
                    self.host, self.port, timeout=_TIMEOUT, context=checked
                )
            else:
                server = smtplib.SMTP(self.host, self.port, timeout=_TIMEOUT)
            with server:
                if self.security == "starttls":
                    server.starttls(context=checked)
                if self.user:
                    server.login(self.user, self.password)
                refused = server.send_message(letter)
        except smtplib.SMTPRecipientsRefused as error:
            code = min(code for code, _ in error.recipients.values())
            raise self._refusal(f"refused every recipient with {code}", code) from error
        except smtplib.SMTPResponseException as error:
            raise self._refusal(f"refused with {error.smtp_code}", error.smtp_code) from error
        except (OSError, smtplib.SMTPException) as error:
            problem = getattr(error, "strerror", None) or type(error).__name__
            raise self._refusal(f"cannot be asked: {problem}", 0) from error
        if refused:
            code = min(code for code, _ in refused.values())
            raise self._refusal(f"refused {', '.join(sorted(refused))} with {code}", code)

    def _refusal(self, problem: str, code: int) -> NotDelivered:
        again = code < _PERMANENT
        return NotDelivered(
            f"mail server {self.host!r} {problem}",
            hint="it is tried again" if again else "check user, password, sender and recipients",
            again=again,
        )
