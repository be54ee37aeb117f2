"""`bastide backup`: what could be restored, what a restore has proved, and in which order."""
