"""A profile drafted from a recording of a device that no profile knows."""
