from monitors.prometheus.blackbox_config import blackbox


def test_a_service_is_probed_as_a_browser_that_trusts_the_estates_authority() -> None:
    http = blackbox()["modules"]["http_2xx"]["http"]
    assert http["tls_config"] == {
        "ca_file": "/etc/bastide/authority.crt",
        "insecure_skip_verify": False,
    }
    assert http["follow_redirects"]
