"""What the card does for each instruction; importing this package fills the table of `emulator.instruction`."""

from emulator.handlers import (
    authenticate,
    bank,
    binary,
    channels,
    lifecycle,
    load,
    medical,
    pin,
    pki,
    purchase,
    purse,
    records,
    sam,
    secure,
    selecting,
)

__all__ = [
    "authenticate",
    "bank",
    "binary",
    "channels",
    "lifecycle",
    "load",
    "medical",
    "pin",
    "pki",
    "purchase",
    "purse",
    "records",
    "sam",
    "secure",
    "selecting",
]
