"""What all tests share: a property does not fail because the machine is busy. How long things take is `bench`'s business."""

from hypothesis import HealthCheck, settings

settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")
