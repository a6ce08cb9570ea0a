"""`cardstack monitor`: the events of `cardstack readers watch` under the name people look for."""

from cardstack.cli.readers import watch as command

__all__ = ["command"]
