"""The driver for hosts that are there already: nothing on them is changed."""
