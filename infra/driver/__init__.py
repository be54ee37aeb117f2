"""What a driver offers: kinds of resources, what each takes and gives, and what is done for it."""
