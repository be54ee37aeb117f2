# Managed by Bastide, role hardening. For people's login shells; programs set their own.
umask 027
