import pulumi

pulumi.ComponentResource("toy:index:Site", "hall", {}, remote=True)
