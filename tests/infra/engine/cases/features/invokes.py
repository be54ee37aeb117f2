import pulumi

said = pulumi.runtime.invoke("toy:index:shout", {"word": "hello"}).value
pulumi.CustomResource("toy:index:Thing", "hall", {"content": said["loud"]})
pulumi.export("said", said["loud"])
pulumi.export("later", pulumi.runtime.invoke_output("toy:index:shout", {"word": "b"})["loud"])
