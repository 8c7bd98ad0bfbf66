"""Properties run without a deadline (the machine may be busy) and leave no folder behind."""

from hypothesis import settings

settings.register_profile("core", deadline=None, database=None)
settings.load_profile("core")
