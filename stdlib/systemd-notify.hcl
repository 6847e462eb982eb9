module "systemd-notify" {
  description = "Tell systemd about start, state and watchdog: Type=notify, WatchdogSec=, sd_notify."

  socket "/run/systemd/notify" {
    type   = "dgram"
    reason = "where systemd takes messages; NOTIFY_SOCKET names it"
  }
}
