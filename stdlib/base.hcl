module "base" {
  description = "What every program needs, as the distribution's abstractions/base has it. Every body has it unless it says `base = false`."

  include = [{ path = "abstractions/base", reason = "libraries, locales, time zones, entropy, and signals from unconfined processes" }]
}
