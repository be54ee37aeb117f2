"""The Pulumi provider `bastide`: lab machines and existing hosts as Pulumi resources."""
