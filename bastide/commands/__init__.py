"""The commands, a file or a folder each, named as they are typed; cli.py lists them."""
