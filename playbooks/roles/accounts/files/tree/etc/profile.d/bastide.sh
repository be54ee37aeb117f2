# Managed by Bastide, role accounts. For people's login shells; programs set their own.
umask 027
# No core dumps, as the limits say too; a shell that no PAM opened has this one only.
ulimit -c 0
# bash and ksh end a session that has waited this long for a command. Set once: a file that is
# read again must not fail on its own readonly.
if [ "${TMOUT-}" != 900 ]; then
    TMOUT=900
fi
readonly TMOUT
export TMOUT
