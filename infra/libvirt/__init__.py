"""The driver for machines on hypervisors that libvirt manages."""
