"""The lab: real Debian hosts and simulated devices on one machine, for the `lab` provider."""
