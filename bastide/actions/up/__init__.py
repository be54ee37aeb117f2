"""`bastide up`: its stages in order, their results, the summary at the end."""
