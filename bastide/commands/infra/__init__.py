"""`bastide infra`: what we provision."""
