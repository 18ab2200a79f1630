#!/usr/bin/env python3
"""The rules of the tree, as tests: each check prints what breaks it and fails if anything does.

usage: check_style.py CHECK [ROOT]      CHECK: one of the names that --list prints

There is no list of exceptions.  Needs universal-ctags.
"""
import collections
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ['base', 'include', 'store', 'backends', 'merge', 'sync', 'server', 'cli', 'net',
           'blockdev', 'kernel']
FILE_LINES_MAX, TEST_LINES_MAX, FUNCTION_LINES_MAX, COLUMNS_MAX = 600, 800, 70, 100
ASSERTS_PER_1000 = 15
ASSERT_FOLDERS = ['store', 'merge', 'backends', 'net']

# What standard C offers without an operating system; everything else is a system header.
PURE_HEADERS = set('''assert ctype errno inttypes limits stdalign stdarg stdbool stddef stdint stdio
stdatomic stdlib string stdnoreturn'''.split())
LIBRARY_HEADERS = {'zlib.h': ('backends', 'sync', 'server', 'cli', 'base'), 'blake2.h': ('base',),
                   'bearssl.h': ('sync',), 'jsmn.h': ('base',), 'libdeflate.h': ('backends',),
                   'git2.h': ('cli',)}


def sources(*suffixes, folders=FOLDERS):
    for folder in folders:
        for path in sorted((ROOT / folder).rglob('*')):
            if path.suffix in suffixes:
                yield path


def short(path):
    return str(path.relative_to(ROOT))


def folder_of(path):
    return path.relative_to(ROOT).parts[0]


def code_of(path):
    """The text with comments and literals blanked, line by line as it was."""
    def blank(match):
        return re.sub(r'[^\n]', ' ', match.group(0))
    text = path.read_text(errors='replace')
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text,
                  flags=re.S)


def functions(paths):
    """(file, name, first line, last line, static) of each function definition."""
    out = subprocess.run(
        ['ctags', '-L', '-', '--languages=C', '--kinds-C=f', '--fields=+fne', '-f', '-'],
        input='\n'.join(map(str, paths)), capture_output=True, text=True, check=True).stdout
    for line in out.splitlines():
        fields = line.split('\t')
        if len(fields) < 4:
            continue
        extra = dict(f.split(':', 1) for f in fields[4:] if ':' in f)
        first = int(extra.get('line', 0))
        yield (pathlib.Path(fields[1]), fields[0], first, int(extra.get('end', first)),
               'file' in extra)


def check_sizes():
    """Files, functions and lines stay small."""
    for path in list(sources('.c', '.h', '.S')) + sorted((ROOT / 'tests').rglob('*.[ch]')):
        lines = path.read_text(errors='replace').splitlines()
        limit = TEST_LINES_MAX if folder_of(path) == 'tests' else FILE_LINES_MAX
        if len(lines) > limit:
            yield f'{short(path)}: {len(lines)} lines, {limit} are allowed'
        for number, line in enumerate(lines, 1):
            if len(line) > COLUMNS_MAX:
                yield f'{short(path)}:{number}: {len(line)} columns'
    for path, name, first, last, _ in functions(sources('.c', '.h')):
        if last - first + 1 > FUNCTION_LINES_MAX:
            yield f'{short(path)}:{first}: {name} has {last - first + 1} lines'


def may_include(path, target):
    """Whether a file may include another of the tree (both as paths)."""
    own, its = folder_of(path), folder_of(target)
    if its in (own, 'base', 'include'):
        return True
    if its == 'kernel' and target.parts[-2] == 'bus':
        return own in ('blockdev', 'net')                     # drivers see their bus
    if own == 'cli':
        return its == 'kernel' and target.parts[-2] == 'unix'  # the environment of a process
    return False


def check_layers():
    """A folder includes itself, base/ and include/; drivers also kernel/bus/; no system headers."""
    headers = collections.defaultdict(list)
    for path in sources('.h'):
        headers[path.name].append(path)
        headers[short(path).removeprefix('include/')].append(path)
    for path in sources('.c', '.h'):
        host = (path.stem.endswith('_host') or folder_of(path) == 'cli' or
                'kernel/unix' in short(path) or path.stem.startswith('rados'))
        for number, line in enumerate(path.read_text(errors='replace').splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if not match:
                continue
            name = match.group(2)
            where = f'{short(path)}:{number}: includes {name}'
            if match.group(1) == '"':
                found = headers.get(name, [])
                near = [h for h in found if h.parent == path.parent] or found
                if not near:
                    if folder_of(path) != 'net' or not name.startswith(('lwip/', 'netif/', 'arch/')):
                        yield f'{where}, which is not in the tree'
                elif not any(may_include(path, h) for h in near):
                    yield f'{where} of {folder_of(near[0])}/: upward or sideways'
            elif name.removesuffix('.h') not in PURE_HEADERS and not host:
                allowed = LIBRARY_HEADERS.get(name, ())
                lwip = folder_of(path) == 'net' and name.startswith(('lwip/', 'netif/', 'arch/'))
                if folder_of(path) not in allowed and not lwip:
                    yield f'{where}: a system header in a portable file'


def call_graph():
    paths = list(sources('.c'))
    defined, static = {}, collections.defaultdict(set)
    for path, name, _, _, is_static in functions(paths):
        if is_static:
            static[path].add(name)
        else:
            defined[name] = path
    graph = collections.defaultdict(dict)
    for path in paths:
        for name in set(re.findall(r'\b[A-Za-z_]\w*\b', code_of(path))):
            target = defined.get(name)
            if target and target != path and name not in static[path]:
                graph[path].setdefault(target, name)
    return paths, graph


def check_cycles():
    """Files never call each other in a circle."""
    paths, graph = call_graph()
    state, stack, cycles = {}, [], []

    def visit(path):
        state[path] = 'open'
        stack.append(path)
        for target in graph[path]:
            if state.get(target) == 'open':
                cycles.append(stack[stack.index(target):] + [target])
            elif target not in state:
                visit(target)
        stack.pop()
        state[path] = 'done'
    sys.setrecursionlimit(10000)
    for path in paths:
        if path not in state:
            visit(path)
    for cycle in cycles:
        steps = [f'{short(a)} ({graph[a][b]})' for a, b in zip(cycle, cycle[1:])]
        yield ' -> '.join(steps + [short(cycle[-1])])


def check_prefixes():
    """What a file exports starts with the file's name."""
    for path, name, first, _, is_static in functions(sources('.c')):
        stem = path.stem.removesuffix('_host').removeprefix('bough_')
        if not is_static and name not in ('main', 'bough_main') and \
                not name.removeprefix('bough_').startswith(stem):
            yield f'{short(path)}:{first}: exports {name}'


PROTOTYPE = re.compile(r'^(?!static|typedef|return|#)[A-Za-z_][\w\s\*\(\)]*?\b(\w+)\s*\(')


def check_docs():
    """Every file says what it is, every prototype what it promises."""
    for path in sources('.c', '.h', '.S'):
        head = '\n'.join(path.read_text(errors='replace').splitlines()[:12])
        if 'SPDX-License-Identifier: ISC' not in head:
            yield f'{short(path)}: no SPDX line'
        if not re.search(re.escape(path.name) + r' - ', head):
            yield f'{short(path)}: no header comment "{path.name} - ..."'
    for path in sources('.h'):
        lines = path.read_text(errors='replace').splitlines()
        depth, previous_ends_comment, in_statement = 0, False, False
        for number, line in enumerate(lines, 1):
            code = re.sub(r'/\*.*?\*/', '', line)
            if depth == 0 and not in_statement and not line.startswith((' ', '/', '}')):
                match = PROTOTYPE.match(code)
                statement = ' '.join(lines[number - 1:number + 8]).split(';')[0]
                if match and '{' not in statement and '(' in statement and \
                        '=' not in statement and not previous_ends_comment and \
                        not line.startswith('BOUGH_PRINTF('):
                    yield f'{short(path)}:{number}: {match.group(1)} has no comment above it'
            depth += code.count('{') - code.count('}')
            stripped = line.strip()
            in_statement = bool(stripped) and depth == 0 and not stripped.endswith((';', '*/', '}')) \
                and not stripped.startswith(('#', '/*', '*')) and '/*' not in stripped
            previous_ends_comment = stripped.endswith('*/') or stripped.startswith('BOUGH_PRINTF(')


BANNED = re.compile(r'\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|alloca|setjmp|longjmp)\s*\(')
HEAP = re.compile(r'\b(malloc|calloc|realloc|free)\s*\(')


def check_banned():
    """No call that cannot be bounded, no heap but env's, no side effect in an assert."""
    for path in sources('.c', '.h'):
        portable = folder_of(path) not in ('cli', 'kernel', 'net')
        for number, line in enumerate(code_of(path).splitlines(), 1):
            where = f'{short(path)}:{number}'
            for match in BANNED.finditer(line):
                yield f'{where}: {match.group(1)}'
            if portable and (match := HEAP.search(line)):
                yield f'{where}: {match.group(1)} in a portable file'
            if (match := re.search(r'\bassert\s*\((.*)', line)) and \
                    re.search(r'\+\+|--|[^=!<>]=[^=]', match.group(1)):
                yield f'{where}: a side effect in an assert'
            if re.match(r'\s*typedef\s+struct', line):
                yield f'{where}: a struct behind a typedef'


def check_errors():
    """A function either passes errors up (BOUGH_TRY) or cleans up (goto out), never both."""
    for path in sources('.c'):
        lines = code_of(path).splitlines()
        for source, name, first, last, _ in functions([path]):
            body = '\n'.join(lines[first - 1:last])
            if 'BOUGH_TRY(' in body and re.search(r'\bgoto\s+\w', body):
                yield f'{short(source)}:{first}: {name} uses both BOUGH_TRY and goto'


def check_asserts():
    """Storage, merge and network code states what it believes."""
    for folder in ASSERT_FOLDERS:
        lines = asserts = 0
        for path in sources('.c', folders=[folder]):
            code = code_of(path)
            lines += len(path.read_text(errors='replace').splitlines())
            asserts += len(re.findall(r'\b(?:_Static_)?assert\s*\(', code, re.I))
        if lines and 1000 * asserts < ASSERTS_PER_1000 * lines:
            yield f'{folder}/: {asserts} asserts in {lines} lines'


def check_limits():
    """docs/limits.md names every limit, and no other."""
    defined = set(re.findall(r'^#define (BOUGH_\w+) ', (ROOT / 'include/bough/limits.h').read_text(),
                             re.M))
    named = set(re.findall(r'`(BOUGH_\w+)`', (ROOT / 'docs/limits.md').read_text()))
    for name in sorted(defined - named):
        yield f'docs/limits.md: does not explain {name}'
    for name in sorted(named - defined):
        yield f'docs/limits.md: {name} is no limit'


def check_format():
    """clang-format would change nothing."""
    paths = [str(p) for p in list(sources('.c', '.h')) + sorted((ROOT / 'tests').rglob('*.[ch]')) +
             sorted((ROOT / 'bench').rglob('*.[ch]')) + sorted((ROOT / 'examples').rglob('*.[ch]'))]
    run = subprocess.run(['clang-format', '--dry-run', '-Werror', *paths], capture_output=True,
                         text=True)
    for line in run.stderr.splitlines():
        if 'error:' in line:
            yield line.replace(str(ROOT) + '/', '')


CHECKS = {name.removeprefix('check_'): function for name, function in sorted(globals().items())
          if name.startswith('check_')}


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in CHECKS:  # --list, too
        print('\n'.join(CHECKS))
        return 0 if '--list' in sys.argv else 2
    faults = list(CHECKS[sys.argv[1]]())
    for fault in faults:
        print(fault)
    print(f'{sys.argv[1]}: {len(faults)} faults')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
