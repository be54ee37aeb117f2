"""The part of the inventory that fits what was read; each guess with what it was guessed from."""
