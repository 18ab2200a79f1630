#!/bin/sh
# check-image.sh ELF - refuses an image that could not run: system calls in its text, symbols left
# undefined, a segment that is both writable and executable, no PVH note.
set -eu

fail() {
    echo "check-image: $1: $2" >&2
    rm -f "$1"
    exit 1
}

elf=$1
if objdump -d --no-show-raw-insn "$elf" | grep -E '[[:space:]](syscall|sysenter)([[:space:]]|$)'; then
    fail "$elf" "there are system calls in it"
fi
if nm --undefined-only "$elf" | grep -v ' w '; then
    fail "$elf" "undefined symbols"
fi
if readelf -lW "$elf" | grep -E 'LOAD.* RWE '; then
    fail "$elf" "a segment is writable and executable"
fi
readelf -nW "$elf" | grep -q Xen || fail "$elf" "no PVH note"
