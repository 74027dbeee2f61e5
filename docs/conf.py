"""How the site is built: `make docs`. Nothing on it comes from another machine."""

project = "Bank CRM mining"
html_title = project
language = "en"
extensions = ["myst_parser"]
myst_heading_anchors = 3
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
# A word in back quotes is code; the site has no Python objects to refer to.
default_role = "code"
