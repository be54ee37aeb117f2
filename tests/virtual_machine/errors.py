"""What went wrong with the virtual machine."""


class MachineError(Exception):
    """What could not be done, with what was said about it."""
