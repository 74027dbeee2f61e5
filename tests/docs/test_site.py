"""Does the site open without a network, and does every page of it lead somewhere?"""

import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest

from pipelines.foundation.errors import MissingSourceError
from pipelines.foundation.settings import PROJECT_ROOT

sys.path.insert(0, str(PROJECT_ROOT / "docs"))
import pictures

# What a browser loads by itself; a link that a person follows may lead anywhere.
LOADED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "link": "href",
}
ELSEWHERE = re.compile(r"(https?:)?//")
IN_STYLES = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')]+)""")


class Page(HTMLParser):
    """What a page loads, where its links lead, and the places that it has."""

    def __init__(self, path):
        super().__init__()
        self.loaded, self.links, self.ids = [], [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.ids.add(attributes.get("id"))
        if attributes.get(LOADED.get(tag)):
            self.loaded.append(attributes[LOADED[tag]])
        if tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"])


def find_outside(folder):
    """List what pages and styles of a folder would load from another machine."""
    loaded = [name for path in folder.rglob("*.html") for name in Page(path).loaded]
    styles = [
        name
        for kind in ("*.css", "*.html")
        for path in folder.rglob(kind)
        for name in IN_STYLES.findall(path.read_text(encoding="utf-8"))
    ]
    return sorted({name for name in [*loaded, *styles] if ELSEWHERE.match(name)})


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site without dbt's pages, built so that a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "docs", folder],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return folder


def test_the_site_loads_nothing_from_elsewhere(site):
    assert find_outside(site) == []


def test_what_would_be_loaded_from_elsewhere_is_found(tmp_path):
    page = "<script src='//x.test/a.js'></script><style>@import 'https://x.test/b'"
    (tmp_path / "page.html").write_text(page, encoding="utf-8")

    assert find_outside(tmp_path) == ["//x.test/a.js", "https://x.test/b"]


def test_every_link_of_the_site_leads_to_a_place_of_it(site):
    pages = {path: Page(path) for path in site.glob("*.html")}
    broken = []
    for path, page in pages.items():
        for link in page.links:
            name, _, place = link.partition("#")
            target = site / name if name else path
            if "://" in link or name == "dbt/index.html":
                continue
            if not target.exists() or (place and place not in pages[target].ids):
                broken.append(f"{path.name}: {link}")

    assert broken == []


def test_every_document_is_a_page_of_the_site(site):
    documents = {path.stem for path in (PROJECT_ROOT / "docs").glob("*.md")}

    assert documents - {path.stem for path in site.glob("*.html")} == set()


@pytest.mark.slow
def test_the_site_is_made_with_dbts_pages_which_tell_nobody(tmp_path):
    subprocess.run(
        ["make", "docs", f"SITE={tmp_path}"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        check=True,
    )
    page = (tmp_path / "dbt" / "index.html").read_text(encoding="utf-8")

    assert "model.bank_crm.customers" in page
    assert find_outside(tmp_path) == []
    # dbt's page reports its readers where this is true.
    assert '"send_anonymous_usage_stats": false' in page
    assert '"send_anonymous_usage_stats": true' not in page


def test_without_a_browser_pictures_say_how_to_get_one(monkeypatch):
    monkeypatch.setattr("pictures.BROWSERS", ("a-browser-that-nobody-has",))

    with pytest.raises(MissingSourceError, match="Install it"):
        pictures.find_browser()
