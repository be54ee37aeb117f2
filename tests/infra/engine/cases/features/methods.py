import pulumi

hall = pulumi.CustomResource("toy:index:Thing", "hall", {"content": "a"})
said = pulumi.runtime.call("toy:index:Thing/shout", {"word": "hello"}, hall)
pulumi.export("said", said.apply(lambda answer: answer["loud"]))
pulumi.export(
    "hidden",
    pulumi.runtime.call("toy:index:Thing/shout", {"word": pulumi.Output.secret("s")}, hall).apply(
        lambda answer: answer["loud"]
    ),
)
