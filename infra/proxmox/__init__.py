"""The driver for machines on Proxmox VE, over its API with a token."""
