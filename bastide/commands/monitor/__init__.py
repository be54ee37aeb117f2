"""`bastide monitor`: what is true, served to Prometheus."""
