"""What cannot be used: each says where, what, and the remedy, in one line."""

from __future__ import annotations


class ConfigError(Exception):
    """A configuration that cannot be used: says the file, the key and the remedy."""


class UsageError(Exception):
    """A command line that cannot be used: says the option and the remedy."""
