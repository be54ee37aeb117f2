"""The checks: plain testinfra, `pytest monitors/security/checks --hosts=ssh://root@HOST`."""
