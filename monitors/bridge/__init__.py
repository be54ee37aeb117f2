"""The bridge: alerts by the channels that Debian's Alertmanager does not speak, or not safely.

Alertmanager calls it by webhook on loopback; Telegram is among its channels since Alertmanager
0.25 would have the bot's token in its configuration itself. Mail and webhooks that have a fallback,
or are one, are as well: of Alertmanager nobody learns which message it could not deliver.
"""

LISTEN = "127.0.0.1:9873"
"""Where the bridge listens on the operations host, and Alertmanager finds it."""
