"""A stack on disk, as Pulumi's file backend has it: settings, state, lock and secrets."""
