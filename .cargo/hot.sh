#!/bin/sh
# Writes hot.ld anew, beside this file. To be run when much of `status` and
# `start` has changed; needs root, valgrind, nm and a release build:
#
#   cargo build --release && .cargo/hot.sh target/*/release/gamectl
set -eu
binary=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
export GAMECTL_STATE_DIR="$work/state" GAMECTL_INVENTORY="$work/one.yaml"
finish() {
    "$binary" stop --all --now -q || true
    # The shim, as it ends under valgrind, writes there for a while.
    while ! rm -rf "$work"; do sleep 1; done
}
trap finish EXIT

# Enough instances for two processors. What is started under valgrind runs as
# another user: then the shim's child has memory of its own, and valgrind does
# not know a child that borrows it.
entry() {
    printf '  %s:\n    process:\n      executable: /bin/sleep\n      args: ["1000"]\n      cwd: /\n' "$1"
}
{ echo "instances:" && entry game-1 && echo "      user: nobody"; } > "$work/one.yaml"
{ echo "instances:" && for n in $(seq 600); do entry "game-$n"; done; } > "$work/many.yaml"
# Once more, so that it has ended before.
"$binary" start --all -q
"$binary" restart --all --now -q

functions() {
    name=$1
    shift
    valgrind -q --tool=callgrind --demangle=no --compress-strings=no --separate-threads=yes \
        --callgrind-out-file="$work/$name" "$binary" "$@" > /dev/null || true
    cat "$work/$name"* | sed -n "s/^fn=//p" | sed "s/'[0-9]*$//" | sort -u
}
functions one status > "$work/hot"
GAMECTL_INVENTORY="$work/many.yaml" functions many status >> "$work/hot"
"$binary" stop --all --now -q
functions start start --no-wait game-1 >> "$work/hot"

# Of Rust's own, a function is a section; hashes differ from build to build. Of
# the C library an object file is the least that can be placed, and which of
# several it runs depends on the processor: valgrind's has no AVX-512.
nm -A "$(cc -print-file-name=libc.a)" 2> /dev/null | sed -n 's/^.*libc\.a:\([^:]*\):[0-9a-f]* [TtWi] /\1 /p' > "$work/objects"
{
    cat << 'HEAD'
/* What `gamectl status` and `gamectl start` run, side by side in the program:
   each page of it that is touched for the first time is a page fault, and a
   status of one instance consists of little else. What is not named here stands
   where the linker puts it, which costs some speed and nothing more. Written by
   hot.sh. */
SECTIONS
{
  .text.hot :
  {
    *crt1.o(.text)
    *libgcc_eh.a:unwind-dw2-fde-dip.o(.text .text.*)
    *libc.a:str*-evex.o(.text .text.*)
HEAD
    awk '
        NR == FNR { object[$2] = $1; next }
        { sub(/(\.llvm)?\.[0-9]*$/, "*") }
        /^_ZN/ { sub(/17h[0-9a-f]*E/, "17h*E"); put("*(.text*." $0 ")"); next }
        /^_R/ { gsub(/Cs[0-9A-Za-z]*_/, "Cs*_"); put("*(.text*." $0 ")"); next }
        $0 in object {
            name = object[$0]
            sub(/-(avx|evex|sse).*/, "-*.o", name)
            put("*libc.a:" name "(.text .text.*)")
        }
        function put(line) { if (!seen[line]++) print "    " line }
    ' "$work/objects" "$work/hot"
    printf '  }\n}\nINSERT BEFORE .text;\n'
} > "$work/hot.ld"
mv "$work/hot.ld" "$here/hot.ld"
