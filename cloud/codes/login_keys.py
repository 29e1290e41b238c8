"""The login's public keys from a file, read again when the operator has put new ones there."""

import logging
from pathlib import Path

from joserfc.jwk import KeySet

from cloud.codes.shopper_token import Login, Shopper, ShopperTokenError, read_keys, read_shopper
from cloud.config import ConfigError

_LOG = logging.getLogger(__name__)
_LOOK_EVERY_MS = 10_000
_Stamp = tuple[int, int, int]
"""What differs between a file and the one that took its place: time of change in nanoseconds, bytes, inode."""


class LoginKeys:
    """Whose tokens hold, with the keys that the file held when it was last looked at.

    A file that is gone or cannot be read is said in the log, and the keys from before hold on: a mistake while
    exchanging keys signs nobody out.
    """

    def __init__(self, issuer: str, audience: str, file: Path) -> None:
        """Read the file.

        Raises:
            ConfigError: It cannot be read, or holds no key for RS256 or ES256.
        """
        self._issuer, self._audience, self._file = issuer, audience, file
        self._looked_ms: int | None = None
        self._stamp = self._look()
        self._login = self._login_with(self._read())

    def read(self, token: str, now_ms: int) -> Shopper:
        """Return whom a token names; the file is looked at every 10 s, and when these keys refuse a token.

        Raises:
            ShopperTokenError: The token proves nothing, by the newest keys either.
        """
        if self._looked_ms is None or abs(now_ms - self._looked_ms) >= _LOOK_EVERY_MS:
            self._looked_ms = now_ms
            self._renew()
        try:
            return read_shopper(self._login, token, now_ms)
        except ShopperTokenError as error:
            if error.refusal == "expired" or not self._renew():
                raise
            return read_shopper(self._login, token, now_ms)

    def _renew(self) -> bool:
        """Read the file if it has changed; return whether there are new keys."""
        stamp = self._look()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            self._login = self._login_with(self._read())
        except ConfigError as error:
            _LOG.warning("%s; shoppers sign in by the keys from before", error)
            return False
        _LOG.info("the login's keys were read anew from %s", self._file)
        return True

    def _login_with(self, keys: KeySet) -> Login:
        return Login(issuer=self._issuer, audience=self._audience, keys=keys)

    def _look(self) -> _Stamp | None:
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> KeySet:
        named = f"resolver_login_keys_file: {str(self._file)!r}"
        try:
            return read_keys(self._file.read_bytes())
        except OSError as error:
            msg = f"{named} cannot be read ({error.strerror}); name a file with public keys"
            raise ConfigError(msg) from error
        except ValueError as error:
            msg = f"{named} is {error}"
            raise ConfigError(msg) from error
