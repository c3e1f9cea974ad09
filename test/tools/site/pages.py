"""Puts the documents of this repository into the folder that mkdocs reads, and looks after links to what is no page.

A link to a file of the repository leads to it at REPOSITORY, the address of its files; without that it becomes its text.
"""

import os
import posixpath
import re
import shutil
import subprocess

LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s#]+)(#[^)\s]*)?\)")


def top():
    return os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))


def on_config(config):
    """Copies the pages and pictures that git knows, or will know."""
    shutil.rmtree(config.docs_dir, ignore_errors=True)
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md", "docs/*.png", "docs/*.svg"],
                            cwd=top(), check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if "testdata" in name or name.startswith("test/") or not os.path.exists(os.path.join(top(), name)):
            continue
        to = os.path.join(config.docs_dir, name)
        os.makedirs(os.path.dirname(to), exist_ok=True)
        shutil.copyfile(os.path.join(top(), name), to)
    return config


def on_page_markdown(markdown, page, config, files):
    here = posixpath.dirname(page.file.src_uri)

    def follow(found):
        picture, text, target, anchor = found.groups()
        if re.match(r"[a-z]+:", target):
            return found.group(0)
        path = posixpath.normpath(posixpath.join(here, target))
        if files.get_file_from_path(path) or picture:
            return found.group(0)
        if files.get_file_from_path(posixpath.join(path, "README.md")):
            return f"[{text}]({target.rstrip('/')}/README.md{anchor or ''})"
        repository = os.environ.get("REPOSITORY", "")
        return f"[{text}]({repository}/{path}{anchor or ''})" if repository else text

    return LINK.sub(follow, markdown)
