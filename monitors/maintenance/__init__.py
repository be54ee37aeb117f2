"""When nobody is to be notified: Alertmanager's silences, by hand and of maintenance windows."""
