profile fixture /usr/bin/fixture flags=(attach_disconnected) {
  /etc/passwd r,
  owner /home/*/** rw,
  audit /var/log/x w,
  deny /etc/shadow r,
  /bin/sh ix,
  /bin/web Px -> web,
  /bin/kid Cx -> kid,
  link /a -> /b,
  change_profile -> web,
  capability net_admin,
  set rlimit nofile <= 10,
  network inet stream,
  signal (send) set=(kill) peer=web,
  umount /mnt/,
  profile kid {
    /x r,
  }
}
