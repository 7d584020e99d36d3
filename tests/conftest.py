"""What all tests share."""

from hypothesis import settings

# Machines that run tests are shared: how long one example takes says nothing about the code. A
# fixed seed makes a failure the same one everywhere.
settings.register_profile("shared", deadline=None, derandomize=True)
settings.load_profile("shared")
