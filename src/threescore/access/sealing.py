"""Keeps secrets in the database unreadable to whoever has only the database."""

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class Unreadable(Exception):
    """What was sealed cannot be read: the server's secret is another one now."""


class Sealer:
    """Encrypts with AES-256-GCM, under a key made from the server's secret.

    `purpose` and `about` are authenticated: what was sealed for one thing cannot be passed off as another's.
    """

    def __init__(self, secret: str, purpose: str) -> None:
        self._cipher = AESGCM(hmac.digest(secret.encode(), f"seal {purpose}".encode(), hashlib.sha256))

    def seal(self, plain: bytes, about: bytes) -> bytes:
        """The encrypted form."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, plain, about)

    def open(self, sealed: bytes, about: bytes) -> bytes:
        """What was sealed. Raises Unreadable."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], about)
        except InvalidTag as error:
            raise Unreadable("sealed under another secret") from error
