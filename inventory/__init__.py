"""What we own: an estate as frozen values, read from a directory of YAML."""
