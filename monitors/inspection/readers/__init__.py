"""One subject a file: the text that a host's program printed in, frozen values out.

All text is untrusted. What cannot be understood is passed over, never an error.
"""
