"""`bastide audit`: what is proved of every host's hardening."""
