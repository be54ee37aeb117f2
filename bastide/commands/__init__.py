"""The command's nouns, one file each."""
