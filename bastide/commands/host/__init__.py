"""`bastide host`: servers one by one."""
