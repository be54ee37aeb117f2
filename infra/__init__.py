"""What we provision: the Pulumi program, its provider and lab driver, and the engines."""
