"""What we own: the estate's words as frozen values, read from a directory of YAML."""
