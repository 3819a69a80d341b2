"""What a function can print, read off its source: sentences with a number in every gap, and every choice made in turn."""

from __future__ import annotations

import ast
import itertools
import re

from house.repository import SOURCE

GAP = "17"
MOST = 200
NO_SENTENCE = (
    "join",
    "replace",
    "startswith",
    "getattr",
    "partition",
    "split",
    "removeprefix",
    "select_dtypes",
)


def functions(path):
    """Every function of a module by its name, methods as Class.name."""
    tree = ast.parse((SOURCE / path).read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        if isinstance(node, ast.ClassDef):
            for below in node.body:
                if isinstance(below, ast.FunctionDef):
                    yield f"{node.name}.{below.name}", below


def local_names(tree, inside):
    """What the function around a node gives to its names."""
    own = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) and inside in set(ast.walk(one))]
    return assigned(own[-1]) if own else {}


def assigned(function):
    """The expressions that each local name is given."""
    known = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            known.setdefault(node.targets[0].id, []).append(node.value)
    return known


def sentences_of(function):
    """What it can print: strings that stand in no other string, with the local names in their gaps put in."""
    known = assigned(function)
    within = {
        name.id
        for text in ast.walk(function)
        if isinstance(text, ast.FormattedValue)
        for name in ast.walk(text)
        if isinstance(name, ast.Name)
    }
    yield from _walk(function.body[1:] if ast.get_docstring(function) else function.body, known, within)


def texts_of(node, known):
    """The texts that an expression can be; a gap where it is made elsewhere."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        return _joined([_part(part, known) for part in node.values])
    if isinstance(node, ast.IfExp):
        return [*texts_of(node.body, known), *texts_of(node.orelse, known)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _joined([texts_of(node.left, known), texts_of(node.right, known)])
    if isinstance(node, ast.Name) and len(known.get(node.id, ())) == 1:
        return texts_of(known[node.id][0], {name: own for name, own in known.items() if name != node.id})
    return [GAP]


def has_words(text):
    """Whether anything but names of settings and metrics is in it; what begins with a space is no sentence, but its end."""
    return text[:1] not in (" ", ",", ";") and bool(
        re.search(r"[a-z]{2,} [a-z]|[A-Z][a-z]{2,}", text.replace("pip install", ""))
    )


def _part(part, known):
    return [str(part.value)] if isinstance(part, ast.Constant) else texts_of(part.value, known)


def _joined(parts):
    return ["".join(one) for one in itertools.islice(itertools.product(*parts), MOST)]


def _walk(node, known, within):
    if isinstance(node, list):
        for one in node:
            yield from _walk(one, known, within)
    elif isinstance(node, (ast.Constant, ast.JoinedStr, ast.BinOp, ast.IfExp)) and _is_text(node):
        yield node.lineno, [text for text in texts_of(node, known) if has_words(text)]
    elif (
        isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in NO_SENTENCE
    ):
        return
    elif (
        isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id in within
    ):
        return  # it is read where it is put in
    elif isinstance(node, (ast.Raise, ast.Import, ast.ImportFrom, ast.Compare, ast.Subscript)):
        return
    elif isinstance(node, ast.AST):
        for below in ast.iter_child_nodes(node):
            yield from _walk(below, known, within)


def _is_text(node):
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Add) and (_is_text(node.left) or _is_text(node.right))
    if isinstance(node, ast.IfExp):
        return _is_text(node.body) and _is_text(node.orelse)
    return isinstance(node, ast.JoinedStr)
