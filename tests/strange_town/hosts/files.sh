#!/bin/sh
# fajlovi: the file server; sysadmin logs in by key and has sudo without a password.
. /build/common.sh
install_packages bookworm python3 sudo acl samba samba-vfs-modules iproute2 procps dbus libpam-systemd \
  cron tzdata rsync
name_host fajlovi 172.27.10.20
interface enp1s0 172.27.10.20/26 fd27:10::20/64
ln -sf /usr/share/zoneinfo/Europe/Belgrade /etc/localtime
echo Europe/Belgrade > /etc/timezone

add_user sysadmin
echo 'sysadmin ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/sysadmin
chmod 440 /etc/sudoers.d/sysadmin
add_user referent            # logs in by key, and may not use sudo
add_user pricalica           # its shell greets everybody, programs too
cat > /usr/local/bin/greeting-shell <<'S'
#!/bin/sh
echo '*** Dobro dosli na fajlovi. Odrzavanje: petak 16h. ***'
exec /bin/bash "$@"
S
chmod 755 /usr/local/bin/greeting-shell
echo /usr/local/bin/greeting-shell >> /etc/shells
usermod --shell /usr/local/bin/greeting-shell pricalica
echo 'pricalica ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/pricalica
chmod 440 /etc/sudoers.d/pricalica

groupadd sluzba
for clerk in milica jovan; do
  useradd --no-create-home --shell /usr/sbin/nologin --groups sluzba "$clerk"
  printf 'Papir-%s-7\nPapir-%s-7\n' "$clerk" "$clerk" | smbpasswd -s -a "$clerk" > /dev/null
done
mkdir -p /srv/sluzba/nalozi /srv/direktor /srv/javno
chgrp -R sluzba /srv/sluzba
chmod 2770 /srv/sluzba /srv/sluzba/nalozi
setfacl -m u:jovan:r-x,d:u:jovan:r-x /srv/sluzba/nalozi
setfacl -m u:milica:rwx /srv/direktor
chmod 700 /srv/direktor
echo 'Nalog broj 1 od 2026. godine' > /srv/sluzba/nalozi/nalog-1.txt
echo 'Radno vreme 8-16' > /srv/javno/obavestenje.txt
cat > /etc/samba/smb.conf <<'R'
[global]
   workgroup = OPSTINA
   netbios name = FAJLOVI
   server role = standalone server
   map to guest = Bad User
   log file = /var/log/samba/log.smbd
   max log size = 1000
   disable spoolss = yes
   load printers = no

[sluzba]
   path = /srv/sluzba
   valid users = @sluzba
   read only = no
   vfs objects = acl_xattr

[direktor]
   path = /srv/direktor
   valid users = milica
   read only = no

[javno]
   path = /srv/javno
   guest ok = yes
   read only = yes
R
systemctl -q enable smbd nmbd
echo '30 1 1 * * root rsync -a /srv/ /var/backups/srv/' > /etc/cron.d/kopija
