"""What an estate is made of, as Pulumi components: the lab's foundation, places, hosts, devices."""
