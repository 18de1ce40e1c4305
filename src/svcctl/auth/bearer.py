"""Who shows a token: one of this host, or one of an issuer that is trusted."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping

from svcctl.auth.identity import Identity, Way
from svcctl.auth.keys import Verifying
from svcctl.auth.oidc import Trust
from svcctl.auth.revocation import Revocations
from svcctl.auth.tokens import OWN_TYPE, header_of, verify
from svcctl.errors import Denied


class Bearer:
    """Identifies by tokens; *trusts* go by what issuers call themselves (``iss``)."""

    def __init__(
        self,
        ring: Callable[[], Verifying],
        *,
        revocations: Revocations,
        trusts: Mapping[str, Trust],
        now: Callable[[], float],
    ) -> None:
        self._ring, self._revocations = ring, revocations
        self._trusts, self._now = trusts, now

    async def identity(self, text: str, *, way: Way, source: str) -> Identity:
        """Give who *text* vouches for now; raises Denied, SystemFault where an issuer is silent."""
        if header_of(text).get("typ") == OWN_TYPE:
            found = verify(text, self._ring(), way=way, source=source, now=self._now())
        else:
            trust = self._trusts.get(_claimed_issuer(text))
            if trust is None:
                raise Denied("the token is of an issuer that is not trusted")
            found = await trust.identity(text, way=way, source=source)
        self._revocations.insist(found, now=self._now())
        return found


def _claimed_issuer(text: str) -> str:
    """Give what a token says of its issuer: proven only by that issuer's keys."""
    part = text.split(".")[1]
    try:
        claims = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError) as error:
        raise Denied("this is not a token") from error
    issuer = claims.get("iss") if isinstance(claims, dict) else None
    return issuer if isinstance(issuer, str) else ""
