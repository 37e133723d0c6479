"""The key of a person's pseudonyms: a secret, and what has been replaced so far, so that every file of theirs is replaced alike."""

import os
import secrets
from ipaddress import ip_network
from pathlib import Path
from typing import Self

import msgspec

from netlab_magic.engines.anonymise.prefixes import Network
from netlab_magic.errors import StatementError

__all__ = ["Key"]

_SECRET_BYTES = 32


class Key(msgspec.Struct):
    """`secret` in hexadecimal; `networks` that keep their first and last addresses; `words`, each original with its pseudonym."""

    secret: str
    networks: list[str] = []
    words: dict[str, str] = {}

    @classmethod
    def new(cls) -> Self:
        """A key with a new secret."""
        return cls(secrets.token_hex(_SECRET_BYTES))

    @classmethod
    def read(cls, name: str, *, must_exist: bool = False) -> Self:
        """The key in a file, or a new one. Raises StatementError for a file that cannot be read, or is none of ours."""
        try:
            return msgspec.json.decode(Path(name).read_bytes(), type=cls)
        except FileNotFoundError:
            if must_exist:
                raise StatementError(f"there is no file {name}; going back needs the key that the file was anonymised with") from None
            return cls.new()
        except OSError as error:
            raise StatementError(f"{name} cannot be read: {error.strerror}") from None
        except msgspec.DecodeError:
            raise StatementError(f"{name} is not a key of netlab-magic anonymise") from None

    def write(self, name: str) -> None:
        """Writes the file, which only its owner may read. Raises StatementError."""
        try:
            descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(self), indent=1))
        except OSError as error:
            raise StatementError(f"{name} cannot be written: {error.strerror}") from None

    @property
    def secret_bytes(self) -> bytes:
        """The secret, for hashing."""
        return bytes.fromhex(self.secret)

    def known_networks(self) -> list[Network]:
        """The networks as values."""
        return [ip_network(text) for text in self.networks]
