"""What all tests share: how Hypothesis works here."""

import os

from hypothesis import HealthCheck, settings

# A deadline measures the machine, not the code. CI draws the same examples every time, so that a red run is about
# the change; on a developer's machine they differ from run to run, and what is found is kept as an example.
settings.register_profile(
    "house",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("house")
