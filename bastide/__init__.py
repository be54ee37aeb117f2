"""The command: the one package that may import every other."""
