"""How every tier reads its TOML configuration: typed, every key checked, paths taken from the file's own folder."""

from pathlib import Path
from typing import TypeVar

import msgspec

from contracts.errors import ContractError

ConfigT = TypeVar("ConfigT")


class InvalidConfigurationError(ContractError):
    """A configuration is no TOML, or a key is unknown, missing or has a value that is not allowed."""


def decode_toml(raw: bytes, config_type: type[ConfigT], file: Path) -> ConfigT:
    """Return a configuration.

    Args:
        raw: The file's bytes.
        config_type: A frozen struct that forbids unknown fields.
        file: Where the bytes came from, for messages; relative paths in it are taken from its folder.

    Raises:
        InvalidConfigurationError: The message names the file, the key, and what is allowed.
    """

    def convert(wanted: type, value: object) -> object:
        if wanted is Path and isinstance(value, str):
            return (file.parent / value).resolve()
        msg = f"expected a {wanted.__name__}, got {value!r}"
        raise NotImplementedError(msg)

    try:
        return msgspec.toml.decode(raw, type=config_type, dec_hook=convert)
    except (msgspec.MsgspecError, NotImplementedError) as error:
        msg = f"{file}: {error}"
        raise InvalidConfigurationError(msg) from error
