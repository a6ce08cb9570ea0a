"""The one place of the service that knows what time it is; a sandbox may set it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from server.store.store import Store

Clock: TypeAlias = Callable[[], datetime]
"""The present moment, aware, in whole seconds."""

SETTING = "sandbox-clock"


def system() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC).replace(microsecond=0)


class Sandbox:
    """A clock that runs at its usual pace from wherever it was set; the setting is shared by all who use the store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def __call__(self) -> datetime:
        ahead = self.store.setting(SETTING)
        return system() + timedelta(seconds=int(ahead or 0))

    def set(self, moment: datetime) -> None:
        """Let it be that moment now."""
        self.store.set_setting(SETTING, str(int((moment - system()).total_seconds())))

    def reset(self) -> None:
        """Back to the machine's own time."""
        self.store.set_setting(SETTING, "0")
