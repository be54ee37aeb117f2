"""`bastide up`: its stages in order, what each found, the summary at the end."""
