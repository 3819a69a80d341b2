"""Who is asking: a cookie with the annotator's name, signed, so that it outlives a restart and cannot be made up."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sessions:
    """What cookies are signed with.

    Attributes
    ----------
    secret
        Of the project's database.
    token
        Asked for at the door; empty on a server that only this machine reaches. Another token ends every session.
    """

    secret: str
    token: str = ""

    @property
    def cookie(self) -> str:
        """The cookie's name: cookies know no ports, and two projects may be served by one machine."""
        return f"headwinds_{hashlib.sha256(self.secret.encode()).hexdigest()[:8]}"

    def opens(self, token: str) -> bool:
        """Whether a token is the right one, compared in constant time."""
        return hmac.compare_digest(token.encode("utf-8", "replace"), self.token.encode("utf-8"))

    def sign(self, name: str) -> str:
        """The value of the cookie for an annotator."""
        return f"{base64.urlsafe_b64encode(name.encode('utf-8')).decode('ascii')}.{self._signature(name)}"

    def read(self, value: str) -> str | None:
        """The annotator that a cookie names, or None if it was not signed here."""
        encoded, _, signature = value.partition(".")
        try:
            name = base64.b64decode(encoded.encode("ascii"), altchars=b"-_", validate=True).decode("utf-8")
        except (binascii.Error, UnicodeError):
            return None
        good = hmac.compare_digest(
            signature.encode("utf-8", "replace"), self._signature(name).encode("ascii")
        )
        return name if good else None

    def _signature(self, name: str) -> str:
        key = hashlib.sha256(f"{self.secret}\n{self.token}".encode()).digest()
        return hmac.new(key, name.encode("utf-8"), hashlib.sha256).hexdigest()
