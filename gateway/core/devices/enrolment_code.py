"""One-time codes that people read aloud and type: eight of Crockford's 32 symbols, `7K3M-XQ2T`. Pure.

Forty bits, a few minutes, few tries: guessing one is hopeless. Letters that look like digits are taken for them.
"""

import hashlib

CODE_BYTES = 5
_SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 8
_ALIKE = str.maketrans("OIL", "011", "- ")
_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 1 << 14, 8, 1


def code_of(drawn: bytes) -> str:
    """Return the code that random bytes make.

    Args:
        drawn: `CODE_BYTES` of them.
    """
    number = int.from_bytes(drawn, "big")
    symbols = "".join(_SYMBOLS[number >> 5 * place & 31] for place in reversed(range(_LENGTH)))
    return f"{symbols[:4]}-{symbols[4:]}"


def plain_code(typed: str) -> str | None:
    """Return what somebody typed as `code_of` writes it, None where it can be no code."""
    plain = typed.strip().upper().translate(_ALIKE)
    if len(plain) != _LENGTH or any(symbol not in _SYMBOLS for symbol in plain):
        return None
    return f"{plain[:4]}-{plain[4:]}"


def code_hash(code: str, salt: bytes) -> str:
    """Return what is kept of a code: whoever reads the file cannot try all codes while one is valid (scrypt, RFC 7914).

    Args:
        code: As `plain_code` returns it.
        salt: The store's own.
    """
    return hashlib.scrypt(code.encode(), salt=salt, n=_SCRYPT_N, r=_SCRYPT_R, p=_SCRYPT_P, dklen=32).hex()
