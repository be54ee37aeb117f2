"""The checks: plain testinfra, `pytest monitors/audit/checks --hosts=ssh://root@HOST`."""
