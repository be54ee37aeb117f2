from monitors.inspection.readers.certificates import read_certificates
from monitors.inspection.readers.web import read_sites
from tests.monitors.inspection.recorded import text


def test_sites_of_both_servers() -> None:
    redirect, portal, register, old = read_sites(text("web", "nginx"), text("web", "apache"))
    assert (redirect.ports, redirect.tls) == ((80,), False)
    assert (portal.names, portal.root) == (("www.gradac.example",), "/var/www/gradac")
    assert (portal.tls, portal.certificate) == (True, "/etc/nginx/tls/site.pem")
    assert register.upstreams == ("http://registar.lokal",)
    assert old.names == ("old.gradac.example", "archive.gradac.example")
    assert (old.server, old.ports, old.upstreams) == (
        "apache",
        (8081,),
        ("http://127.0.0.1:9000/",),
    )


def test_a_group_of_upstreams_is_given_by_its_servers() -> None:
    (site,) = read_sites(
        "==> /etc/nginx/conf.d/a.conf\n"
        "upstream app { server 10.0.0.1:80; server 10.0.0.2:80; }\n"
        'server { listen [::]:8443 ssl; server_name\n  "a.example"\n  _; '
        "location / { proxy_pass http://app/x; } }\n",
        "",
    )
    assert site.upstreams == ("10.0.0.1:80", "10.0.0.2:80")
    assert (site.names, site.ports, site.tls) == (("a.example",), (8443,), True)


def test_certificates_give_names_issuer_and_end() -> None:
    site, snakeoil = read_certificates(text("web", "certificates"))
    assert site.names == ("www.gradac.example", "eusluge.gradac.example")
    assert site.issuer == "CN=Gradac CA,O=Opstina Gradac"
    assert site.ends.startswith("2027-12-29T")
    assert snakeoil.file == "/etc/ssl/certs/ssl-cert-snakeoil.pem"
    assert "PRIVATE KEY" not in text("web", "certificates")


def test_a_damaged_certificate_is_a_problem_and_no_error() -> None:
    (damaged,) = read_certificates("==> /etc/a.pem\n-----BEGIN CERTIFICATE-----\nAAAA\n")
    assert damaged.problem.startswith("cannot be read")
