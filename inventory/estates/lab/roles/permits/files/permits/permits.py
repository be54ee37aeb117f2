"""The permit register's web pages: list, search, one permit, a new application, health."""

import os
from datetime import UTC, datetime
from urllib.parse import urlsplit

import psycopg2
import register
from flask import Flask, Response, abort, redirect, render_template, request, send_from_directory
from flask.typing import ResponseReturnValue

app = Flask(__name__, template_folder=".")
app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}


@app.context_processor
def _place() -> dict[str, str]:
    return {"municipality": os.environ.get("PERMITS_MUNICIPALITY", "")}


@app.before_request
def _same_origin() -> None:
    """Refuse a form that another site sent; browsers name the sender in Origin (RFC 6454)."""
    origin = request.headers.get("Origin")
    if request.method == "POST" and origin and urlsplit(origin).netloc != request.host:
        abort(403, "This form was sent from another site.")


@app.get("/")
def index() -> str:
    """Show a page of permits, newest first, or those that match the search."""
    words = request.args.get("q", "").replace("\x00", "").strip()[:80]
    page = max(1, min(request.args.get("page", 1, type=int), 10_000))
    found = register.search(words, page)
    pages = max(1, -(-found.total // register.PAGE_ROWS))
    return render_template(
        "page.html", view="list", found=found, words=words, page=page, pages=pages
    )


@app.get("/permits/<number>")
def permit(number: str) -> str:
    """Show one permit with what happened to it."""
    found = register.one(number)
    if found is None:
        abort(404, f"There is no permit with the number {number}.")
    return render_template("page.html", view="permit", permit=found)


@app.get("/scans/<file>")
def scan(file: str) -> Response:
    """Send the scan of a paper."""
    return send_from_directory(register.scans_folder(), file, mimetype="application/pdf")


@app.route("/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    """Show the form of a new application, and take it in."""
    form = {name: request.form.get(name, "").strip() for name in ("applicant", "kind", "address")}
    problems = _problems(form) if request.method == "POST" else {}
    if request.method == "GET" or problems:
        page = render_template(
            "page.html", view="new", form=form, problems=problems, kinds=register.KINDS
        )
        return page, 422 if problems else 200
    number = register.add(**form, today=datetime.now(UTC).date())
    return redirect(f"/permits/{number}", code=303)


@app.get("/healthz")
def health() -> ResponseReturnValue:
    """Say whether the register can be read, by reading it; 503 when it cannot."""
    try:
        return {"status": "ok", "permits": register.count()}
    except psycopg2.Error as error:
        app.logger.warning("the database does not answer: %s", str(error).strip())
        return {"status": "the database does not answer"}, 503


@app.errorhandler(403)
@app.errorhandler(404)
@app.errorhandler(413)
def refused(error: Exception) -> ResponseReturnValue:
    """Show what could not be done."""
    text, code = getattr(error, "description", str(error)), getattr(error, "code", 500)
    return render_template("page.html", view="message", text=text), code


@app.errorhandler(psycopg2.Error)
def unavailable(error: psycopg2.Error) -> ResponseReturnValue:
    """Tell citizens, and the journal, that the database does not answer."""
    app.logger.warning("the database does not answer: %s", str(error).strip())
    text = "The register cannot be read just now. Please try again later; monitoring notices this."
    return render_template("page.html", view="message", text=text), 503


def _problems(form: dict[str, str]) -> dict[str, str]:
    limits = {"applicant": 120, "address": 200}
    found = {
        name: f"Please fill in between 2 and {limit} characters."
        for name, limit in limits.items()
        if not 2 <= len(form[name]) <= limit or "\x00" in form[name]
    }
    if form["kind"] not in register.KINDS:
        found["kind"] = "Please choose one of the kinds."
    return found
