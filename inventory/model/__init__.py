"""What an estate's files say, as frozen values; every unknown key is refused."""
